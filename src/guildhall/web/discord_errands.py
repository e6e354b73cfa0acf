"""Out to Discord's page and back, for every face from which people sign in with Discord.

Between the two the browser keeps a sealed cookie: which state it was given, its half of the proof that the code is
its own, where the person wants to go, and the session that links. A return without it is somebody else's.
"""

from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

import msgspec

from guildhall.core import ids
from guildhall.core.crypto import SecretBox, SecretUnreadable, same
from guildhall.domains import identity
from guildhall.domains.identity import DiscordDoor
from guildhall.domains.identity.discord_errors import (
    CodeRefused,
    DiscordAway,
    DiscordDenied,
    StateExpired,
    StateForeign,
)
from guildhall.domains.identity.discord_sign_in import STATE_LIVES
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.sessions import cookie

COOKIE: Final = "discord_sign_in"
PURPOSE: Final = "signing in with Discord"
LONGEST_COOKIE: Final = 4000


class Returned(QueryString, frozen=True, kw_only=True):
    """What Discord sends a browser back with."""

    code: str = ""
    state: str = ""
    error: str = ""


class Errand(msgspec.Struct, frozen=True):
    """What a browser was sent to Discord for; `session_id` is of the session that links, empty for a sign-in."""

    state: str
    verifier: str
    wanted: str
    session_id: str
    ends_at: datetime


def address_to_leave_from(call: Call, path: str, moved: str) -> str | None:
    """Return the address of PUBLIC_URL for a browser that came by another, once: cookies would not return to that.

    `path` ends where a further parameter may follow, `moved` says that it was so sent already.
    """
    back = urlsplit(call.house.discord_redirect)
    if moved or call.header("host") == back.netloc:
        return None
    return f"{back.scheme}://{back.netloc}{path}moved=1"


def set_out(call: Call, door: DiscordDoor, wanted: str, session_id: str = "") -> tuple[str, tuple[bytes, bytes]]:
    """Return the address of Discord's page, and the header with the cookie that a browser takes along."""
    state, verifier = ids.url_token(), ids.url_token()
    ends_at = call.house.clock.now() + STATE_LIVES
    errand = Errand(state, verifier, wanted, session_id, ends_at)
    sealed = _box(call.house).encrypt(msgspec.json.encode(errand).decode(), place=COOKIE)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    kept = cookie(call, COOKIE, sealed, seconds=int(STATE_LIVES.total_seconds()))
    return door.page(state=state, challenge=challenge), kept


def forgotten(call: Call) -> tuple[bytes, bytes]:
    """Return the header that takes the cookie away again."""
    return cookie(call, COOKIE, "", seconds=0)


def errand_of(call: Call, query: Returned) -> Errand:
    """Return what this browser was sent for. Raises StateForeign, StateExpired."""
    errand = _unsealed(call)
    if errand is None or not query.state or not same(errand.state, query.state):
        raise StateForeign
    if errand.ends_at <= call.house.clock.now():
        raise StateExpired
    return errand


async def spend(call: Call, errand: Errand) -> None:
    """Let an errand be over with this return. Raises StateSpent, TooManyAttempts."""
    house = call.house
    async with house.database.write() as tx:
        await identity.spend_state(tx, errand.state, ip=call.ip, now=house.clock.now())


def check_agreed(query: Returned) -> None:
    """Refuse a return without a code. Raises DiscordDenied, DiscordAway, CodeRefused."""
    if query.error == "access_denied":
        raise DiscordDenied
    if query.error:
        raise DiscordAway
    if not query.code:
        raise CodeRefused


async def sign_in(call: Call, door: DiscordDoor, errand: Errand, code: str) -> str:
    """Open a session for whoever the code is of, and return its cookie's value; see `sign_in_with_discord`."""
    _, token = await identity.sign_in_with_discord(
        call.house.database,
        door,
        code=code,
        verifier=errand.verifier,
        ip=call.ip,
        user_agent=call.header("user-agent"),
        now=call.house.clock.now(),
    )
    return token


def _unsealed(call: Call) -> Errand | None:
    sealed = call.request.cookies.get(COOKIE, "")
    if not sealed or len(sealed) > LONGEST_COOKIE:
        return None
    try:
        return msgspec.json.decode(_box(call.house).decrypt(sealed, place=COOKIE), type=Errand)
    except (SecretUnreadable, msgspec.DecodeError):
        return None


def _box(house: House) -> SecretBox:
    return SecretBox(house.token_key, PURPOSE)
