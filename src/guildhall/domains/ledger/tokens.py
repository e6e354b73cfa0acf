"""The tokens that the house gives, what an hour is worth in them, and where they live on a chain."""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from sqlalchemy import bindparam, delete, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command, insert_or_replace
from guildhall.core.errors import InvalidField, ManagedByFile
from guildhall.domains import audit
from guildhall.domains.identity.errors import InvalidWallet
from guildhall.domains.identity.wallets import checksummed
from guildhall.domains.ledger.amounts import DECIMALS, UNITS, amount_text, base_units
from guildhall.domains.ledger.chain import issuer_of
from guildhall.domains.ledger.errors import InvalidAmount, TokenStays, UnknownToken
from guildhall.domains.ledger.models import Token, tokens
from guildhall.domains.ledger.queries import BALANCES_OF, MINT_OF_TOKEN, TOKEN, TOKENS

DEFAULT_TOKEN = "CHT"  # noqa: S105 (the name of a token, not a secret)
MOST_BY_DEFAULT = 100 * UNITS
LARGEST = 1_000_000 * UNITS
LARGEST_CHAIN = 2**53 - 1
MOST_DECIMALS = 30
CODE = re.compile(r"[A-Z][A-Z0-9]{1,9}")

FORGET = command(delete(tokens).where(tokens.c.code == bindparam("which")))
PLACE = command(
    update(tokens)
    .where(tokens.c.code == bindparam("which"))
    .values(position=bindparam("new_position"), managed_by_file=bindparam("by_file"))
)
PUT = insert_or_replace(tokens)


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


class TokenPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a token is to be: see Token. One that lives on a chain has both the chain's id and its contract."""

    hourly: int
    most: int = MOST_BY_DEFAULT
    chain_id: int | None = None
    contract: str | None = None
    decimals: int = DECIMALS


def token_units(amount: Decimal, *, field: str) -> int:
    """Return an amount of tokens as base units, none being fine. Raises InvalidField for what is no such amount."""
    try:
        return 0 if amount == 0 else base_units(amount, most=LARGEST)
    except InvalidAmount as fault:
        raise InvalidField(fault.message, field=field) from fault


def checked_code(code: str) -> str:
    """Return the code of a token. Raises InvalidField."""
    if not CODE.fullmatch(code):
        raise InvalidField("A code has 2 to 10 capital letters and digits and begins with a letter", field="code")
    return code


def checked_token(plan: TokenPlan) -> TokenPlan:
    """Return a plan with its contract in checksum form. Raises InvalidField."""
    if not 0 <= plan.hourly <= LARGEST:
        raise InvalidField(f"An hour is worth 0 to {amount_text(LARGEST)}", field="hourly")
    if not 0 < plan.most <= LARGEST:
        raise InvalidField(f"One reward is more than 0 and at most {amount_text(LARGEST)}", field="most")
    if plan.contract is not None and plan.chain_id is None:
        raise InvalidField("A contract is on a chain; say which by its id", field="chain_id")
    if plan.chain_id is not None and not 1 <= plan.chain_id <= LARGEST_CHAIN:
        raise InvalidField("The id of a chain is a whole number from 1 on", field="chain_id")
    if plan.chain_id is not None and plan.contract is None:
        raise InvalidField("A token on a chain has a contract there", field="contract")
    if not 0 <= plan.decimals <= MOST_DECIMALS:
        raise InvalidField(f"A token has 0 to {MOST_DECIMALS} decimals", field="decimals")
    return msgspec.structs.replace(plan, contract=_checked_contract(plan.contract))


async def put_token(tx: Tx, actor: Actor, *, code: str, plan: TokenPlan, now: datetime) -> Token:
    """Make a token, or change what one is worth and where it lives. Raises InvalidField, ManagedByFile."""
    known = await tx.one(TOKEN, code=checked_code(code))
    if known is not None and known.managed_by_file:
        raise ManagedByFile
    position = known.position if known else len(await tx.all(TOKENS))
    return await _store(tx, actor, code, plan, position=position, by_file=False, now=now)


async def remove_token(tx: Tx, actor: Actor, token: Token, *, now: datetime) -> None:
    """Remove a token that was never given. Raises ManagedByFile, TokenStays."""
    if token.managed_by_file:
        raise ManagedByFile
    given = await tx.one(BALANCES_OF, account=issuer_of(token.code))
    minted = await tx.one(MINT_OF_TOKEN, token=token.code)
    if given is not None or minted is not None:
        raise TokenStays
    if len(await tx.all(TOKENS)) == 1:
        raise TokenStays("This is the only token, and the house has one at least")
    await tx.run(FORGET, which=token.code)
    await audit.record(tx, actor, "token.removed", token.code, now=now)


async def order_tokens(tx: Tx, actor: Actor, codes: Sequence[str], *, now: datetime) -> None:
    """Put the tokens in an order that names each once; shifts suggest the first. Raises InvalidField, ManagedByFile."""
    known = await tx.all(TOKENS)
    if sorted(codes) != sorted(token.code for token in known):
        raise InvalidField("The order names every token once", field="order")
    if any(token.managed_by_file for token in known):
        raise ManagedByFile
    for position, code in enumerate(codes):
        await tx.run(PLACE, which=code, new_position=position, by_file=False)
    await audit.record(tx, actor, "token.ordered", None, now=now, order=list(codes))


async def apply_tokens(tx: Tx, actor: Actor, plans: Sequence[tuple[str, TokenPlan]], *, now: datetime) -> None:
    """Make the tokens of the configuration file so, first and in its order, and read-only elsewhere.

    A token that an earlier file named and this one does not stays, and becomes changeable again. Raises InvalidField.
    """
    named = {code for code, _ in plans}
    others = [token for token in await tx.all(TOKENS) if token.code not in named]
    for position, (code, plan) in enumerate(plans):
        await _store(tx, actor, checked_code(code), plan, position=position, by_file=True, now=now)
    for position, token in enumerate(others, len(plans)):
        await tx.run(PLACE, which=token.code, new_position=position, by_file=False)


async def _store(
    tx: Tx, actor: Actor, code: str, plan: TokenPlan, *, position: int, by_file: bool, now: datetime
) -> Token:
    known = await tx.one(TOKEN, code=code)
    token = Token(
        code=code,
        **msgspec.structs.asdict(checked_token(plan)),
        position=position,
        managed_by_file=by_file,
        created_at=known.created_at if known else now,
    )
    if token == known:
        return token
    await tx.run(PUT, **{name: getattr(token, name) for name in token.__struct_fields__})
    did = "token.changed" if known else "token.created"
    await audit.record(tx, actor, did, code, now=now, hourly=amount_text(token.hourly), most=amount_text(token.most))
    tx.announce("shifts", day=None)
    return token


def _checked_contract(contract: str | None) -> str | None:
    try:
        return None if contract is None else checksummed(contract)
    except InvalidWallet as fault:
        raise InvalidField(
            "A contract's address is 0x and 40 hex digits, and its capitals fit their sum", field="contract"
        ) from fault
