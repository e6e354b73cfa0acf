"""Balances and entries, a page at a time."""

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database
from guildhall.domains import identity, ledger
from guildhall.domains.ledger import Mint
from tests.clock import SettableClock


async def test_balances_and_entries_are_read_page_by_page_with_names(database: Database, clock: SettableClock) -> None:
    now = clock.now()
    async with database.write() as tx:
        users = [
            await identity.ensure_user(
                tx, SYSTEM, provider="discord", external_id=name, username=name, display_name=name, now=now
            )
            for name in ("7", "u-7", "Ada@x", "b.c:d")
        ]
        wanted = [
            Mint(token, number + 1, ledger.OF_PERSON + user.alias, f"{token}:{number}")
            for token in ("CHT", "BREAD")
            for number, user in enumerate(users)
        ]
        await ledger.mint(tx, [*wanted, Mint("CHT", 9, "pot:garden", "other")], now=now)
    async with database.read() as tx:
        everything = await ledger.page_of_holdings(tx, limit=100)
        pages, after = [], ("", "")
        while page := await ledger.page_of_holdings(tx, after=after, limit=3):
            pages += page
            after = (page[-1].account, page[-1].token)
        newest = await ledger.page_of_movements(tx, limit=2)
        older = await ledger.page_of_movements(tx, before=newest[-1].seq, limit=100)
        head = await ledger.head_of_chain(tx)
    assert pages == everything
    assert {(each.alias, each.token, each.amount) for each in everything} == {
        (user.alias, token, number + 1) for token in ("CHT", "BREAD") for number, user in enumerate(users)
    }
    assert [each.seq for each in (*newest, *older)] == list(range(9, 0, -1))
    assert (newest[0].target, newest[0].display_name, newest[1].display_name) == ("pot:garden", None, "b.c:d")
    assert newest[0].tx_hash == f"0x{head.digest}"
