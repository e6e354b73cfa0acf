"""The dialect's credential: a short-lived HS256 token that a front end mints with the shared internal secret."""

import math
import re
from collections.abc import Mapping

import jwt

from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.errors import Unauthenticated
from guildhall.domains.identity import permissions_of
from guildhall.web.calls import Call
from guildhall.web.credentials import bearer

LEEWAY = 5
PEOPLE_AND_GUILDS = ("user_id", "guild_id")
REQUIRED = [*PEOPLE_AND_GUILDS, "exp"]
SNOWFLAKE = re.compile(r"[0-9]{1,20}")


async def identify(call: Call) -> Actor:
    """Return the Discord user whom the token names, as a member; what they may in a guild, Discord decides."""
    if call.route.accepts is Credential.NONE:
        return Actor(ActorKind.ANONYMOUS, permissions=frozenset(permissions_of(Credential.NONE)), ip=call.ip)
    claims = claims_of(call, bearer(call))
    allowed = frozenset(permissions_of(Credential.TOKEN))
    return Actor(ActorKind.USER, Credential.TOKEN, user_id=str(claims["user_id"]), permissions=allowed, ip=call.ip)


def claims_of(call: Call, token: str | None) -> dict[str, object]:
    """Return the claims of a valid token. Raises Unauthenticated for every other one, and when no secret is set."""
    settings = call.house.settings.attendance
    if token is None or not settings.internal_secret:
        raise Unauthenticated("A valid internal token is needed")
    try:
        claims: dict[str, object] = jwt.decode(
            token,
            settings.internal_secret,
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
