"""The person's own page: name, password, sessions, API keys, calendar address."""

from collections.abc import Sequence

from guildhall.core.actor import Actor, Credential
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError, InvalidField
from guildhall.domains import identity, shifts
from guildhall.domains.identity import Permission, permissions_of
from guildhall.domains.identity.errors import WrongPassword
from guildhall.panel.face import viewer_of
from guildhall.panel.forms import change, show
from guildhall.panel.pages import PER_PAGE, page, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, QueryString, read_form
from guildhall.web.calls import Call
from guildhall.web.faces import retry_headers
from guildhall.web.house import House

ACCOUNT = "/panel/account"
LATEST = 5
"""Rewards on the account's own page."""
OF_KEY = "may_"
"""What the names of a new key's checkboxes begin with; the rest is the permission."""

PERMISSION_WORDS: dict[Permission, str] = {
    Permission.READ_HUB: "see rooms and bookings",
    Permission.BOOK_ROOMS: "book rooms for you",
    Permission.SIGN_UP: "sign you up for shifts",
    Permission.OWN_PROFILE: "read and change your profile",
    Permission.MANAGE_ROOMS: "manage rooms and closed days",
    Permission.MANAGE_PEOPLE: "manage people",
    Permission.SEE_AUDIT: "read the audit log",
    Permission.MANAGE_JOBS: "retry jobs",
}
"""What a key can be allowed, in words."""


class NameForm(Form, frozen=True, kw_only=True):
    """How the person is called, and their address."""

    name: str = ""
    email: str = ""
    invitations: str = ""


class PasswordForm(Form, frozen=True, kw_only=True):
    """The old password and the new one, twice."""

    old: str = ""
    password: str = ""
    again: str = ""


class Rewards(QueryString, frozen=True, kw_only=True):
    """The last reward of the page before."""

    before: int | None = None


@show(ACCOUNT, permission=Permission.USE_PANEL)
async def show_account(call: Call, tx: Tx, house: House) -> Answer:
    """Show the account."""
    return await account_page(call, tx, house)


