"""The tokens that the house gives, what an hour is worth in them, and where they live on a chain."""

from datetime import datetime

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains import audit
from guildhall.domains.ledger.amounts import UNITS
from guildhall.domains.ledger.errors import UnknownToken
from guildhall.domains.ledger.models import Token
from guildhall.domains.ledger.queries import TOKEN, TOKENS

DEFAULT_TOKEN = "CHT"  # noqa: S105 (the name of a token, not a secret)
MOST_BY_DEFAULT = 100 * UNITS


async def list_tokens(tx: Tx) -> list[Token]:
    """Return the tokens of the house in its order; the first is the one that shifts suggest."""
    return await tx.all(TOKENS)


async def access_token(tx: Tx, code: str) -> Token:
    """Return a token of the house. Raises UnknownToken, which lists those there are."""
    token = await tx.one(TOKEN, code=code)
    if token is None:
        raise UnknownToken(known=[each.code for each in await list_tokens(tx)])
    return token


async def create_default_token(tx: Tx, actor: Actor, *, now: datetime) -> bool:
    """Give a house without tokens its first one, an hour worth one of it, and tell whether it did."""
    if await tx.one(TOKENS):
        return False
    await tx.insert(Token(code=DEFAULT_TOKEN, hourly=UNITS, most=MOST_BY_DEFAULT, created_at=now))
    await audit.record(tx, actor, "token.created", DEFAULT_TOKEN, now=now)
    return True
