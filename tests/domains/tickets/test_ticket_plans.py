"""Reads of the front desk that somebody waits for find their rows by an index, however many tickets there ever were."""

import re
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from guildhall.core.db import Database, Query, query
from guildhall.domains.tickets import queries as desk
from guildhall.domains.tickets.lists.listing import Wanted, _shape, _values
from guildhall.domains.tickets.lists.queries import Sort, listing, tallying
from guildhall.domains.tickets.models import tickets
from guildhall.domains.tickets.policy import Sight
from guildhall.domains.tickets.relay import queries as relay
from tests.domains.test_plans import plan_of

NOON = datetime(2026, 3, 19, 12, tzinfo=UTC)
# Every fiftieth ticket is open; each has a question and an answer, with a copy of each in Discord and a post that went.
FILLING = """
CREATE TEMPORARY TABLE numbers (n BIGINT);
INSERT INTO numbers WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 6000)
    SELECT n FROM counted;
INSERT INTO tickets (id, number, guild_id, user_id, user_name, origin, transport, state, closed, priority, channel_id,
        category_id, silent, created_at, last_message_at, message_count, reply_count, closed_at, close_planned_silent,
        reopen_count, user_reopen_count, user_left)
    SELECT 'ticket' || n, n, n, 'user' || (n % 3000), 'name' || n, 'dm', 'relay',
        CASE WHEN n % 50 = 0 THEN 'open' ELSE 'closed' END, n % 50 <> 0, 'normal', 7000 + n, 'category' || (n % 5),
        false, n, n, 2, 1, CASE WHEN n % 50 = 0 THEN NULL ELSE n END, false, 0, 0, false
    FROM numbers;
INSERT INTO ticket_messages (id, ticket_id, kind, author_id, author_name, anonymous, content, number, source,
        created_at)
    SELECT 2 * n, 'ticket' || n, 'user', 'user' || n, 'name', false, 'word' || n, NULL, 'dm', n FROM numbers
    UNION ALL SELECT 2 * n + 1, 'ticket' || n, 'staff', '77', 'mara', false, 'answer', 1, 'panel', n FROM numbers;
INSERT INTO ticket_copies (discord_id, channel_id, message_id, part, role)
    SELECT 900000 + id, 7000, id, 0, 'copied' FROM ticket_messages;
INSERT INTO ticket_posts (ticket_id, target, lane, message_id, payload, attempts, state, queued_at, due_at, ended_at)
    SELECT 'ticket' || n, 'channel', 'channel:' || n, 2 * n, '{}', 1, 'sent', n, n, n FROM numbers;
INSERT INTO ticket_incoming (message_id, lane, channel_id, author_id, author_name, content, attachments, heard_at,
        state)
    SELECT 900000 + n, n, n, 'user' || n, 'name', 'word', '[]', n, 'done' FROM numbers;
INSERT INTO ticket_cursors (channel_id, user_id, last_seen, active_at) SELECT n, 'user' || n, n, n FROM numbers;
INSERT INTO ticket_tallies (span, block, category_id, closed, count)
    SELECT 1000, n, 'category1', true, 1000 FROM numbers
"""


@pytest.fixture
async def full(database: Database, database_url: str) -> Database:
    """A desk with thousands of tickets."""
    async with database.write() as tx:
        for statement in FILLING.split(";"):
            await tx._execute(statement, [])
    if database.engine == "postgresql":
        # As autovacuum does after a while.
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
    else:
        async with database.write() as tx:
            await tx._execute("ANALYZE", [])
    return database


def whole_tables(plan: str) -> list[str]:
    """Name the tables that a plan reads whole.

    An index walked in the order of a list ends with its page, and one of what waits has nothing else.
    """
    return re.findall(r"^SCAN (\w+)$", plan, re.MULTILINE) + re.findall(r"Seq Scan on (\w+)", plan)


