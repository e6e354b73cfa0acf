"""A guild's signing key: what it does for whom, making it, opening and closing it, and replacing it."""

from collections.abc import Awaitable, Callable
from typing import Final

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError, InvalidField
from guildhall.domains import attendance
from guildhall.domains.attendance.key_errors import (
    InvalidPassphrase,
    KeyNotFound,
    UnlockClosed,
    WrongPassphrase,
)
from guildhall.panel.forms import change, show
from guildhall.panel.guild_door import MANAGE, Place, place_of
from guildhall.panel.guilds import GUILD, guild_page
from guildhall.panel.pages import told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form
from guildhall.web.calls import Call
from guildhall.web.house import House

SIGNING: Final = GUILD + "/signing"
MINUTE: Final = 60


class NewPassphrase(Form, frozen=True, kw_only=True):
    """A passphrase for a new key, twice, because nobody can look it up later."""

    passphrase: str = ""
    again: str = ""

    def checked(self) -> str:
        """Return it. Raises InvalidField when it was not the same twice."""
        if self.passphrase != self.again:
            raise InvalidField("These two are not the same", field="again")
        return self.passphrase


class Passphrase(Form, frozen=True, kw_only=True):
    """The passphrase of the key that there is."""

    passphrase: str = ""


@show(SIGNING, permission=MANAGE)
async def show_signing(call: Call, tx: Tx, house: House) -> Answer:
    """Show how signing stands."""
    return await _page(call, tx, house)


@change(SIGNING + "/generate", permission=MANAGE, transaction="none")
async def generate(form: NewPassphrase, call: Call) -> Answer:
    """Make the guild's first key."""
    return await _with_new_key(call, attendance.generate_key, form, "generate", "key-made")


@change(SIGNING + "/unlock", permission=MANAGE, transaction="none")
async def unlock(form: Passphrase, call: Call, actor: Actor, house: House) -> Answer:
    """Open the key in memory."""
    place = place_of(call)
    try:
        await attendance.unlock_key(
            house.database,
            house.keyring,
            actor,
            guild_id=place.guild_id,
            passphrase=form.passphrase,
            now=house.clock.now(),
        )
    except (InvalidPassphrase, WrongPassphrase, UnlockClosed) as error:
        return await _refused(call, house, "unlock", error)
    return redirect(told(_path(place), "key-unlocked"))


@change(SIGNING + "/lock", permission=MANAGE)
async def lock(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Forget the key in memory."""
    place = place_of(call)
    await attendance.lock_key(tx, house.keyring, actor, guild_id=place.guild_id, now=house.clock.now())
    return redirect(told(_path(place), "key-locked"))


@change(SIGNING + "/rotate", permission=MANAGE, transaction="none")
async def rotate(form: NewPassphrase, call: Call) -> Answer:
    """Replace the key by a new one."""
    return await _with_new_key(call, attendance.rotate_key, form, "rotate", "key-replaced")


async def _with_new_key(
    call: Call, verb: Callable[..., Awaitable[object]], form: NewPassphrase, name: str, notice: str
) -> Answer:
    house, place = call.house, place_of(call)
    try:
        await verb(
            house.database,
            house.keyring,
            call.actor,
            guild_id=place.guild_id,
            passphrase=form.checked(),
            now=house.clock.now(),
        )
    except InvalidField as error:
        return await _refused(call, house, name, error)
    return redirect(told(_path(place), notice))


async def _refused(call: Call, house: House, which: str, error: GuildhallError) -> Answer:
    async with house.database.read() as tx:
        return await _page(call, tx, house, which=which, refusal=_in_words(error))


async def _page(call: Call, tx: Tx, house: House, *, which: str = "", refusal: Refusal | None = None) -> Answer:
    """Return the page; what is refused stands in the form of that name, and no passphrase is ever sent back."""
    place = place_of(call)
    guild = await attendance.access_guild(tx, place.guild_id)
    status = await attendance.signing_status(tx, house.keyring, guild_id=place.guild_id)
    try:
        keys = await attendance.public_keys(tx, guild_id=place.guild_id)
    except KeyNotFound:
        keys = []
    return guild_page(
        call,
        "guild_signing.html",
        guild,
        title="Signing",
        refusal=refusal,
        which=which,
        signing=status,
        retired=[key for key in keys if not key.active],
    )


def _in_words(error: GuildhallError) -> Refusal:
    """Put a refusal beside the field it is about, and say when one that waits is over."""
    if isinstance(error, UnlockClosed):
        seconds = int(str(error.details["retry_after"]))
        minutes = -(-seconds // MINUTE)
        when = "in a minute" if minutes == 1 else f"in {minutes} minutes"
        told_again = UnlockClosed(
            f"Too many wrong passphrases: this guild takes none now, right or wrong. Try again {when}",
            retry_after=seconds,
        )
        return Refusal.of(told_again)
    if isinstance(error, WrongPassphrase):
        wrong = WrongPassphrase("This passphrase does not open the key", field="passphrase")
        return Refusal.of(wrong)
    return Refusal.of(error)


def _path(place: Place) -> str:
    return f"{place.path}/signing"
