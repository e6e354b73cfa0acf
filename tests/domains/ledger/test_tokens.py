"""The tokens of a house as an administrator sets them."""

import pytest

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database
from guildhall.core.errors import InvalidField, ManagedByFile
from guildhall.domains import ledger
from guildhall.domains.ledger import Mint, TokenPlan, TokenStays, UnknownToken
from tests.clock import SettableClock

CONTRACT = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
HALF = TokenPlan(hourly=500_000, most=1)


async def codes(database: Database) -> list[str]:
    async with database.read() as tx:
        return [token.code for token in await ledger.list_tokens(tx)]


async def test_tokens_are_made_changed_ordered_and_removed_while_nobody_has_any(
    database: Database, clock: SettableClock
) -> None:
    now = clock.now()
    async with database.write() as tx:
        await ledger.create_default_token(tx, SYSTEM, now=now)
        await ledger.put_token(tx, SYSTEM, code="B2", plan=HALF, now=now)
        plan = TokenPlan(hourly=0, chain_id=100, contract=CONTRACT.lower(), decimals=18)
        changed = await ledger.put_token(tx, SYSTEM, code="B2", plan=plan, now=now)
        assert (changed.contract, changed.position, changed.created_at) == (CONTRACT, 1, now)
        await ledger.order_tokens(tx, SYSTEM, ["B2", "CHT"], now=now)
        await ledger.mint(tx, [Mint("CHT", 1, "user:u_1", "ref")], now=now)
    assert await codes(database) == ["B2", "CHT"]
    async with database.write() as tx:
        with pytest.raises(InvalidField):
            await ledger.order_tokens(tx, SYSTEM, ["B2", "B2"], now=now)
        with pytest.raises(TokenStays, match="was given"):
            await ledger.remove_token(tx, SYSTEM, await ledger.access_token(tx, "CHT"), now=now)
        await ledger.remove_token(tx, SYSTEM, await ledger.access_token(tx, "B2"), now=now)
        with pytest.raises(UnknownToken):
            await ledger.access_token(tx, "B2")
    assert await codes(database) == ["CHT"]


async def test_the_last_token_stays(database: Database, clock: SettableClock) -> None:
    async with database.write() as tx:
        token = await ledger.put_token(tx, SYSTEM, code="CHT", plan=HALF, now=clock.now())
        with pytest.raises(TokenStays, match="only token"):
            await ledger.remove_token(tx, SYSTEM, token, now=clock.now())


async def test_the_file_puts_its_tokens_first_and_lets_go_of_those_it_forgets(
    database: Database, clock: SettableClock
) -> None:
    now = clock.now()
    async with database.write() as tx:
        await ledger.create_default_token(tx, SYSTEM, now=now)
        await ledger.apply_tokens(tx, SYSTEM, [("BREAD", HALF), ("SOUP", HALF)], now=now)
    assert await codes(database) == ["BREAD", "SOUP", "CHT"]
    async with database.write() as tx:
        for refused in (
            ledger.put_token(tx, SYSTEM, code="SOUP", plan=HALF, now=now),
            ledger.remove_token(tx, SYSTEM, await ledger.access_token(tx, "SOUP"), now=now),
            ledger.order_tokens(tx, SYSTEM, ["CHT", "SOUP", "BREAD"], now=now),
        ):
            with pytest.raises(ManagedByFile):
                await refused
        await ledger.apply_tokens(tx, SYSTEM, [("SOUP", HALF)], now=now)
        await ledger.put_token(tx, SYSTEM, code="BREAD", plan=TokenPlan(hourly=1), now=now)
    assert await codes(database) == ["SOUP", "BREAD", "CHT"]


@pytest.mark.parametrize(
    ("code", "plan", "field"),
    [
        ("C", HALF, "code"),
        ("1C", HALF, "code"),
        ("cht", HALF, "code"),
        ("ABCDEFGHIJK", HALF, "code"),
        ("CHT", TokenPlan(hourly=-1), "hourly"),
        ("CHT", TokenPlan(hourly=10**13), "hourly"),
        ("CHT", TokenPlan(hourly=1, most=0), "most"),
        ("CHT", TokenPlan(hourly=1, chain_id=1), "contract"),
        ("CHT", TokenPlan(hourly=1, contract=CONTRACT), "chain_id"),
        ("CHT", TokenPlan(hourly=1, chain_id=0, contract=CONTRACT), "chain_id"),
        ("CHT", TokenPlan(hourly=1, chain_id=1, contract=CONTRACT.replace("B", "b")), "contract"),
        ("CHT", TokenPlan(hourly=1, decimals=31), "decimals"),
    ],
)
async def test_what_no_token_can_be_is_refused_beside_its_field(
    database: Database, clock: SettableClock, code: str, plan: TokenPlan, field: str
) -> None:
    async with database.write() as tx:
        with pytest.raises(InvalidField) as refused:
            await ledger.put_token(tx, SYSTEM, code=code, plan=plan, now=clock.now())
    assert refused.value.details["field"] == field
