"""Opening, working on, closing and reopening tickets."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database
from guildhall.core.errors import GuildhallError, InvalidField
from guildhall.domains import audit, tickets
from guildhall.domains.site.sections import TicketSettings
from guildhall.domains.tickets import EVERYTHING, Origin, Priority, Sight, TicketState, Transport
from guildhall.domains.tickets.errors import (
    InvalidTag,
    InvalidTime,
    NotTicketOwner,
    OwnerMayNotClose,
    TicketAlreadyOpen,
    TicketClaimed,
    TicketClosed,
    TicketNotFound,
    TicketOpen,
    TooManyOpen,
    TooManyReopens,
)
from tests.domains.tickets.desk import MARA, PAVEL, ROSA, START, TOBIAS, Desk

CHANNEL = 987654321098765432


async def test_a_person_has_one_live_relayed_ticket_in_a_guild_and_several_direct_ones(desk: Desk) -> None:
    first = await desk.open(subject="  A   question ")
    assert (first.number, first.state, first.subject) == (1, TicketState.OPEN, "A question")
    with pytest.raises(TicketAlreadyOpen) as refused:
        await desk.open()
    assert refused.value.details == {"ticket_id": first.id}
    assert (await desk.open(PAVEL)).number == 2
    assert (await desk.open(guild_id=2)).number == 3
    for _ in range(2):
        await desk.open(origin=Origin.WEB, transport=Transport.DIRECT, most_open=2)
    with pytest.raises(TooManyOpen):
        await desk.open(origin=Origin.WEB, transport=Transport.DIRECT, most_open=2)
    with pytest.raises(InvalidField):
        await desk.open(PAVEL, guild_id=3, subject="x" * 201)


async def test_of_fifty_who_open_at_once_for_one_person_one_does_and_all_others_learn_of_it(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.open() for _ in range(50)), return_exceptions=True)
    (opened,) = [each for each in answers if not isinstance(each, BaseException)]
    refused = [each for each in answers if isinstance(each, TicketAlreadyOpen)]
    assert len(refused) == 49
    assert {each.details["ticket_id"] for each in refused} == {opened.id}


async def test_a_ticket_waits_for_its_channel_and_is_discarded_when_there_is_none(
    desk: Desk, database: Database
) -> None:
    waiting = await desk.open(needs_channel=True)
    assert waiting.state is TicketState.OPENING
    async with database.write() as tx:
        made = await tickets.note_channel(tx, waiting, CHANNEL)
        assert await tickets.note_channel(tx, made, CHANNEL + 1) == made
    assert await desk.look(waiting) == made
    assert (made.state, made.channel_id) == (TicketState.OPEN, CHANNEL)
    async with database.read() as tx:
        assert await tickets.ticket_of_channel(tx, CHANNEL) == made
    with pytest.raises(TicketAlreadyOpen) as refused:
        await desk.open()
    assert refused.value.details == {"ticket_id": made.id, "channel_id": str(CHANNEL)}
    refused_one = await desk.open(PAVEL, needs_channel=True)
    async with database.write() as tx:
        for each in (refused_one, made):
            await tickets.discard_ticket(tx, SYSTEM, each, reason="Discord refused the channel", now=desk.now)
    assert await desk.look(made) == made, "a ticket that has its channel is not discarded"
    with pytest.raises(TicketNotFound):
        await desk.look(refused_one)
    assert (await desk.page()).total == 1
    assert (await desk.open(PAVEL)).number == 3, "the number of a discarded ticket is not used again"


async def test_of_two_who_claim_at_once_one_has_the_ticket(desk: Desk) -> None:
    ticket = await desk.open()
    answers = await asyncio.gather(
        *(desk.do(tickets.claim_ticket, ticket, person) for person in (MARA, TOBIAS)), return_exceptions=True
    )
    (claimed,) = [each for each in answers if not isinstance(each, BaseException)]
    assert sum(isinstance(each, TicketClaimed) for each in answers) == 1
    assert claimed.claimed_by == claimed.assigned_to
    winner = MARA if claimed.claimed_by == MARA.id else TOBIAS
    assert await desk.do(tickets.claim_ticket, ticket, winner) == claimed
    assert [line.content for line in await desk.messages(ticket)] == [f"Ticket claimed by {winner.name}"]
    released = await desk.do(tickets.release_ticket, ticket)
    assert (released.claimed_by, released.assigned_to) == (None, None)
    assigned = await desk.do(tickets.assign_ticket, ticket, TOBIAS)
    assert (assigned.claimed_by, assigned.assigned_to) == (None, TOBIAS.id)
    assert (await desk.do(tickets.assign_ticket, ticket, None)).assigned_to is None


async def test_a_ticket_is_sorted_tagged_and_moved_and_every_change_is_written_down(
    desk: Desk, database: Database
) -> None:
    ticket = await desk.open()
    given = {"label": " refund ", "priority": Priority.HIGH, "subject": "Order A-17"}
    sorted_ = await desk.do(tickets.sort_ticket, ticket, **given)
    assert (sorted_.label, sorted_.priority, sorted_.subject) == ("refund", Priority.HIGH, "Order A-17")
    assert await desk.do(tickets.sort_ticket, ticket, **given) == sorted_
    assert await desk.do(tickets.tag_ticket, ticket, ["late", "late", "a-1"]) == ["a-1", "late"]
    for bad in (["UPPER"], ["two words"], ["x" * 33], [f"t{number}" for number in range(21)]):
        with pytest.raises(InvalidTag):
            await desk.do(tickets.tag_ticket, ticket, bad)
    with pytest.raises(InvalidTag):
        await desk.do(tickets.sort_ticket, ticket, **{**given, "label": "x" * 51})
    moved = await desk.do(tickets.move_ticket, ticket, category_id="billing", category_name="Billing")
    assert (moved.category_id, moved.category_name) == ("billing", "Billing")
    async with database.read() as tx:
        assert (await tickets.details_of(tx, ticket)).tags == ["a-1", "late"]
        entries = await audit.page_of_entries(tx, limit=10)
    assert [entry.action for entry in entries] == ["ticket.moved", "ticket.tagged", "ticket.sorted", "ticket.opened"]
    assert entries[2].details["new"] == {"label": "refund", "priority": "high", "subject": "Order A-17"}


async def test_a_ticket_on_hold_goes_on_when_its_user_writes(desk: Desk) -> None:
    ticket = await desk.open()
    assert (await desk.do(tickets.hold_ticket, ticket, on_hold=True)).state is TicketState.ON_HOLD
    await desk.replies(ticket, "We wait for the other side.")
    assert (await desk.look(ticket)).state is TicketState.ON_HOLD
    await desk.says(ticket, "I have it now.")
    assert (await desk.look(ticket)).state is TicketState.OPEN


async def test_a_closed_ticket_takes_nothing_more_until_it_is_opened_again(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.do(tickets.claim_ticket, ticket, MARA)
    closed = await desk.do(tickets.close_ticket, ticket, by=MARA.id, reason="Solved")
    assert (closed.closed, closed.closed_by, closed.close_reason, closed.closed_at) == (True, MARA.id, "Solved", START)
    assert [line.content for line in await desk.messages(ticket)][1:] == [
        "**Closing Message:** Solved",
        "Ticket successfully closed.",
    ]
    refused = (
        desk.says(ticket, "Wait"),
        desk.replies(ticket, "Too late"),
        desk.do(tickets.close_ticket, ticket, by=MARA.id),
        desk.do(tickets.claim_ticket, ticket, MARA),
        desk.do(tickets.assign_ticket, ticket, MARA),
        desk.do(tickets.hold_ticket, ticket, on_hold=True),
        desk.do(tickets.tag_ticket, ticket, ["late"]),
        desk.do(tickets.plan_close, ticket, by=MARA.id, at=None),
    )
    for each in refused:
        with pytest.raises(TicketClosed):
            await each
    once = TicketSettings(max_user_reopens=1)
    with pytest.raises(OwnerMayNotClose):
        await desk.do(tickets.reopen_as_owner, ticket, rules=TicketSettings(owner_can_close=False))
    opened = await desk.do(tickets.reopen_as_owner, ticket, rules=once)
    assert (opened.state, opened.claimed_by, opened.closed_by, opened.reopen_count) == (TicketState.OPEN, None, None, 1)
    assert await desk.look(ticket) == opened
    with pytest.raises(TicketOpen):
        await desk.do(tickets.reopen_as_owner, ticket, rules=once)
    await desk.do(tickets.close_as_owner, ticket, rules=once)
    with pytest.raises(TooManyReopens):
        await desk.do(tickets.reopen_as_owner, ticket, rules=once)
    other = await desk.open()
    with pytest.raises(TicketAlreadyOpen) as raised:
        await desk.do(tickets.reopen_ticket, ticket)
    assert raised.value.details == {"ticket_id": other.id}


async def test_who_has_as_many_tickets_as_they_may_opens_none_of_them_again(desk: Desk) -> None:
    direct: dict[str, Any] = {"origin": Origin.WEB, "transport": Transport.DIRECT, "most_open": 2}
    first, second = await desk.open(**direct), await desk.open(**direct)
    await desk.do(tickets.close_ticket, first, by=ROSA.id)
    third = await desk.open(**direct)
    with pytest.raises(TooManyOpen):
        await desk.do(tickets.reopen_as_owner, first, rules=TicketSettings(max_open_per_user=2))
    await desk.do(tickets.close_ticket, second, by=ROSA.id)
    await desk.do(tickets.close_ticket, third, by=ROSA.id)
    answers = await asyncio.gather(
        *(
            desk.do(tickets.reopen_as_owner, each, rules=TicketSettings(max_open_per_user=1))
            for each in (first, second)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, TooManyOpen) for each in answers) == 1


async def test_a_ticket_closes_at_the_time_that_was_planned(desk: Desk, database: Database) -> None:
    ticket = await desk.open()
    at = START + timedelta(hours=2)
    planned = await desk.do(tickets.plan_close, ticket, by=MARA.id, at=at, reason="No answer", silent=True)
    assert (planned.close_at, planned.close_planned_by, planned.close_planned_silent) == (at, MARA.id, True)
    for bad in (START, START - timedelta(seconds=1), START + timedelta(days=367)):
        with pytest.raises(InvalidTime):
            await desk.do(tickets.plan_close, ticket, by=MARA.id, at=bad)
    async with database.read() as tx:
        assert await tickets.due_to_close(tx, now=at - timedelta(seconds=1)) == []
        assert await tickets.due_to_close(tx, now=at) == [planned]
    dropped = await desk.do(tickets.plan_close, ticket, by=MARA.id, at=None)
    assert (dropped.close_at, dropped.close_planned_reason) == (None, None)
    assert dropped == await desk.look(ticket)


async def test_who_may_not_see_a_ticket_does_not_learn_that_it_is_there(desk: Desk) -> None:
    ticket = await desk.open(category_id="billing", category_name="Billing")
    assert await desk.look(ticket, Sight(frozenset({"billing"}))) == ticket
    assert await desk.look(ticket, Sight(own=ROSA.id)) == ticket
    cases: list[tuple[Sight, type[GuildhallError]]] = [
        (Sight(frozenset({"", "other"})), TicketNotFound),
        (Sight(own=PAVEL.id), NotTicketOwner),
    ]
    for sight, refusal in cases:
        with pytest.raises(refusal):
            await desk.look(ticket, sight)
    assert EVERYTHING.covers(ticket)