PAGE = {"limit": 50, "offset": 0}
READS: dict[str, tuple[Query[Any], dict[str, Any]]] = {
    "a ticket": (desk.TICKET, {"id": "ticket7"}),
    "a ticket by its number": (desk.TICKET_OF_NUMBER, {"number": 7}),
    "the ticket of a channel": (desk.TICKET_OF_CHANNEL, {"channel_id": 7007}),
    "somebody's relayed ticket": (desk.LIVE_RELAY, {"guild_id": 50, "user_id": "user50"}),
    "somebody's last ticket": (desk.LAST_CLOSED, {"guild_id": 50, "user_id": "user50"}),
    "the latest message of a ticket's user": (desk.LATEST_OF_USER, {"ticket": "ticket7", "skipped": 0}),
    "what somebody has open": (desk.OPEN_OF_PERSON, {"user_id": "user50"}),
    "how many tickets somebody had": (desk.TICKETS_OF_PERSON, {"user_id": "user50"}),
    "what is to close": (desk.DUE_TO_CLOSE, {"now": NOON, "limit": 100}),
    "what is to be wiped": (desk.DUE_TO_WIPE, {"before": NOON, "limit": 100}),
    "a page of messages": (desk.MESSAGES_AFTER, {"ticket_id": "ticket7", "after": 0, "limit": 50}),
    "the messages before": (desk.MESSAGES_BEFORE, {"ticket_id": "ticket7", "before": 99_999, "limit": 50}),
    "a reply by its number": (desk.REPLY, {"ticket_id": "ticket7", "number": 1}),
    "who takes part": (desk.PARTICIPANTS, {"ticket_id": "ticket7"}),
    "a copy by Discord's id": (relay.COPY, {"discord_id": 900_014}),
    "the copies of a message": (relay.COPIES, {"message_id": 14}),
    "whether a message was heard": (relay.INCOMING, {"message_id": 900_014}),
    "what waits in a lane": (relay.WAITING, {"lane": 14}),
    "lanes in which something waits": (relay.WAITING_LANES, {}),
    "channels in which something waits": (relay.WAITING_CHANNELS, {}),
    "the first post of each lane": (relay.HEADS, {"now": NOON, "limit": 20}),
    "the next post of a lane": (relay.HEAD, {"lane": "channel:7"}),
    "how many posts wait": (relay.PENDING, {}),
    "channels to be made": (relay.OPENING, {}),
    "how far a channel was read": (relay.CURSOR, {"channel_id": 7}),
}
LISTS = (
    (Wanted(), Sort.CREATED),
    (Wanted(closed=False), Sort.CREATED),
    (Wanted(closed=True, category_id="category1"), Sort.CREATED),
    (Wanted(user_id="user50"), Sort.CREATED),
    (Wanted(claimed_by="77"), Sort.CREATED),
    (Wanted(tag="late"), Sort.CREATED),
    (Wanted(), Sort.CLOSED),
    (Wanted(), Sort.LAST_MESSAGE),
    (Wanted(), Sort.USER),
)
SMALL = {"ticket_tags", "ticket_intakes", "ticket_participants"}
"""Tables without rows here, which PostgreSQL rightly reads whole."""


async def test_no_read_of_the_desk_looks_at_a_whole_table(full: Database) -> None:
    reads = dict(READS)
    for wanted, sort in LISTS:
        shape = _shape(full.engine, wanted, Sight(), sort, ascending=False)
        reads[f"a list of {wanted} by {sort}"] = (listing(shape), {**_values(full.engine, wanted, Sight()), **PAGE})
    of_span = {"span": 1000, "first": 50, "last": 99, "closed": False, "categories": []}
    reads["the tallies of a large block"] = (tallying(full.engine, closed=False, categories=False), of_span)
    found = {}
    async with full.read() as tx:
        for name, (read, params) in reads.items():
            plan = await plan_of(tx, read, params)
            if set(whole_tables(plan)) - SMALL:
                found[name] = plan
    assert not found, "\n".join(f"{name}:\n{plan}\n" for name, plan in found.items())


async def test_a_read_without_an_index_is_noticed(full: Database) -> None:
    async with full.read() as tx:
        plan = await plan_of(tx, query(str, select(tickets.c.id).where(tickets.c.label == "x")), {})
    assert whole_tables(plan) == ["tickets"]
