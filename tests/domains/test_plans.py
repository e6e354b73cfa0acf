"""Reads that requests wait for find their rows by an index: none of them looks at a whole table."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database, Query, Tx, query
from guildhall.core.db.statements import compile_statement
from guildhall.domains import rooms
from guildhall.domains.actions import queries as actions
from guildhall.domains.audit import queries as audit
from guildhall.domains.calendars import queries as calendars
from guildhall.domains.identity import queries as identity
from guildhall.domains.identity.models import users
from guildhall.domains.ledger import queries as ledger
from guildhall.domains.notifications import queries as notifications
from guildhall.domains.rooms import queries as bookings
from guildhall.domains.rooms.times import Span
from guildhall.domains.shifts import queries as shifts

NOON = datetime(2026, 3, 19, 12, tzinfo=UTC)
# Every sign-up has a slot of its own, on days of a hundred years, and was rewarded.
# Every booking has an hour of its own, two hours after the one before it in its room; half of them are cancelled.
FILLING = """
CREATE TEMPORARY TABLE numbers (n BIGINT);
INSERT INTO numbers WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 20000)
    SELECT n FROM counted;
INSERT INTO users (id, alias, username, display_name, email_verified, created_at, search)
    SELECT 'user' || n, 'u_' || n, 'name' || n, 'Name ' || n, false, n, 'name' || n || ' of many' FROM numbers;
INSERT INTO identities (provider, external_id, user_id, created_at)
    SELECT 'discord', CAST(n AS TEXT), 'user' || n, n FROM numbers;
INSERT INTO user_roles (user_id, role)
    SELECT 'user' || n, 'role' || (n % 50) FROM numbers;
INSERT INTO bookings (id, room_id, user_id, title, private, starts_at, ends_at, state, sequence, created_at, updated_at,
        cancelled_at)
    SELECT 'event' || n, CASE n % 3 WHEN 0 THEN 'ostrom' WHEN 1 THEN 'mush' ELSE 'angel' END, 'user' || n, 'title',
        false, 1760000000000000 + n * 7200000000, 1760000000000000 + n * 7200000000 + 3600000000,
        CASE WHEN n % 2 = 0 THEN 'live' ELSE 'cancelled' END, 0, n, n,
        CASE WHEN n % 2 = 0 THEN NULL ELSE 1760000000000000 + n * 7200000000 END
    FROM numbers;
INSERT INTO imported_events (id, piece, room_id, source, outside_id, title, starts_at, ends_at, busy_from, busy_to,
        changed_at)
    SELECT id, 0, room_id, 'caldav', 'outside ' || id, title, starts_at, ends_at, starts_at, ends_at, 1 FROM bookings;
INSERT INTO calendar_links (id, target, kind, address, managed_by_file, created_at)
    SELECT 'link' || n, 'room:room' || n, 'caldav', 'address' || n, false, n FROM numbers;
INSERT INTO prepared_actions (id, kind, params, summary, user_id, state, created_at, expires_at, decided_at)
    SELECT 'act_' || n, 'shift_cancel', '{}', 's', 'user' || (n % 400 + 1), CASE WHEN n % 2 = 0 THEN 'pending' ELSE
        'cancelled' END, n, n + 1, CASE WHEN n % 2 = 0 THEN NULL ELSE n END
    FROM numbers;
INSERT INTO audit_entries (at, actor, action, target, details)
    SELECT n, 'user', 'room.booked' || (n % 50), 'event' || n, '{}' FROM numbers;
INSERT INTO shift_slots (day, slot, opens, closes, places, created_at)
    SELECT (2000 + n % 100) || '-' || (10 + n / 100 % 3) || '-' || (10 + n / 300 % 18), n / 5400, 510, 690, 3, n
    FROM numbers;
INSERT INTO shift_signups (id, day, slot, user_id, place, places, state, signed_up_at)
    SELECT 'signup' || created_at, day, slot, 'user' || created_at, 0, 3, 'live', created_at FROM shift_slots;
INSERT INTO shift_rewards (day, slot, user_id, token, amount, tx_hash, rewarded_by, rewarded_at)
    SELECT day, slot, user_id, 'CHT', 3000000, 'x', user_id, 1 FROM shift_signups;
