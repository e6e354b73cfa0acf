"""Access tokens: short signed statements that point at a session, for the dialects whose clients carry JWTs.

A token only says whose session it belongs to. Roles, bans and the end of the session are read from the store with every
request, so nothing that a token says about its bearer's rights is ever believed.
"""

from datetime import datetime, timedelta

import jwt

from guildhall.core import ids
from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.db import Tx
from guildhall.core.errors import Unauthenticated
from guildhall.domains.identity.models import Session
from guildhall.domains.identity.permissions import permissions_of
from guildhall.domains.identity.queries import GRANTS, SESSION, USER, roles_of

ISSUER = "guildhall"
TYPE = "access"
REQUIRED = ["iss", "sub", "sid", "typ", "jti", "iat", "exp"]


class TokenInvalid(Unauthenticated):
    """The token is not one of ours: form, signature, algorithm, issuer or type."""

    code = "token_invalid"
    text = "This token is not valid"


class TokenExpired(Unauthenticated):
    """The token's time is over."""

    code = "token_expired"
    text = "This token has expired"


def mint_access_token(session: Session, *, key: str, life: timedelta, now: datetime) -> str:
    """Return a token for a session, valid for `life`."""
    claims = {
        "iss": ISSUER,
        "sub": session.user_id,
        "sid": session.id,
        "typ": TYPE,
        "jti": ids.ulid(),
        "iat": int(now.timestamp()),
        "exp": int((now + life).timestamp()),
    }
    return jwt.encode(claims, key, algorithm="HS256")


async def actor_with_token(tx: Tx, token: str, *, key: str, ip: str | None, now: datetime) -> Actor:
    """Return who acts with a token. Raises TokenInvalid, TokenExpired, and TokenInvalid when its session is over."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            issuer=ISSUER,
            # Time is judged below by the house's own clock.
            options={"require": REQUIRED, "verify_exp": False, "verify_iat": False},
        )
    except jwt.InvalidTokenError as fault:
        raise TokenInvalid from fault
    if claims["typ"] != TYPE or not isinstance(claims["exp"], int):
        raise TokenInvalid
    if claims["exp"] <= now.timestamp():
        raise TokenExpired
    session = await tx.one(SESSION, id=str(claims["sid"]))
    user = await tx.one(USER, id=session.user_id) if session else None
    if session is None or user is None or user.disabled_at is not None or session.expires_at <= now:
        raise TokenInvalid("This session has ended")
    roles = await roles_of(tx, user.id)
    held = permissions_of(Credential.TOKEN, roles, await tx.all(GRANTS, user_id=user.id))
    return Actor(ActorKind.USER, Credential.TOKEN, user.id, roles=frozenset(roles), permissions=frozenset(held), ip=ip)
