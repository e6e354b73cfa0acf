"""Signing in with name and password, and everything about the token that one gets."""

from datetime import timedelta
from typing import Final
from urllib.parse import quote

from guildhall.core.actor import Actor, Credential
from guildhall.core.db import Tx
from guildhall.core.errors import Forbidden
from guildhall.dialects.hazebot.auth import caller_of
from guildhall.dialects.hazebot.face import VERIFY
from guildhall.dialects.hazebot.session_wire import (
    CurrentSession,
    LoggedOut,
    LoginRequest,
    LoginResult,
    MonitoringToken,
    Pong,
    RefreshResult,
    SecretRequest,
    TokenState,
    second,
)
from guildhall.domains import identity
from guildhall.domains.identity import Permission, community
from guildhall.domains.identity.community import MENU_HINT, Caller, CommunityRole
from guildhall.domains.identity.community.errors import MonitoringOff, WrongMonitoringSecret
from guildhall.domains.identity.discord_errors import AccountDisabled
from guildhall.domains.identity.errors import SessionEnded, TooManyAttempts, WrongPassword
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.pictures import picture_address
from guildhall.web.routing import route
from guildhall.web.sessions import cookie

SOCKET_COOKIE: Final = "gh_socket"
SOCKETS: Final = "/socket.io"
MINUTE: Final = timedelta(minutes=1)
MOST_SECRETS: Final = 5
"""Secrets of monitoring that an address may try in a minute."""

BY_TOKEN: Final = (SessionEnded,)


class StaffOnly(Forbidden):
    """A proxy guards pages for staff with this."""

    code = "staff_only"
    text = "This is for staff"


@route(
    "POST",
    "/api/auth/login",
    permission=Permission.PUBLIC,
    accepts=Credential.NONE,
    transaction="none",
    refusals=(WrongPassword, AccountDisabled, TooManyAttempts),
)
async def log_in(body: LoginRequest, call: Call, house: House) -> LoginResult:
    """Sign in with name and password."""
    entry = await community.log_in(
        house.community,
        house.passwords,
        name=body.username,
        password=body.password,
        ip=call.ip,
        user_agent=call.header("user-agent"),
    )
    call.headers.append(_socket_cookie(call, entry.caller))
    return LoginResult.of(entry)


@route(
    "POST", VERIFY, permission=Permission.PUBLIC, accepts=Credential.TOKEN, transaction="none", refusals=BY_TOKEN
)  # fmt: skip
async def verify_token(call: Call) -> TokenState:
    """Say whether the bearer token is valid now."""
    return _verified(call)


@route(
    "GET", VERIFY, permission=Permission.PUBLIC, accepts=Credential.TOKEN, transaction="none",
    refusals=(*BY_TOKEN, StaffOnly),
)  # fmt: skip
async def check_token(call: Call) -> TokenState:
    """Say the same to a proxy, which names the address that it guards: there only staff pass."""
    if call.header("x-original-uri") is not None and not caller_of(call).role.is_staff:
        raise StaffOnly
    return _verified(call)


@route(
    "GET", "/api/auth/me", permission=Permission.PUBLIC, accepts=Credential.TOKEN, transaction="none", refusals=BY_TOKEN
)
async def get_session(call: Call, house: House) -> CurrentSession:
    """Tell the signed-in person what their app needs."""
    caller = caller_of(call)
    call.headers.append(_socket_cookie(call, caller))
    user = caller.user
    return CurrentSession(
        user=caller.name,
        discord_id=caller.shown_discord_id,
        role=caller.role,
        role_name=caller.role.title(),
        permissions=_hinted(house, caller),
        auth_type=caller.auth_type,
        avatar_url=await _picture(house, caller.discord_id),
        user_id=caller.person_id,
        username=caller.name,
        global_name=user.display_name if user else None,
        roles=[caller.role],
        session_id=caller.session_id,
        expires_at=second(caller.expires_at),
    )


