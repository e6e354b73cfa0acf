"""Signing in with Discord, and linking a Discord account: out to Discord's page, and back.

Between the two the browser keeps a sealed cookie: which state it was given, its half of the proof that the code is
its own, where the person wants to go, and the session that links. A return without it is somebody else's.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.crypto import SecretBox, SecretUnreadable, same
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError, NotFound
from guildhall.domains import identity
from guildhall.domains.identity import DiscordDoor, Permission
from guildhall.domains.identity.discord_errors import (
    CodeRefused,
    DiscordAway,
    DiscordDenied,
    StateExpired,
    StateForeign,
)
from guildhall.domains.identity.discord_sign_in import STATE_LIVES
from guildhall.domains.identity.errors import CsrfFailed
from guildhall.panel.account import ACCOUNT, account_page
from guildhall.panel.entrance import door_page
from guildhall.panel.face import OPEN, known_viewer, viewer_of
from guildhall.panel.forms import change, show
from guildhall.panel.pages import local_path, told
from guildhall.settings import SIGN_IN_BACK, Settings
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.credentials import is_cross_site
from guildhall.web.house import House
from guildhall.web.routing import Route, route
from guildhall.web.sessions import cookie, session_cookie_header

START: Final = "/panel/sign-in/discord"
LINK: Final = "/panel/account/discord"
COOKIE: Final = "discord_sign_in"
PURPOSE: Final = "signing in with Discord"
LONGEST_COOKIE: Final = 4000
LONGEST_WANTED: Final = 1000
"""Characters of an address to go on to; with more of them a browser would drop the cookie."""


class Wanted(QueryString, frozen=True, kw_only=True):
    """Where to go after signing in; `moved` says that the address was changed to that of PUBLIC_URL already."""

    next: str = "/panel"
    moved: str = ""


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


@route("GET", START, permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
async def start_sign_in(query: Wanted, call: Call, house: House) -> Answer:
    """Send somebody to Discord's page, which asks them whether they want to come in."""
    door = _door_of(house)
    wanted = local_path(query.next if len(query.next) <= LONGEST_WANTED else "")
    if known_viewer(call) is not None:
        return redirect(wanted)
    return _moved(call, f"{START}?next={quote(wanted, safe='/')}&", query.moved) or _sent(call, door, wanted)


@show(LINK + "/link", permission=Permission.OWN_PROFILE, transaction="none")
async def start_link(query: Wanted, call: Call, house: House) -> Answer:
    """Send somebody who is signed in to Discord's page, to link the account that they choose there."""
    door = _door_of(house)
    if is_cross_site(call):
        raise CsrfFailed
    session_id = viewer_of(call).session.id
    return _moved(call, f"{LINK}/link?", query.moved) or _sent(call, door, ACCOUNT, session_id)


