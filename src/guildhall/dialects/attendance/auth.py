"""The dialect's credential: a short-lived HS256 token that a front end mints with the shared internal secret."""

import math
import re
from collections.abc import Mapping

import jwt

from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.errors import InvalidField, Unauthenticated
from guildhall.dialects.attendance.errors import MalformedPath, OtherGuild
from guildhall.dialects.attendance.wire import check_parts
from guildhall.domains import attendance
from guildhall.domains.identity import Permission, permissions_of
from guildhall.web.calls import Call
from guildhall.web.credentials import bearer

LEEWAY = 5
PEOPLE_AND_GUILDS = ("user_id", "guild_id")
REQUIRED = [*PEOPLE_AND_GUILDS, "exp"]
SNOWFLAKE = re.compile(r"[0-9]{1,20}")


async def identify(call: Call) -> Actor:
    """Return the Discord user whom the token names, as a member; what they may in a guild, Discord decides.

    Raises Unauthenticated, then InvalidField for a path of the wrong form, MalformedPath on public routes, then
    OtherGuild.
    """
    parts = call.request.path_params
    if call.route.accepts is Credential.NONE:
        _check_public(parts)
        return Actor(ActorKind.ANONYMOUS, permissions=frozenset(permissions_of(Credential.NONE)), ip=call.ip)
    claims = claims_of(call, bearer(call))
    check_parts(parts)
    if "guild_id" in parts and int(parts["guild_id"]) != int(str(claims["guild_id"])):
        raise OtherGuild
    allowed = frozenset(permissions_of(Credential.TOKEN))
    return Actor(ActorKind.USER, Credential.TOKEN, user_id=str(claims["user_id"]), permissions=allowed, ip=call.ip)


async def admit(call: Call) -> None:
    """Let in who may manage the guild of the path; it is known afterwards, and its period is the present one.

    Raises BotNotInGuild, NotMember, NotManager, DiscordUnavailable.
    """
    if call.route.permission is not Permission.MANAGE_GUILDS:
        return
    house, guild_id = call.house, int(call.request.path_params["guild_id"])
    await attendance.check_manager(house.directory, guild_id=guild_id, user_id=int(call.actor.user_id or 0))
    await attendance.enter_guild(
        house.database,
        guild_id=guild_id,
        tier=attendance.Tier(house.settings.attendance.default_tier),
        now=house.clock.now(),
        scene=house.scene,
    )


def _check_public(parts: Mapping[str, str]) -> None:
    try:
        check_parts(parts)
    except InvalidField as fault:
        raise MalformedPath(fault.message, **fault.details) from fault


def claims_of(call: Call, token: str | None) -> dict[str, object]:
    """Return the claims of a valid token. Raises Unauthenticated for every other one."""
    settings = call.house.settings.attendance
    if token is None:
        raise Unauthenticated("A valid internal token is needed")
    try:
        claims: dict[str, object] = jwt.decode(
            token,
            call.house.internal_secret,
            algorithms=["HS256"],
            # The audience is not ours to judge, and time is judged below by the house's own clock.
            options={
                "require": REQUIRED,
                "verify_aud": False,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidTokenError as fault:
        raise Unauthenticated("A valid internal token is needed") from fault
    now = call.house.clock.now().timestamp()
    if not _is_valid_at(claims, now) or not all(_is_snowflake(claims[name]) for name in PEOPLE_AND_GUILDS):
        raise Unauthenticated("A valid internal token is needed")
    if settings.max_token_seconds and _instant(claims["exp"]) - now > settings.max_token_seconds + LEEWAY:
        raise Unauthenticated("This token lives longer than is allowed here")
    return claims


def _is_valid_at(claims: Mapping[str, object], now: float) -> bool:
    has_begun = all(_instant(claims.get(name, now)) <= now + LEEWAY for name in ("iat", "nbf"))
    return has_begun and _instant(claims["exp"]) > now - LEEWAY


def _instant(claim: object) -> float:
    """Return seconds since 1970; what is no finite number is neither before nor after any time."""
    if isinstance(claim, int) and not isinstance(claim, bool):
        return claim
    return claim if isinstance(claim, float) and math.isfinite(claim) else math.nan


def _is_snowflake(claim: object) -> bool:
    return isinstance(claim, str | int) and not isinstance(claim, bool) and bool(SNOWFLAKE.fullmatch(str(claim)))
