"""The chain of entries: its check value, and that nothing of it can be changed without a trace."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from guildhall.core.db import Database, Tx
from guildhall.domains import ledger
from guildhall.domains.ledger import EntryExists, LedgerBroken, Mint
from guildhall.domains.ledger.chain import GENESIS, fault_of, follow, hash_of, head_after
from guildhall.domains.ledger.models import Entry
from tests.domains.ledger.changing import let_change

NOON = datetime(2026, 3, 19, 12, tzinfo=UTC)
CHECK = "0x9f75360f541f27efac22f3547884e1f15896931d259c8b0eece39ec78e3bebde"

names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
mints = st.lists(
    st.builds(
        Mint,
        token=st.sampled_from(["CHT", "ÉCU"]),
        amount=st.integers(1, 10**15),
        account=names.map("user:{}".format),
        ref=names,
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda each: each.ref,
)
OTHER: dict[str, object] = {
    "at": "at + 1",
    "kind": "kind || ' '",
    "ref": "ref || 'x'",
    "token": "token || 'x'",
    "amount": "amount + 1",
    "source": "source || 'x'",
    "target": "target || 'x'",
    "prev": "'1' || prev",
    "tx_hash": "tx_hash || '0'",
    "seq": "seq + 1000",
}
"""Another value for each column of an entry, from the one that it has."""


class Undone(Exception):
    """Ends a transaction that should leave nothing."""


def test_the_check_value_of_the_description_is_the_hash_of_its_entry() -> None:
    first = follow(GENESIS, Mint("CHT", 3_000_000, "user:u_849888126", "reward:2026-03-19:0:u_849888126"), NOON)
    assert (first.seq, first.source, first.kind, first.prev) == (1, "issuer:CHT", "mint", "0" * 64)
    assert first.tx_hash == hash_of(first) == CHECK
    second = follow(head_after(first), Mint("CHT", 1, "user:u_2", "another"), NOON)
    assert (second.seq, f"0x{second.prev}") == (2, CHECK)
    assert fault_of(second, head_after(first)) is None
    assert fault_of(first, head_after(first)) == "it is missing"


@given(mints)
def test_any_changed_field_of_an_entry_shows(wanted: Sequence[Mint]) -> None:
    head, later = GENESIS, NOON.replace(microsecond=1)
    for each in wanted:
        entry = follow(head, each, NOON)
        assert fault_of(entry, head) is None
        for field, value in msgspec.structs.asdict(entry).items():
            other = later if field == "at" else value + 1 if isinstance(value, int) else f"{value}x"
            assert fault_of(msgspec.structs.replace(entry, **{field: other}), head) is not None, field
        head = head_after(entry)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=mints, data=st.data())
async def test_a_ledger_is_verified_until_one_field_of_one_entry_is_changed(
    database: Database, wanted: Sequence[Mint], data: st.DataObject
) -> None:
    with contextlib.suppress(Undone):
        async with database.write() as tx:
            cut = data.draw(st.integers(0, len(wanted)))
            entries = await ledger.mint(tx, wanted[:cut], now=NOON) + await ledger.mint(tx, wanted[cut:], now=NOON)
            accounts = {(each.target, each.token) for each in entries} | {(each.source, each.token) for each in entries}
            found = await ledger.verify(tx)
            assert found == ledger.Verified(len(entries), len(accounts), entries[-1].tx_hash)
            one = data.draw(st.sampled_from(entries))
            column = data.draw(st.sampled_from(sorted(OTHER)))
            await let_change(tx)
            await tx._execute(f"UPDATE ledger_entries SET {column} = {OTHER[column]} WHERE seq = {one.seq}", [])  # noqa: S608 (written in this file)
            with pytest.raises(LedgerBroken) as broken:
                await ledger.verify(tx)
            assert broken.value.details == {"seq": one.seq}
            raise Undone


CHANGES: dict[str, tuple[str, int | None]] = {
    "DELETE FROM ledger_entries WHERE seq = 2": ("it is missing", 2),
    "DELETE FROM ledger_entries WHERE seq = 3": ("it is missing", 3),
    "DELETE FROM ledger_entries": ("it is missing", 1),
    "UPDATE ledger_head SET seq = 2": ("ends with entry 2", 2),
    "UPDATE ledger_head SET digest = 'x'": ("ends with entry 3", 3),
    "UPDATE ledger_head SET seq = 4": ("it is missing", 4),
    "DELETE FROM ledger_head": ("head of the ledger is missing", None),
    "UPDATE ledger_balances SET amount = amount + 1 WHERE account = 'user:b'": ("balance of user:b in CHT", None),
    "DELETE FROM ledger_balances WHERE account = 'user:a'": ("balance of user:a in CHT", None),
    "INSERT INTO ledger_balances VALUES ('user:z', 'CHT', 5)": ("balance of user:z in CHT", None),
    "INSERT INTO ledger_entries SELECT 4, at, kind, 'forged', token, amount, source, target, 'p', 'h' "
    "FROM ledger_entries WHERE seq = 3": ("after its end", 4),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_else_was_changed_is_told_as_well(database: Database, change: str) -> None:
    told, seq = CHANGES[change]
    async with database.write() as tx:
        await ledger.mint(tx, three(), now=NOON)
        await let_change(tx)
        await tx._execute(change, [])
    async with database.read() as tx:
        with pytest.raises(LedgerBroken, match=told) as broken:
            await ledger.verify(tx)
    assert broken.value.details.get("seq") == seq


FORBIDDEN = {
    "both": ["UPDATE ledger_entries SET amount = amount", "DELETE FROM ledger_entries WHERE seq = 3"],
    "postgresql": ["TRUNCATE ledger_entries", "UPDATE ledger_entries SET amount = 1 WHERE seq = 99"],
    "sqlite": [
        "INSERT OR REPLACE INTO ledger_entries SELECT * FROM ledger_entries WHERE seq = 3",
        "INSERT OR REPLACE INTO ledger_entries SELECT 9, at, '', ref, '', 7, '', 'x', '', '' FROM ledger_entries",
    ],
}


async def test_the_database_lets_nobody_change_an_entry(database: Database) -> None:
    async with database.write() as tx:
        await ledger.mint(tx, three(), now=NOON)
    for change in FORBIDDEN["both"] + FORBIDDEN[database.engine]:
        with pytest.raises(Exception, match=r"entries of the ledger never change|in the ledger already"):
            async with database.write() as tx:
                await tx._execute(change, [])
    async with database.read() as tx:
        assert (await ledger.verify(tx)).entries == 3


async def test_a_thing_is_in_the_ledger_once_and_balances_are_the_sums(database: Database) -> None:
    async with database.write() as tx:
        await ledger.mint(tx, three(), now=NOON)
        balances = {name: await ledger.balances_of(tx, name) for name in ("user:a", "user:b", "issuer:CHT", "user:c")}
    assert {name: [(each.token, each.amount) for each in found] for name, found in balances.items()} == {
        "user:a": [("CHT", 11)],
        "user:b": [("CHT", 5)],
        "issuer:CHT": [("CHT", -16)],
        "user:c": [],
    }
    with pytest.raises(EntryExists):
        async with database.write() as tx:
            await ledger.mint(tx, [Mint("CHT", 1, "user:c", "new"), Mint("CHT", 1, "user:c", "first")], now=NOON)
    async with database.read() as tx:
        assert (await ledger.verify(tx)).entries == 3
        assert await ledger.balances_of(tx, "user:c") == []


async def test_an_empty_ledger_is_whole(database: Database) -> None:
    async with database.read() as tx:
        assert await ledger.verify(tx) == ledger.Verified(0, 0, None)


async def test_many_who_write_at_once_make_one_chain_that_can_be_verified_meanwhile(database: Database) -> None:
    async def write(number: int) -> list[Entry]:
        async with database.write() as tx:
            wanted = [Mint("CHT", part + 1, f"user:{number % 3}", f"{number}/{part}") for part in range(5)]
            return await ledger.mint(tx, wanted, now=NOON)

    async def look() -> int:
        async with database.read() as tx:
            return (await ledger.verify(tx)).entries

    writing = asyncio.gather(*(write(number) for number in range(30)))
    seen = await asyncio.gather(*(look() for _ in range(15)))
    entries = [entry for each in await writing for entry in each]
    assert sorted(entry.seq for entry in entries) == list(range(1, 151))
    assert all(0 <= number <= 150 for number in seen)
    assert await look() == 150


async def test_a_ledger_longer_than_a_page_is_read_to_its_end(database: Database) -> None:
    async with database.write() as tx:
        await ledger.mint(tx, [Mint("CHT", 1, "user:a", f"{number}") for number in range(1201)], now=NOON)
        await spoil(tx, 1200)
        with pytest.raises(LedgerBroken, match="Entry 1200 "):
            await ledger.verify(tx)


async def spoil(tx: Tx, seq: int) -> None:
    await let_change(tx)
    await tx._execute(f"UPDATE ledger_entries SET ref = 'spoilt' WHERE seq = {seq}", [])  # noqa: S608 (written in this file)


def three() -> list[Mint]:
    return [Mint("CHT", 1, "user:a", "first"), Mint("CHT", 5, "user:b", "second"), Mint("CHT", 10, "user:a", "third")]
