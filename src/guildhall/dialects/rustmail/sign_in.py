"""Signing in with Discord for browsers that come by the API's addresses, and signing out."""

import re
from typing import Final
from urllib.parse import quote

from guildhall.core.actor import Actor, Credential
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError, Invalid
from guildhall.dialects.rustmail.auth import caller_of
from guildhall.domains import identity
from guildhall.domains.identity import Permission
from guildhall.domains.identity.discord_errors import NoDiscordDoor, StateExpired, StateForeign, StateSpent
from guildhall.settings import SIGN_IN_BACK, SIGN_IN_BACK_OF_API
from guildhall.web import discord_errands as errands
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.credentials import is_cross_site
from guildhall.web.discord_errands import Errand, Returned
from guildhall.web.house import House
from guildhall.web.routing import route
from guildhall.web.sessions import session_cookie_header

LOGIN: Final = "/api/auth/login"
HOME: Final = "/panel"
REFUSED: Final = "/panel/login"
LOCAL: Final = re.compile(r"/(?![/\\])[!-~]{0,511}")
FOUND: Final = 302
OPEN: Final = Credential.SESSION | Credential.NONE


class LoginQuery(QueryString, frozen=True, kw_only=True):
    """Where to go after signing in; `moved` says that the address was changed to that of PUBLIC_URL already."""

    redirect: str = HOME
    moved: str = ""

    @property
    def wanted(self) -> str:
        """The place to go to, the panel's home for anything that is no place of this server."""
        return self.redirect if LOCAL.fullmatch(self.redirect) else HOME


class MissingCode(Invalid):
    """Discord's answer has neither a code nor an error."""

    code = "missing_code"
    text = "There is no code from Discord"


class InvalidOAuthState(Invalid):
    """The state is not that of a login which this browser began, or it was used, or is too old."""

    code = "invalid_oauth_state"
    text = "This browser did not begin that login, or it is over"


@route(
    "GET", LOGIN, permission=Permission.PUBLIC, accepts=OPEN, transaction="none", also=(FOUND,), refusals=(Invalid,)
)  # fmt: skip
async def start_login(query: LoginQuery, call: Call, house: House) -> Answer:
    """Send the browser to Discord's page."""
    if house.discord_door is None:
        return _found(_refused(NoDiscordDoor()))
    moved = errands.address_to_leave_from(call, f"{LOGIN}?redirect={quote(query.wanted, safe='/')}&", query.moved)
    if moved is not None:
        return _found(moved)
    page, kept = errands.set_out(call, house.discord_door, query.wanted)
    return redirect(page, status=FOUND, headers=[kept])


@route(
    "GET", SIGN_IN_BACK_OF_API, permission=Permission.PUBLIC, accepts=OPEN, transaction="none", also=(FOUND,),
    refusals=(MissingCode, InvalidOAuthState),
)  # fmt: skip
async def finish_login(query: Returned, call: Call) -> Answer:
    """Sign in whoever comes back from Discord, and go to where they wanted."""
    if not query.code and not query.error:
        raise MissingCode
    try:
        errand = errands.errand_of(call, query)
        if errand.session_id:
            # The panel sent this browser to link an account, and finishes that.
            return _found(f"{SIGN_IN_BACK}?{call.request.scope['query_string'].decode('latin-1')}")
        await errands.spend(call, errand)
    except (StateForeign, StateExpired, StateSpent) as fault:
        raise InvalidOAuthState from fault
    except GuildhallError as refusal:
        return _found(_refused(refusal), errands.forgotten(call))
    return await _signed_in(call, query, errand)


@route("GET", "/api/auth/logout", permission=Permission.PUBLIC, accepts=OPEN, transaction="write", also=(FOUND,))
async def end_session(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """End the session and go to the panel; another site's page can only send one there."""
    if actor.user_id is None or is_cross_site(call):
        return _found(HOME)
    await identity.end_session(tx, actor, caller_of(call).session.id, now=house.clock.now())
    return _found(HOME, session_cookie_header(call, ""))


async def _signed_in(call: Call, query: Returned, errand: Errand) -> Answer:
    forgotten = errands.forgotten(call)
    try:
        if call.house.discord_door is None:
            raise NoDiscordDoor
        errands.check_agreed(query)
        token = await errands.sign_in(call, call.house.discord_door, errand, query.code)
    except GuildhallError as refusal:
        return _found(_refused(refusal), forgotten)
    return _found(errand.wanted, session_cookie_header(call, token), forgotten)


def _found(location: str, *headers: tuple[bytes, bytes]) -> Answer:
    return redirect(location, status=FOUND, headers=headers)


def _refused(refusal: GuildhallError) -> str:
    return f"{REFUSED}?error={refusal.code}"
