"""Lists of tickets: what they have, in which order, how many there are, and what they cost."""

import threading
from random import Random
from typing import Any

import pytest

from guildhall.core.db import Database
from guildhall.domains import tickets
from guildhall.domains.tickets import EVERYTHING, NOBODY, Person, Sight, Sort, Wanted
from tests.domains.tickets.desk import MARA, PAVEL, ROSA, Desk


async def fill(desk: Desk, count: int) -> None:
    """Open tickets of as many people; every second is about billing, every third is closed."""
    for number in range(1, count + 1):
        category = {"category_id": "billing", "category_name": "Billing"} if number % 2 == 0 else {}
        ticket = await desk.open(Person(str(5000 + number), f"person {number}"), **category)
        if number % 3 == 0:
            await desk.do(tickets.close_ticket, ticket, by=MARA.id)
        desk.later(seconds=1)


async def test_a_list_is_filtered_sorted_and_paged_and_tells_its_length(desk: Desk) -> None:
    await fill(desk, 12)
    assert await desk.numbers(limit=3) == [12, 11, 10]
    assert await desk.numbers(limit=3, offset=10) == [2, 1]
    assert await desk.numbers(limit=3, offset=12) == []
    assert await desk.numbers(ascending=True, limit=2) == [1, 2]
    page = await desk.page(Wanted(closed=True), limit=2)
    assert ([each.number for each in page.tickets], page.total) == ([12, 9], 4)
    page = await desk.page(Wanted(closed=False, category_id="billing"))
    assert ([each.number for each in page.tickets], page.total) == ([10, 8, 4, 2], 4)
    assert await desk.numbers(Wanted(user_id="5007")) == [7]
    assert await desk.numbers(Wanted(closed=True), sort=Sort.CLOSED, ascending=True) == [3, 6, 9, 12]
    assert await desk.numbers(sort=Sort.USER, ascending=True, limit=4) == [1, 10, 11, 12]


async def test_claimers_tags_and_words_are_found(desk: Desk) -> None:
    ticket = await desk.open(subject="The 3D printer")
    other = await desk.open(PAVEL)
    await desk.do(tickets.claim_ticket, ticket, MARA)
    await desk.do(tickets.tag_ticket, ticket, ["late"])
    message = await desk.says(other, "My *filament* is wet, isn't it?", PAVEL)
    assert await desk.numbers(Wanted(claimed_by=MARA.id)) == [1]
    assert await desk.numbers(Wanted(claimed_by=NOBODY)) == [2]
    assert await desk.numbers(Wanted(tag="late")) == [1]
    cases = {
        "printer": [1],
        "ROSA": [1],
        "filament wet": [2],
        "dry": [],
        '"': [],
        "isn't": [2],
        "wet OR printer": [],
        " ": [2, 1],
    }
    for words, found in cases.items():
        assert await desk.numbers(Wanted(words=words)) == found, words
    assert (await desk.page(Wanted(words="filament"))).total == 1
    await desk.do(tickets.edit_message, other, message.id, person=PAVEL, content="It is dry now")
    assert await desk.numbers(Wanted(words="filament")) == []
    assert await desk.numbers(Wanted(words="dry")) == [2]
    await desk.do(tickets.write_note, other, MARA, tickets.Draft("A secret word", tickets.Source.PANEL))
    assert await desk.numbers(Wanted(words="secret")) == [], "notes are not searched, because owners search too"
    await desk.do(tickets.delete_message, other, message.id, person=PAVEL)
    assert await desk.numbers(Wanted(words="dry")) == []


async def test_nobody_waits_behind_a_list_for_which_many_may_have_to_be_looked_at(desk: Desk) -> None:
    await desk.says(await desk.open(), "The printer is on fire")
    threads: set[str] = set()
    desk.database.observe = lambda _: threads.add(threading.current_thread().name)

    async def threads_of(wanted: Wanted, **named: Any) -> tuple[int, bool]:  # noqa: ANN401 (whatever the read takes)
        """Return how many tickets are found, and whether the loop's own thread had to look for them."""
        threads.clear()
        async with desk.database.read() as tx:
            found = await tickets.find_tickets(desk.database, tx, wanted, sight=EVERYTHING, **named)
        return found.total, threading.main_thread().name in threads

    loops_own = desk.database.engine == "postgresql"
    assert [await threads_of(each) for each in (Wanted(), Wanted(closed=False), Wanted(user_id=ROSA.id))] == [
        (1, True), (1, True), (1, True),
    ]  # fmt: skip
    for each in (Wanted(words="printer"), Wanted(tag="late"), Wanted(claimed_by=NOBODY, closed=False)):
        assert (await threads_of(each))[1] is loops_own
    assert await threads_of(Wanted(), sort=Sort.LAST_MESSAGE, offset=20_000) == (1, loops_own)


async def test_nobody_sees_or_counts_what_is_out_of_sight(desk: Desk) -> None:
    await fill(desk, 6)
    billing = await desk.page(sight=Sight(frozenset({"billing"})))
    assert ([each.number for each in billing.tickets], billing.total) == ([6, 4, 2], 3)
    assert (await desk.page(Wanted(category_id="billing"), Sight(frozenset({""})))).total == 0
    own = await desk.page(sight=Sight(own="5003"))
    assert ([each.number for each in own.tickets], own.total) == ([3], 1)
    assert await desk.numbers(Wanted(words="person"), Sight(frozenset({""}))) == [5, 3, 1]
    async with desk.database.read() as tx:
        for sight, count in ((Sight(), 4), (Sight(frozenset({""})), 2), (Sight(own="5003"), 0), (Sight(own="5004"), 1)):
            assert await tickets.count_tickets(tx, Wanted(closed=False), sight=sight) == count


async def test_pages_deep_in_the_list_are_those_that_counting_from_the_start_finds(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Blocks of two and of six instead of thousands, so that a short list has many.
    monkeypatch.setattr("guildhall.domains.tickets.lists.listing.SPANS", (6, 2))
    monkeypatch.setattr("guildhall.domains.tickets.tallies.SPANS", (6, 2))
    await fill(desk, 21)
    kinds = [Wanted(), Wanted(closed=True), Wanted(closed=False), Wanted(closed=False, category_id="billing")]
    chance = Random(7)
    for wanted in kinds:
        for ascending in (False, True):
            whole = await desk.numbers(wanted, ascending=ascending, limit=100)
            assert len(whole) == (await desk.page(wanted)).total
            for _ in range(6):
                offset, limit = chance.randrange(len(whole) + 2), chance.randrange(1, 6)
                page = await desk.numbers(wanted, ascending=ascending, limit=limit, offset=offset)
                assert page == whole[offset : offset + limit]


async def test_a_list_costs_as_many_statements_however_long_it_is_and_reads_no_message(
    desk: Desk, database: Database
) -> None:
    await fill(desk, 3)
    seen: list[str] = []
    for count in (0, 6):
        await fill_more(desk, count)
        seen.clear()
        database.observe = seen.append
        page = await desk.page(Wanted(closed=False), limit=50)
        async with database.read() as tx:
            await tickets.tags_of(tx, page.tickets)
            await tickets.unread_of(tx, page.tickets, MARA.id)
        database.observe = None
        assert len(seen) == 4
        assert not any("ticket_messages" in statement for statement in seen)


async def fill_more(desk: Desk, count: int) -> None:
    """Open tickets of other people."""
    for number in range(count):
        await desk.says(await desk.open(Person(str(7000 + number), "somebody")), "Hello", ROSA)