@change("/panel/account/name", permission=Permission.OWN_PROFILE)
async def change_name(form: NameForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Change how the person is called, and their mail address."""
    user = await identity.access_self(tx, actor, to_change=True)
    try:
        async with tx.savepoint():
            await identity.update_profile(
                tx,
                actor,
                user,
                email=form.email.strip() or None,
                wallet=user.wallet,
                display_name=form.name,
                now=house.clock.now(),
            )
            await identity.want_invitations(tx, actor, user, wanted=bool(form.invitations), now=house.clock.now())
    except GuildhallError as error:
        return await account_page(call, tx, house, error=error, form="name", entered=form)
    return redirect(told(ACCOUNT, "name-changed"))


@change("/panel/account/password", permission=Permission.USE_PANEL, transaction="none")
async def change_password(form: PasswordForm, call: Call, actor: Actor, house: House) -> Answer:
    """Change the password and end the person's other sessions."""
    try:
        if form.password != form.again:
            raise InvalidField("The two new passwords differ", field="again")
        await identity.change_password(
            house.database,
            house.passwords,
            actor,
            session_id=viewer_of(call).session.id,
            old=form.old,
            new=form.password,
            now=house.clock.now(),
        )
    except GuildhallError as error:
        async with house.database.read() as tx:
            return await account_page(call, tx, house, error=error, form="password")
    return redirect(told(ACCOUNT, "password-changed"))


@change("/panel/account/sessions/{session_id}/end", permission=Permission.USE_PANEL)
async def end_session(session_id: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """End one of the person's sessions."""
    await identity.end_session(tx, actor, session_id, now=house.clock.now())
    return redirect(told(ACCOUNT, "session-ended"))


@change("/panel/account/sessions/end-others", permission=Permission.USE_PANEL)
async def end_other_sessions(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """End every session of the person but this one."""
    await identity.end_other_sessions(tx, actor, viewer_of(call).session.id, now=house.clock.now())
    return redirect(told(ACCOUNT, "others-ended"))


@change("/panel/account/keys", permission=Permission.OWN_PROFILE)
async def create_key(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Make an API key and show it this once."""
    fields = read_form(call.body, dict[str, str])
    permissions = [name.removeprefix(OF_KEY) for name in fields if name.startswith(OF_KEY)]
    try:
        async with tx.savepoint():
            _, value = await identity.create_key(
                tx,
                actor,
                viewer_of(call).user,
                name=fields.get("key_name", ""),
                permissions=permissions,
                now=house.clock.now(),
            )
    except GuildhallError as error:
        return await account_page(call, tx, house, error=error, form="key")
    return await account_page(call, tx, house, new_key=value)


@change("/panel/account/keys/{key_id}/revoke", permission=Permission.OWN_PROFILE)
async def revoke_key(key_id: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """End one of the person's keys."""
    await identity.revoke_key(tx, actor, key_id, now=house.clock.now())
    return redirect(told(ACCOUNT, "key-revoked"))


@change("/panel/account/feed", permission=Permission.OWN_PROFILE)
async def make_feed(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Make a new secret address for the person's calendar; the old one is unknown from now on."""
    await identity.rotate_feed(tx, actor, viewer_of(call).user, box=house.feeds_box, now=house.clock.now())
    return redirect(told(ACCOUNT, "feed-made"))


@show("/panel/account/rewards", permission=Permission.OWN_PROFILE)
async def show_rewards(query: Rewards, call: Call, tx: Tx) -> Answer:
    """Show the person's rewards, newest first."""
    found = await shifts.rewards_of(tx, viewer_of(call).user.id, before=query.before, limit=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    before = shown[-1].seq if len(found) > PER_PAGE else None
    return page(call, "own_rewards.html", title="Your rewards", rewards=shown, before=before)


async def account_page(
    call: Call,
    tx: Tx,
    house: House,
    *,
    error: GuildhallError | None = None,
    form: str = "",
    entered: NameForm | None = None,
    new_key: str = "",
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> Answer:
    """Return the account's page; `error` is what was wrong with the form that is named by `form`."""
    viewer = viewer_of(call)
    refusal = _refusal(error) if error else None
    token = await identity.feed_token_of(tx, viewer.user, box=house.feeds_box)
    ceiling = permissions_of(Credential.API_KEY, viewer.actor.roles)
    return page(
        call,
        "account.html",
        status=refusal.status if refusal else 200,
        headers=[*headers, *(retry_headers(error) if error else ())],
        title="Account",
        refused={form: refusal} if refusal else {},
        name=entered.name if entered else viewer.user.display_name,
        email=entered.email if entered else viewer.user.email or "",
        invitations=bool(entered.invitations) if entered else viewer.user.wants_invitations,
        sessions=await identity.sessions_of(tx, viewer.user.id, now=house.clock.now()),
        keys=await identity.keys_of(tx, viewer.user.id),
        tokens=await identity.tokens_of(tx, viewer.user.id, now=house.clock.now()),
        balances=await shifts.balances_of_person(tx, viewer.user, hub=house.hub),
        rewards=await shifts.rewards_of(tx, viewer.user.id, before=None, limit=LATEST),
        new_key=new_key,
        offered=[(each, words) for each, words in PERMISSION_WORDS.items() if each in ceiling],
        with_discord=house.discord_door is not None,
        discord=await identity.discord_link_of(tx, viewer.user.id),
        feed=f"{house.settings.public_url}/v1/feeds/{token}/shifts.ics" if token else "",
    )


def _refusal(error: GuildhallError) -> Refusal:
    refusal = Refusal.of(error)
    names = {"name": "key_name", "displayName": "name"}
    field = "old" if isinstance(error, WrongPassword) else names.get(refusal.field, refusal.field)
    message = "This is not your present password." if isinstance(error, WrongPassword) else refusal.message
    return Refusal(message, field, refusal.status)
