"""Access tokens: short signed statements that point at a session, for the dialects whose clients carry JWTs.

A token only says whose session it belongs to. Roles, bans and the end of the session are read from the store with every
request, so nothing that a token says about its bearer's rights is ever believed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import jwt

from guildhall.core import ids
from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.db import Tx
from guildhall.core.errors import Unauthenticated
from guildhall.domains.identity.models import Session
from guildhall.domains.identity.permissions import permissions_of
from guildhall.domains.identity.queries import GRANTS, SESSION, USER, roles_of

ISSUER = "guildhall"
REQUIRED = ["iss", "sub", "sid", "typ", "jti", "iat", "exp"]
LATEST = 4_102_444_800
"""The year 2100: no token of ours ends so late, and far beyond it there are no dates."""


class TokenType(StrEnum):
    """What a token opens: the API, or only a socket of the browser that has it in a cookie."""

    ACCESS = "access"
    SOCKET = "socket"


@dataclass(frozen=True)
class Claims:
    """What of a token is believed: whose it is, for which session, its own id, and until when."""

    user_id: str
    session_id: str
    token_id: str
    expires_at: datetime


class TokenInvalid(Unauthenticated):
    """The token is not one of ours: form, signature, algorithm, issuer or type."""

    code = "token_invalid"
    text = "This token is not valid"


class TokenExpired(Unauthenticated):
    """The token's time is over."""

    code = "token_expired"
    text = "This token has expired"


def mint_access_token(
    session: Session, *, key: str, life: timedelta, now: datetime, told: Mapping[str, object] | None = None
) -> str:
    """Return a token for a session, valid for `life`; what is `told` in it beside is never believed again."""
    claims = Claims(session.user_id, session.id, ids.ulid(), now + life)
    return encode_token(claims, TokenType.ACCESS, key=key, now=now, told=told)


def encode_token(
    claims: Claims, kind: TokenType, *, key: str, now: datetime, told: Mapping[str, object] | None = None
) -> str:
    """Return these claims signed; what is `told` beside them is for whoever holds the token."""
    said = {
        **(told or {}),
        "iss": ISSUER,
        "sub": claims.user_id,
        "sid": claims.session_id,
        "typ": kind,
        "jti": claims.token_id,
        "iat": int(now.timestamp()),
        "exp": int(claims.expires_at.timestamp()),
    }
    return jwt.encode(said, key, algorithm="HS256")


def read_token(token: str, kind: TokenType, *, key: str, now: datetime) -> Claims:
    """Return what a token of this type says of itself. Raises TokenInvalid, TokenExpired."""
    try:
        said = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            issuer=ISSUER,
            # Time is judged below by the house's own clock.
            options={"require": REQUIRED, "verify_exp": False, "verify_iat": False},
        )
    except jwt.InvalidTokenError as fault:
        raise TokenInvalid from fault
    if said["typ"] != kind or not isinstance(said["exp"], int) or not 0 <= said["exp"] <= LATEST:
        raise TokenInvalid
    if said["exp"] <= now.timestamp():
        raise TokenExpired
    return Claims(said["sub"], str(said["sid"]), str(said["jti"]), datetime.fromtimestamp(said["exp"], UTC))


async def actor_with_token(tx: Tx, token: str, *, key: str, ip: str | None, now: datetime) -> Actor:
    """Return who acts with a token. Raises TokenInvalid, TokenExpired, and TokenInvalid when its session is over."""
    claims = read_token(token, TokenType.ACCESS, key=key, now=now)
    session = await tx.one(SESSION, id=claims.session_id)
    user = await tx.one(USER, id=session.user_id) if session else None
    if session is None or user is None or user.disabled_at is not None or is_over(session, now):
        raise TokenInvalid("This session has ended")
    roles = await roles_of(tx, user.id)
    held = permissions_of(Credential.TOKEN, roles, await tx.all(GRANTS, user_id=user.id))
    return Actor(ActorKind.USER, Credential.TOKEN, user.id, roles=frozenset(roles), permissions=frozenset(held), ip=ip)


def is_over(session: Session, now: datetime) -> bool:
    """Tell whether a session was ended, or has expired."""
    return session.ended_at is not None or session.expires_at <= now
