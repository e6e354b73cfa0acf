"""User tokens: what a device login hands out. They die unused after 90 days, with their app, or user."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.crypto import digest
from guildhall.core.db import Tx, command
from guildhall.core.errors import NotFound
from guildhall.domains import audit
from guildhall.domains.identity.models import App, User, UserToken, user_tokens
from guildhall.domains.identity.queries import APP, TOKEN_BY_HASH, TOKENS_OF, USER

PREFIX = "chb_ut_"
LIFE_UNUSED = timedelta(days=90)

TOUCH = command(
    update(user_tokens).where(user_tokens.c.id == bindparam("token_id")).values(last_used_at=bindparam("at"))
)
REVOKE = command(
    update(user_tokens)
    .where(
        user_tokens.c.id == bindparam("token_id"),
        user_tokens.c.user_id == bindparam("owner"),
        user_tokens.c.revoked_at.is_(None),
    )
    .values(revoked_at=bindparam("at"))
)


class TokenNotFound(NotFound):
    """No live token of this person has the id."""

    code = "token_not_found"
    text = "There is no such token"


async def make_token(tx: Tx, actor: Actor, user: User, app: App, *, name: str, now: datetime) -> tuple[UserToken, str]:
    """Make a token for a person and return it with its value, which is kept as a hash."""
    value = PREFIX + ids.base62(32)
    token = UserToken(
        id="tok_" + ids.base62(20),
        user_id=user.id,
        app_id=app.id,
        name=name,
        token_hash=digest(value),
        created_at=now,
    )
    await tx.insert(token)
    await audit.record(tx, actor, "user_token.made", token.id, now=now, user=user.id, app=app.id)
    return token, value


async def bearer_of_token(tx: Tx, value: str, *, now: datetime) -> tuple[UserToken, User, App] | None:
    """Return a live token with its person and app, or None when anything of it is over."""
    token = await tx.one(TOKEN_BY_HASH, hash=digest(value))
    if token is None or (token.last_used_at or token.created_at) + LIFE_UNUSED <= now:
        return None
    user = await tx.one(USER, id=token.user_id)
    app = await tx.one(APP, id=token.app_id)
    if user is None or user.disabled_at is not None or app is None:
        return None
    return token, user, app


async def touch_token(tx: Tx, token: UserToken, *, now: datetime) -> None:
    """Remember that a token was used, to the minute. Not audited: it is a reading, not an act."""
    await tx.run(TOUCH, token_id=token.id, at=now)


async def tokens_of(tx: Tx, user_id: str, *, now: datetime) -> list[UserToken]:
    """Return a person's live tokens, newest first."""
    found = await tx.all(TOKENS_OF, user_id=user_id)
    return [token for token in found if (token.last_used_at or token.created_at) + LIFE_UNUSED > now]


async def revoke_token(tx: Tx, actor: Actor, user: User, token_id: str, *, now: datetime) -> None:
    """End a token of a person; it is unknown from the next request on. Raises TokenNotFound."""
    if not await tx.run(REVOKE, token_id=token_id, owner=user.id, at=now):
        raise TokenNotFound
    await audit.record(tx, actor, "user_token.revoked", token_id, now=now)
