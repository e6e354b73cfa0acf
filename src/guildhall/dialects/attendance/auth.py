"""The dialect's credential: a short-lived HS256 token that a front end mints with the shared internal secret."""

import jwt

from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.errors import Unauthenticated
from guildhall.domains.identity import permissions_of
from guildhall.web.calls import Call
from guildhall.web.credentials import bearer

LEEWAY = 5
REQUIRED = ["user_id", "guild_id", "exp"]


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
            options={"require": REQUIRED, "verify_aud": False},
            leeway=LEEWAY,
        )
    except jwt.InvalidTokenError as fault:
        raise Unauthenticated("A valid internal token is needed") from fault
    life = float(str(claims["exp"])) - call.house.clock.now().timestamp()
    if settings.max_token_seconds and life > settings.max_token_seconds + LEEWAY:
        raise Unauthenticated("This token lives longer than is allowed here")
    return claims