@route(
    "POST", "/api/auth/refresh", permission=Permission.OWN_PROFILE, accepts=Credential.TOKEN, transaction="none",
    refusals=BY_TOKEN,
)  # fmt: skip
async def refresh_token(call: Call, house: House) -> RefreshResult:
    """Swap a valid token for a fresh one of the same session."""
    entry = await community.refresh(house.community, caller_of(call))
    call.headers.append(_socket_cookie(call, entry.caller))
    return RefreshResult.renewed(entry, _hinted(house, entry.caller))


@route(
    "POST", "/api/auth/logout", permission=Permission.OWN_PROFILE, accepts=Credential.TOKEN, refusals=BY_TOKEN
)  # fmt: skip
async def log_out(call: Call, tx: Tx, actor: Actor, house: House) -> LoggedOut:
    """End the session; its tokens stop working everywhere."""
    await identity.end_session(tx, actor, caller_of(call).session_id, now=house.clock.now())
    call.headers.append(_cookie(call, "", 0))
    return LoggedOut()


@route(
    "POST",
    "/api/auth/monitoring-token",
    permission=Permission.PUBLIC,
    accepts=Credential.NONE,
    transaction="none",
    refusals=(WrongMonitoringSecret, MonitoringOff, TooManyAttempts),
)
async def create_monitoring_token(body: SecretRequest, call: Call, house: House) -> MonitoringToken:
    """Make a 90-day token for a monitoring service."""
    tries = await house.limiter.hit(f"monitoring:{call.ip}", limit=MOST_SECRETS, window=MINUTE)
    if not tries.allowed:
        raise TooManyAttempts(retry_after=tries.retry_after)
    token, ends_at = community.monitoring_token(house.community, body.secret)
    shown = community.shown_permissions(CommunityRole.MONITORING)
    return MonitoringToken(token=token, expires=second(ends_at), permissions=shown)


@route(
    "GET", "/api/ping", permission=Permission.PUBLIC, accepts=Credential.TOKEN, transaction="none", refusals=BY_TOKEN
)
async def ping(call: Call, house: House) -> Pong:
    """Check the token and keep the session alive."""
    caller = caller_of(call)
    call.headers.append(_socket_cookie(call, caller))
    return Pong(
        your_username=caller.name,
        your_role=caller.role,
        your_session_id=caller.session_id,
        your_permissions=caller.shown_permissions,
        timestamp=second(house.clock.now()),
    )


def _verified(call: Call) -> TokenState:
    caller = caller_of(call)
    # Names may hold what no header can; a proxy hands them on as they are.
    call.headers.append((b"x-auth-user", quote(caller.name, safe=" !#$&'()*+,/:;=?@[]~").encode()))
    call.headers.append((b"x-auth-role", caller.role.encode()))
    return TokenState(user=caller.name, role=caller.role, expires_at=second(caller.expires_at))


def _hinted(house: House, caller: Caller) -> list[str]:
    """Return the permissions as the app wants them, which shows its menu of staff only to whoever has `all`."""
    wants = house.settings.community.staff_menu_hint and caller.role is CommunityRole.MODERATOR
    return [*caller.shown_permissions, *([MENU_HINT] if wants else [])]


async def _picture(house: House, discord_id: int | None) -> str | None:
    picture = await house.staff.avatar_of(discord_id) if discord_id else None
    return picture_address(discord_id, picture) if discord_id and picture else None


def _socket_cookie(call: Call, caller: Caller) -> tuple[bytes, bytes]:
    """Return the header by which a browser can open sockets of this session."""
    left = caller.expires_at - call.house.clock.now()
    return _cookie(call, community.socket_pass(call.house.community, caller), max(1, int(left.total_seconds())))


def _cookie(call: Call, value: str, seconds: int) -> tuple[bytes, bytes]:
    return cookie(call, SOCKET_COOKIE, value, seconds=seconds, path=SOCKETS, same_site="Strict")