INSERT INTO ledger_balances (account, token, amount) SELECT 'user:u_' || n, 'CHT', 3000000 FROM numbers;
INSERT INTO ledger_entries (seq, at, kind, ref, token, amount, source, target, prev, tx_hash)
    SELECT n, 1, 'mint', 'ref' || n, 'CHT', 1, 'issuer:CHT', 'user:u_' || n, 'prev' || n, 'x' FROM numbers;
INSERT INTO jobs (id, kind, payload, key, state, round, attempts, made_at, due_at)
    SELECT 'job' || n, 'mail.send', '{}', 'mail' || n, 'waiting', 0, 0, 1, 1 FROM numbers;
INSERT INTO mails (id, recipient, subject, text, state, created_at)
    SELECT 'mail' || n, 'zoe@example.org', 's', 't', 'sent', n FROM numbers
"""


@pytest.fixture
async def full(database: Database, database_url: str) -> Database:
    """A database with thousands of people, bookings and entries in the log."""
    async with database.write() as tx:
        await rooms.create_default_rooms(tx, SYSTEM, now=NOON)
        for statement in FILLING.split(";"):
            await tx._execute(statement, [])
    if database.engine == "postgresql":
        # As autovacuum does after a while: before, what was just written is not yet in the index of names.
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
    else:
        async with database.write() as tx:
            await tx._execute("ANALYZE", [])
    return database


async def plan_of(tx: Tx, read: Query[Any], params: Mapping[str, Any]) -> str:
    """Return how the database would find the rows."""
    compiled = compile_statement(read.statement, tx.engine)
    explain = "EXPLAIN QUERY PLAN "
    if tx.engine == "postgresql":
        # On disks without moving parts, a row here and there costs little more than a row after the other.
        await tx._execute("SET random_page_cost = 1.1", [])
        explain = "EXPLAIN "
    rows = await tx._fetch(explain + compiled.text, compiled.arguments(params))
    return "\n".join(str(row[-1]) for row in rows)


def whole_tables(plan: str) -> list[str]:
    """Name the tables that a plan reads from one end to the other."""
    on_sqlite = re.findall(r"^SCAN (?!json_each|users_search)(\w+)(?! USING INDEX .*\()", plan, re.MULTILINE)
    return on_sqlite + re.findall(r"Seq Scan on (\w+)", plan)


OCTOBER = date(2019, 10, 15)
DAY = bookings.bounds(Span(NOON, NOON + timedelta(days=1)))
RANGE = bookings.bounds(Span(NOON, NOON + timedelta(days=62)))
READS: dict[str, tuple[Query[Any] | dict[str, Query[Any]], dict[str, Any]]] = {
    "a day of a room": (bookings.EVENTS_OF_ROOM, {"room_id": "ostrom", **DAY}),
    "62 days of a room": (bookings.EVENTS_OF_ROOM, {"room_id": "ostrom", **RANGE}),
    "the first clash": (bookings.FIRST_CLASH, {"room_id": "ostrom", "but": "", **DAY}),
    "what a calendar says of a day": (bookings.IMPORTED_OF_ROOM, {"room_id": "ostrom", **DAY}),
    "what calendars say of a day": (bookings.IMPORTED_IN_HOUSE, DAY),
    "the first thing a calendar has": (bookings.FIRST_HELD, {"room_id": "ostrom", **DAY}),
    "an imported event": (bookings.IMPORTED, {"room_id": "ostrom", "id": "event7"}),
    "the pieces of an event": (bookings.PIECES, {"room_id": "ostrom", "outside_id": "outside event7"}),
    "conflicts": (bookings.CONFLICTS, {"since": NOON, "earliest": NOON - timedelta(hours=26)}),
    "the calendar of a room": (calendars.LINK_TO_TELL, {"target": "room:room7"}),
    "my bookings": (bookings.EVENTS_OF_USER, {"user_id": "user7", **RANGE}),
    "what was cancelled in a room": (
        bookings.CANCELLED_OF_ROOM,
        {"room_id": "ostrom", "cancelled_after": NOON, **DAY},
    ),
    "what I cancelled": (bookings.CANCELLED_OF_USER, {"user_id": "user7", "cancelled_after": NOON, **RANGE}),
    "one booking": (bookings.EVENT, {"id": "event7"}),
    "closed days": (bookings.CLOSED, {"first": date(2026, 3, 19), "last": date(2026, 3, 20)}),
    "somebody by the id of an app": (identity.USER_KNOWN_AS, {"name": "7", "bare": "7", "provider": "discord"}),
    "somebody by public id": (identity.USER_BY_ALIAS, {"alias": "u_7"}),
    "a page of people": (identity.PAGE_OF_USERS, {"after": 2000, "limit": 51}),
    "people by a part of a name": (
        identity.USERS_CONTAINING,
        {"after": 0, "limit": 51, "pattern": "%name7777%", "phrase": '"name7777"'},
    ),
    "roles of a page": (identity.ROLES_OF_ALL, {"ids": [f"user{number}" for number in range(50)]}),
    "administrators": (identity.ADMINS, {}),
    "an app by its secret": (identity.APP_BY_SECRET, {"hash": "x"}),
    "a feed by its address": (identity.FEED_BY_HASH, {"hash": "x"}),
    "a prepared action": (actions.ACTION, {"id": "act_7"}),
    "what waits for a person": (actions.PENDING_OF, {"user_id": "user7", "now": NOON}),
    "what is over for a person": (actions.OVER_OF, {"user_id": "user7", "now": NOON}),
    "a page of the log": (audit.PAGES[()], {"before": 15_000, "limit": 50}),
    "a page of one action": (audit.PAGES[("action",)], {"before": 15_000, "limit": 50, "action": "room.booked7"}),
    "a page about one thing": (audit.PAGES[("target",)], {"before": 15_000, "limit": 50, "target": "event7"}),
    "who is signed up on a day": (shifts.VOLUNTEERS, {"first": OCTOBER, "last": OCTOBER}),
    "who is signed up for a slot": (shifts.LIVE_SIGNUPS_LOCKED, {"day": OCTOBER, "slot": 0}),
    "how a sign-up ended": (shifts.LAST_SIGNUP_STATE, {"day": OCTOBER, "slot": 0, "user_id": "user1519"}),
    "rewards of a slot": (shifts.REWARDS_OF_SLOT, {"day": OCTOBER, "slot": 0}),
    "my rewards": (shifts.REWARDS_OF_PERSON, {"user_id": "user7", "before": shifts.NEWEST, "limit": 51}),
    "whether I was rewarded": (shifts.WAS_REWARDED, {"day": OCTOBER, "slot": 0, "user_id": "user1519"}),
    "whether a plan has a past": (shifts.FIRST_FIXED_DAY, {"first": date(2019, 10, 15), "last": date(2019, 11, 15)}),
    "what people hold": (ledger.HOLDINGS, {"account": "user:u_7", "token": "CHT", "limit": 31}),
    "a page of the ledger": (ledger.MOVEMENTS, {"before": 15_000, "limit": 31}),
    "mails in a state": (notifications.PAGE_IN_STATE, {"state": "sent", "before": "mail5", "limit": 31}),
    "how many mails are in a state": (notifications.COUNT, {"state": "refused"}),
    "who tries to send a mail": (
        notifications.LAST_TRY,
        {"kind": "mail.send", "mail_id": "mail7", "after": "mail7@9999"},
    ),
    "my balances": (ledger.BALANCES_OF, {"account": "user:u_7"}),
    "a page of mails": (notifications.PAGE, {"before": "mail5", "limit": 50}),
}
SMALL = {"closed_days", "apps", "calendar_feeds", "rooms", "mints"}
"""Tables with so few rows here that PostgreSQL rightly reads them whole."""


async def test_no_read_that_a_request_waits_for_looks_at_a_whole_table(full: Database) -> None:
    found = {}
    async with full.read() as tx:
        for name, (read, params) in READS.items():
            statement = read[tx.engine] if isinstance(read, dict) else read
            plan = await plan_of(tx, statement, params)
            if set(whole_tables(plan)) - SMALL:
                found[name] = plan
    assert not found, "\n".join(f"{name}:\n{plan}\n" for name, plan in found.items())


async def test_a_read_without_an_index_is_noticed(full: Database) -> None:
    async with full.read() as tx:
        plan = await plan_of(tx, query(str, select(users.c.id).where(users.c.wallet == "x")), {})
    assert whole_tables(plan) == ["users"]
