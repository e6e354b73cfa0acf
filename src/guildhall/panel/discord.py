"""Signing in with Discord, and linking a Discord account, from the panel's pages."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlsplit

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains import identity
from guildhall.domains.identity import DiscordDoor, Permission
from guildhall.domains.identity.discord_errors import NoDiscordDoor, StateForeign
from guildhall.domains.identity.errors import CsrfFailed
from guildhall.panel.account import ACCOUNT, account_page
from guildhall.panel.entrance import door_page
from guildhall.panel.face import OPEN, known_viewer, viewer_of
from guildhall.panel.forms import change, show
from guildhall.panel.pages import local_path, told
from guildhall.settings import SIGN_IN_BACK, SIGN_IN_BACK_OF_API, SIGN_IN_BACK_OF_COMMUNITY
from guildhall.web import discord_errands as errands
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.credentials import is_cross_site
from guildhall.web.discord_errands import Errand, Returned
from guildhall.web.house import House
from guildhall.web.routing import Route, route
from guildhall.web.sessions import session_cookie_header

START: Final = "/panel/sign-in/discord"
LINK: Final = "/panel/account/discord"
LONGEST_WANTED: Final = 1000
"""Characters of an address to go on to; with more of them a browser would drop the cookie."""


class Wanted(QueryString, frozen=True, kw_only=True):
    """Where to go after signing in; `moved` says that the address was changed to that of PUBLIC_URL already."""

    next: str = "/panel"
    moved: str = ""


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
    forgotten = [errands.forgotten(call)]
    errand = None
    try:
        errand = await _errand_of(call, query)
        errands.check_agreed(query)
        if errand.session_id:
            actor, now = viewer_of(call).actor, house.clock.now()
            await identity.link_with_discord(
                house.database, door, actor, code=query.code, verifier=errand.verifier, now=now
            )
            return redirect(told(ACCOUNT, "discord-linked"), headers=forgotten)
        token = await errands.sign_in(call, door, errand, query.code)
    except GuildhallError as error:
        return await _refused(call, house, errand, error, forgotten)
    return redirect(errand.wanted, headers=[session_cookie_header(call, token), *forgotten])


def further_routes(redirect: str, public_url: str) -> tuple[Route, ...]:
    """Return the route of DISCORD_REDIRECT_URI, where that leads to another place of this server."""
    path, base = urlsplit(redirect).path, urlsplit(public_url).path
    there_already = {base + each for each in (SIGN_IN_BACK, SIGN_IN_BACK_OF_API, SIGN_IN_BACK_OF_COMMUNITY)}
    return () if path in there_already else (replace(come_back, path=path),)


def _door_of(house: House) -> DiscordDoor:
    if house.discord_door is None:
        raise NoDiscordDoor
    return house.discord_door


def _moved(call: Call, path: str, moved: str) -> Answer | None:
    address = errands.address_to_leave_from(call, path, moved)
    return None if address is None else redirect(address)


def _sent(call: Call, door: DiscordDoor, wanted: str, session_id: str = "") -> Answer:
    page, kept = errands.set_out(call, door, wanted, session_id)
    return redirect(page, headers=[kept])


async def _errand_of(call: Call, query: Returned) -> Errand:
    """Return what this browser was sent for, which is over with that.

    Raises StateForeign, StateExpired, StateSpent, TooManyAttempts.
    """
    errand, viewer = errands.errand_of(call, query), known_viewer(call)
    if errand.session_id and (viewer is None or viewer.session.id != errand.session_id):
        raise StateForeign
    await errands.spend(call, errand)
    return errand


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