@change(LINK + "/unlink", permission=Permission.OWN_PROFILE)
async def unlink(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Let the person's Discord account sign them in no longer."""
    try:
        async with tx.savepoint():
            await identity.unlink_discord(tx, actor, now=house.clock.now())
    except GuildhallError as error:
        return await account_page(call, tx, house, error=error, form="discord")
    return redirect(told(ACCOUNT, "discord-unlinked"))


@route("GET", SIGN_IN_BACK, permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
async def come_back(query: Returned, call: Call, house: House) -> Answer:
    """Take up a browser that comes back from Discord: sign its person in, or link the account."""
    door = _door_of(house)
    forgotten = [cookie(call, COOKIE, "", seconds=0)]
    errand = None
    try:
        errand = await _errand_of(call, query, house)
        _check_agreed(query)
        if errand.session_id:
            actor, now = viewer_of(call).actor, house.clock.now()
            await identity.link_with_discord(
                house.database, door, actor, code=query.code, verifier=errand.verifier, now=now
            )
            return redirect(told(ACCOUNT, "discord-linked"), headers=forgotten)
        token = await _sign_in(call, house, door, errand, query.code)
    except GuildhallError as error:
        return await _refused(call, house, errand, error, forgotten)
    return redirect(errand.wanted, headers=[session_cookie_header(call, token), *forgotten])


def further_routes(settings: Settings) -> tuple[Route, ...]:
    """Return the route of DISCORD_REDIRECT_URI, where that leads to another place of this server."""
    path = urlsplit(settings.discord_redirect).path
    return () if path == urlsplit(settings.public_url).path + SIGN_IN_BACK else (replace(come_back, path=path),)


def _door_of(house: House) -> DiscordDoor:
    if house.discord_door is None:
        raise NotFound("Signing in with Discord is not set up here")
    return house.discord_door


def _moved(call: Call, path: str, moved: str) -> Answer | None:
    """Return the way to the address of PUBLIC_URL for a browser that came by another: cookies would not return."""
    back = urlsplit(call.house.settings.discord_redirect)
    if moved or call.header("host") == back.netloc:
        return None
    return redirect(f"{back.scheme}://{back.netloc}{path}moved=1")


def _sent(call: Call, door: DiscordDoor, wanted: str, session_id: str = "") -> Answer:
    state, verifier = ids.url_token(), ids.url_token()
    ends_at = call.house.clock.now() + STATE_LIVES
    errand = Errand(state, verifier, wanted, session_id, ends_at)
    sealed = _box(call.house).encrypt(msgspec.json.encode(errand).decode(), place=COOKIE)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    kept = cookie(call, COOKIE, sealed, seconds=int(STATE_LIVES.total_seconds()))
    return redirect(door.page(state=state, challenge=challenge), headers=[kept])


async def _errand_of(call: Call, query: Returned, house: House) -> Errand:
    """Return what this browser was sent for, which is over with that.

    Raises StateForeign, StateExpired, StateSpent, TooManyAttempts.
    """
    errand, now = _unsealed(call, house), house.clock.now()
    viewer = known_viewer(call)
    if errand is None or not query.state or not same(errand.state, query.state):
        raise StateForeign
    if errand.session_id and (viewer is None or viewer.session.id != errand.session_id):
        raise StateForeign
    if errand.ends_at <= now:
        raise StateExpired
    async with house.database.write() as tx:
        await identity.spend_state(tx, errand.state, ip=call.ip, now=now)
    return errand


def _unsealed(call: Call, house: House) -> Errand | None:
    sealed = call.request.cookies.get(COOKIE, "")
    if not sealed or len(sealed) > LONGEST_COOKIE:
        return None
    try:
        return msgspec.json.decode(_box(house).decrypt(sealed, place=COOKIE), type=Errand)
    except (SecretUnreadable, msgspec.DecodeError):
        return None


def _box(house: House) -> SecretBox:
    return SecretBox(house.token_key, PURPOSE)


def _check_agreed(query: Returned) -> None:
    """Refuse a return without a code. Raises DiscordDenied, DiscordAway, CodeRefused."""
    if query.error == "access_denied":
        raise DiscordDenied
    if query.error:
        raise DiscordAway
    if not query.code:
        raise CodeRefused


async def _sign_in(call: Call, house: House, door: DiscordDoor, errand: Errand, code: str) -> str:
    _, token = await identity.sign_in_with_discord(
        house.database,
        door,
        code=code,
        verifier=errand.verifier,
        ip=call.ip,
        user_agent=call.header("user-agent"),
        now=house.clock.now(),
    )
    return token


async def _refused(
    call: Call,
    house: House,
    errand: Errand | None,
    error: GuildhallError,
    headers: Sequence[tuple[bytes, bytes]],
) -> Answer:
    """Return the page where the errand began, with what went wrong."""
    viewer = known_viewer(call)
    if viewer is not None:
        async with house.database.read() as tx:
            return await account_page(call, tx, house, error=error, form="discord", headers=headers)
    return door_page(call, wanted=errand.wanted if errand else "/panel", refused=error, headers=headers)
