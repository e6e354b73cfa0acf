"""What is said in tickets: once, in order, with its earlier words, and how much of it somebody has seen."""

import asyncio

import pytest

from guildhall.core.db import Database
from guildhall.domains import tickets
from guildhall.domains.tickets import Draft, Kind, Role, Source
from guildhall.domains.tickets.errors import (
    EmptyMessage,
    MessageDeleted,
    MessageNotFound,
    MessageTooLong,
    NotMessageAuthor,
    TicketClaimed,
)
from tests.domains.tickets.desk import MARA, ROSA, TOBIAS, Desk


async def test_messages_are_numbered_and_lists_know_the_newest_without_reading_it(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.says(ticket, "  Hello, my order has not come. ")
    desk.later(minutes=5)
    first = await desk.replies(ticket, "We are looking into it.")
    await desk.do(tickets.write_note, ticket, MARA, Draft("Known customer", Source.PANEL))
    second = await desk.replies(ticket, "y" * 300)
    assert (first.number, second.number) == (1, 2)
    kinds = [(message.kind, message.number) for message in await desk.messages(ticket)]
    assert kinds == [(Kind.USER, None), (Kind.STAFF, 1), (Kind.NOTE, None), (Kind.STAFF, 2)]
    shown = await desk.look(ticket)
    assert (shown.message_count, shown.reply_count, shown.last_message_by) == (3, 2, Role.STAFF)
    assert (shown.first_reply_at, shown.last_message_at, shown.last_words) == (desk.now, desk.now, "y" * 200)
    async with desk.database.read() as tx:
        people = (await tickets.details_of(tx, ticket)).participants
    assert [(each.person_id, each.role) for each in people] == [(ROSA.id, Role.USER), (MARA.id, Role.STAFF)]


async def test_twenty_who_write_at_once_are_all_there_with_numbers_of_their_own(desk: Desk) -> None:
    ticket = await desk.open()
    await asyncio.gather(*(desk.replies(ticket, f"Answer {number}") for number in range(20)))
    assert [message.number for message in await desk.messages(ticket)] == list(range(1, 21))
    assert (await desk.look(ticket)).message_count == 20


async def test_what_is_sent_again_under_the_same_name_is_one_message(desk: Desk) -> None:
    ticket = await desk.open()
    answers = await asyncio.gather(*(desk.says(ticket, "Hello", client_id="a1") for _ in range(5)))
    assert len({message.id for message in answers}) == 1
    assert (await desk.look(ticket)).message_count == 1
    await desk.do(tickets.close_ticket, ticket, by=MARA.id)
    assert (await desk.says(ticket, "Hello", client_id="a1")).id == answers[0].id


async def test_an_edit_keeps_what_was_said_and_only_the_author_may(desk: Desk) -> None:
    ticket = await desk.open()
    message = await desk.replies(ticket, "Tomorow")
    edited = await desk.do(tickets.edit_message, ticket, message.id, person=MARA, content=" Tomorrow ")
    assert (edited.content, edited.edited_at, edited.number) == ("Tomorrow", desk.now, 1)
    assert await desk.do(tickets.edit_message, ticket, message.id, person=MARA, content="Tomorrow") == edited
    assert (await desk.look(ticket)).last_words == "Tomorrow"
    async with desk.database.read() as tx:
        (revision,) = (await tickets.revisions_of(tx, [edited]))[message.id]
    assert (revision.content, revision.by) == ("Tomorow", MARA.id)
    with pytest.raises(NotMessageAuthor):
        await desk.do(tickets.edit_message, ticket, message.id, person=TOBIAS, content="Never")
    with pytest.raises(EmptyMessage):
        await desk.do(tickets.edit_message, ticket, message.id, person=MARA, content="  ")
    other = await desk.open(TOBIAS)
    with pytest.raises(MessageNotFound):
        await desk.do(tickets.edit_message, other, message.id, person=MARA, content="Elsewhere")


async def test_a_deleted_message_stays_for_staff_and_leaves_the_list(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.says(ticket, "First")
    message = await desk.replies(ticket, "A slip")
    with pytest.raises(NotMessageAuthor):
        await desk.do(tickets.delete_message, ticket, message.id, person=TOBIAS)
    deleted = await desk.do(tickets.delete_message, ticket, message.id, person=TOBIAS, overrules=True)
    assert (deleted.deleted_by, deleted.content) == (TOBIAS.id, "A slip")
    assert await desk.do(tickets.delete_message, ticket, message.id, person=MARA) == deleted
    assert (await desk.look(ticket)).last_words == "First"
    with pytest.raises(MessageDeleted):
        await desk.do(tickets.edit_message, ticket, message.id, person=MARA, content="Better")
    assert (await desk.replies(ticket, "Again")).number == 2, "numbers are never used again"


async def test_where_only_the_claimer_answers_the_first_answer_claims(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.replies(ticket, "Mine", only_claimer=True)
    assert (await desk.look(ticket)).claimed_by == MARA.id
    with pytest.raises(TicketClaimed):
        await desk.replies(ticket, "Also mine", TOBIAS, only_claimer=True)
    await desk.replies(ticket, "I may", TOBIAS, only_claimer=True, overrules=True)
    await desk.do(tickets.write_note, ticket, TOBIAS, Draft("Notes are free", Source.PANEL))
    assert (await desk.look(ticket)).claimed_by == MARA.id


async def test_what_somebody_has_not_seen_is_counted_without_reading_it(desk: Desk, database: Database) -> None:
    ticket = await desk.open()
    for words in ("One", "Two"):
        await desk.says(ticket, words)

    async def unread(person: str) -> int:
        async with database.read() as tx:
            return (await tickets.unread_of(tx, [await desk.look(ticket)], person))[ticket.id]

    assert (await unread(MARA.id), await unread(ROSA.id)) == (2, 0)
    await desk.replies(ticket, "Seen")
    assert (await unread(MARA.id), await unread(ROSA.id)) == (0, 1)
    async with database.write() as tx:
        await tickets.mark_read(tx, await desk.look(ticket), ROSA.id)
    assert await unread(ROSA.id) == 0


async def test_messages_come_page_by_page_in_both_directions(desk: Desk) -> None:
    ticket = await desk.open()
    ids = [(await desk.says(ticket, f"Message {number}")).id for number in range(5)]
    assert [each.id for each in await desk.messages(ticket, limit=2)] == ids[:2]
    assert [each.id for each in await desk.messages(ticket, after=ids[1], limit=10)] == ids[2:]
    assert [each.id for each in await desk.messages(ticket, before=ids[4], limit=2)] == ids[2:4]
    async with desk.database.read() as tx:
        assert (await tickets.messages_of(tx, ticket, limit=4)).has_more
        assert not (await tickets.messages_of(tx, ticket, before=ids[2], limit=2)).has_more
        assert (await tickets.messages_of(tx, ticket, before=ids[3], limit=2)).has_more


async def test_nothing_and_too_much_are_refused(desk: Desk) -> None:
    ticket = await desk.open()
    for blank in ("", " \n\t "):
        with pytest.raises(EmptyMessage):
            await desk.says(ticket, blank)
    await desk.says(ticket, "x" * 4000)
    with pytest.raises(MessageTooLong):
        await desk.says(ticket, "x" * 4001)
    assert (await desk.look(ticket)).message_count == 1
