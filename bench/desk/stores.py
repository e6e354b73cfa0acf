"""Stores with many tickets, and the staff who ask for them.

The newest fiftieth is open. Each ticket has a question and an answer, but for the newest few, which are long. Rows,
tallies and words to be found are as the server keeps them; what it would keep beside them, such as the entries of the
audit log, no list and no ticket reads.
"""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt

from bench import servers
from bench.attendance.stage import filling, present, without_indexes
from guildhall.domains.identity import Session, mint_access_token
from guildhall.domains.tickets.models import SPANS

SECRET = "the secret with which the tokens of the bench are signed"  # noqa: S105 (it guards nothing)
GUILDHALL, BASELINE = "guildhall.db", "rooms.db"
"""The files of the two stores."""

SETTINGS = {
    "ADMIN_PASSWORD": "a password of the bench",
    "JWT_SECRET": SECRET,
    "RATE_LIMIT_PER_IP": str(10**9),
}
OPEN_PART = 50
"""One of so many tickets is open."""

OF_ONE = 5
"""Tickets of each person."""

LIFE = timedelta(days=1)


@dataclass(frozen=True)
class DeskPlan:
    """How many tickets there are, of which the newest `long_ones` have `words` messages, and how many staff."""

    tickets: int
    long_ones: int
    words: int
    staff: int

    @property
    def open(self) -> int:
        """The number of open tickets."""
        return self.tickets // OPEN_PART

    def ticket(self, number: int) -> str:
        """Return the id of a ticket."""
        return f"01BENCH{number:019d}"

    @property
    def named(self) -> dict[str, int]:
        """The values of the statements that fill a store."""
        return {
            "tickets": self.tickets, "closed": self.tickets - self.open, "long_from": self.tickets - self.long_ones + 1,
            "words": self.words, "staff": self.staff, "people": self.tickets // OF_ONE, "now": present(),
        }  # fmt: skip


def worker(number: int) -> str:
    """Return the id of one of the staff."""
    return f"01STAFF{number:019d}"


# A ticket a minute, each of the next person in turn; the owner of an open one has no other that is open.
NUMBERED = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :tickets),
placed AS (
    SELECT n, printf('01BENCH%019d', n) AS id, 700000000000000000 + n % :people AS person, n <= :closed AS closed,
        CASE WHEN n % 2 THEN printf('01STAFF%019d', n % :staff) END AS claimer, n % 5 AS category,
        CASE WHEN n < :long_from THEN 2 ELSE :words END AS said, :now - (:tickets - n) * 60000000 AS created
    FROM numbers
)
"""
# Once for those with two messages, and once for the long ones.
WRITTEN = f"""{NUMBERED},
parts(part) AS (SELECT 0 UNION ALL SELECT part + 1 FROM parts WHERE part + 1 < CASE WHEN :long THEN :words ELSE 2 END),
written AS (
    SELECT placed.*, part, part % 2 AS answers,
        CASE part % 2 WHEN 0 THEN 'My order ' || n || ' has not arrived, what can I do?'
            ELSE 'Thank you for your patience, we have sent parcel ' || part || ' again.' END AS content,
        created + part * 1000000 AS at
    FROM placed JOIN parts WHERE (n >= :long_from) = :long
)
"""  # noqa: S608 (made of what stands here)
TICKETS = f"""
INSERT INTO tickets (id, number, guild_id, user_id, user_name, origin, transport, category_id, category_name, subject,
    state, closed, priority, claimed_by, assigned_to, channel_id, silent, created_at, first_reply_at, last_message_at,
    last_message_by, last_words, message_count, reply_count, closed_at, closed_by, close_planned_silent, reopen_count,
    user_reopen_count, user_left)
{NUMBERED}
SELECT id, n, 1, CAST(person AS TEXT), 'person ' || person, 'dm', 'relay', 'category' || category,
    'Category ' || category, 'Order ' || n, CASE WHEN closed THEN 'closed' ELSE 'open' END, closed, 'normal', claimer,
    claimer, 800000000000000000 + n, 0, created, created + 1000000, created + (said - 1) * 1000000, 'staff',
    'Thank you for your patience, we have sent parcel ' || (said - 1) || ' again.', said, said / 2,
    CASE WHEN closed THEN created + 3600000000 END, CASE WHEN closed THEN 'inactivity' END, 0, 0, 0, 0
FROM placed
"""  # noqa: S608 (made of what stands here)
MESSAGES = f"""
INSERT INTO ticket_messages (ticket_id, kind, author_id, author_name, anonymous, content, number, source, created_at,
    delivery)
{WRITTEN}
SELECT id, CASE WHEN answers THEN 'staff' ELSE 'user' END,
    CASE WHEN answers THEN printf('01STAFF%019d', n % :staff) ELSE CAST(person AS TEXT) END,
    CASE WHEN answers THEN 'staff' ELSE 'person ' || person END, 0, content,
    CASE WHEN answers THEN part / 2 + 1 END, CASE WHEN answers THEN 'panel' ELSE 'discord' END, at, 'delivered'
FROM written
"""  # noqa: S608 (likewise)
PARTICIPANTS = f"""
INSERT INTO ticket_participants (ticket_id, person_id, name, role)
{NUMBERED}
SELECT id, CAST(person AS TEXT), 'person ' || person, 'user' FROM placed
UNION ALL SELECT id, printf('01STAFF%019d', n % :staff), 'staff', 'staff' FROM placed
"""  # noqa: S608 (likewise)
MARKS = f"""
INSERT INTO ticket_read_marks (person_id, ticket_id, seen)
{NUMBERED}
SELECT claimer, id, said FROM placed WHERE claimer IS NOT NULL
"""  # noqa: S608 (likewise)
TALLIES = """
INSERT INTO ticket_tallies (span, block, category_id, closed, count)
SELECT :span, number / :span, category_id, closed, count(*) FROM tickets GROUP BY 2, 3, 4
"""
# The index of words is quick only for ids that ascend.
TITLES_FOUND = """
INSERT INTO ticket_search (rowid, ticket_id, words)
SELECT -number, id, user_name || ' ' || coalesce(subject, '') FROM tickets ORDER BY number DESC
"""
WORDS_FOUND = """
INSERT INTO ticket_search (rowid, ticket_id, words) SELECT id, ticket_id, content FROM ticket_messages ORDER BY id
"""
STAFF = (
    "INSERT INTO users (id, alias, username, display_name, created_at, search, email_verified) VALUES (?,?,?,?,?,?,0)",
    "INSERT INTO user_roles (user_id, role) VALUES (?, 'moderator')",
    "INSERT INTO sessions (id, token_hash, user_id, created_at, last_seen_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
)

BASELINE_TICKETS = f"""
INSERT INTO desk_tickets (id, number, user_id, user_name, category, subject, state, claimed_by_id, created_at,
    closed_at, last_message_at, last_words, message_count)
{NUMBERED}
SELECT id, n, CAST(person AS TEXT), 'person ' || person, 'Category ' || category, 'Order ' || n,
    CASE WHEN closed THEN 'closed' ELSE 'open' END, CASE WHEN claimer IS NOT NULL THEN n % :staff + 1 END,
    {{created}}, CASE WHEN closed THEN {{created}} END, {{created}},
    'Thank you for your patience, we have sent parcel ' || (said - 1) || ' again.', said
FROM placed
"""  # noqa: S608 (likewise)
BASELINE_MESSAGES = f"""
INSERT INTO desk_messages (ticket_id, author_id, author_name, is_staff, content, created_at)
{WRITTEN}
SELECT id, CASE WHEN answers THEN CAST(n % :staff + 1 AS TEXT) ELSE CAST(person AS TEXT) END,
    CASE WHEN answers THEN 'staff' ELSE 'person ' || person END, answers, content, {{at}}
FROM written
"""  # noqa: S608 (likewise)
BASELINE_MARKS = f"""
INSERT INTO desk_read_marks (user_id, ticket_id, seen)
{NUMBERED}
SELECT n % :staff + 1, id, said FROM placed WHERE claimer IS NOT NULL
"""  # noqa: S608 (likewise)
BASELINE_STAFF = "INSERT INTO users (id, provider, external_id, username, disabled) VALUES (?, 'desk', ?, ?, 0)"


def make_empty(folder: Path) -> Path:
    """Let the server and the FastAPI baseline make their stores in a folder, to be copied."""
    with servers.guildhall(folder, SETTINGS), servers.baseline("fastapi", folder):
        pass
    return folder


def copied(empty: Path, folder: Path) -> Path:
    """Copy a folder with empty stores to where one of them is to be filled."""
    shutil.copytree(empty, folder)
    return folder


def fill_guildhall(file: Path, plan: DeskPlan) -> list[str]:
    """Fill the server's store, and return the tokens of its staff."""
    with filling(file) as database:
        with _without_triggers(database, "tickets", "ticket_messages"):
            _fill(
                database,
                plan,
                {
                    "tickets": TICKETS,
                    "ticket_messages": MESSAGES,
                    "ticket_participants": PARTICIPANTS,
                    "ticket_read_marks": MARKS,
                },
            )
            database.execute(TITLES_FOUND)
            database.execute(WORDS_FOUND)
        database.executemany(TALLIES, [{"span": span} for span in SPANS])
        database.execute("UPDATE ticket_numbers SET last = ?", (plan.tickets,))
        tokens = add_staff(database, plan.staff)
        database.execute("ANALYZE")
    return tokens


def add_staff(database: sqlite3.Connection, staff: int) -> list[str]:
    """Put people who answer tickets into the server's store, each with a session, and return their tokens."""
    now = datetime.now(UTC)
    at, until = present(), present() + LIFE // timedelta(microseconds=1)
    people = [worker(number) for number in range(staff)]
    rows: tuple[list[tuple[object, ...]], ...] = (
        [(each, f"u_{each}", each, f"Staff {each[-4:]}", at, each.lower()) for each in people],
        [(each,) for each in people],
        [(f"session of {each}", f"hash of {each}", each, at, at, until) for each in people],
    )
    for statement, found in zip(STAFF, rows, strict=True):
        database.executemany(statement, found)
    sessions = [
        Session(f"session of {each}", f"hash of {each}", each, now, now, now + LIFE, None, None) for each in people
    ]
    return [mint_access_token(each, key=SECRET, life=LIFE, now=now) for each in sessions]


def fill_baseline(file: Path, plan: DeskPlan) -> list[str]:
    """Fill the FastAPI baseline's store with the same, and return the tokens of its staff."""
    with filling(file) as database:
        statements = {
            "desk_tickets": BASELINE_TICKETS, "desk_messages": BASELINE_MESSAGES, "desk_read_marks": BASELINE_MARKS,
        }  # fmt: skip
        times = {"created": _text("created"), "at": _text("at")}
        _fill(database, plan, {table: each.format(**times) for table, each in statements.items()})
        staff = [(number + 1, str(number + 1), worker(number)) for number in range(plan.staff)]
        database.executemany(BASELINE_STAFF, staff)
        database.execute("ANALYZE")
    return [baseline_token(number) for number, *_ in staff]


def baseline_token(user_id: int) -> str:
    """Return the token of one of the staff of a baseline."""
    return jwt.encode({"sub": str(user_id), "exp": datetime.now(UTC) + LIFE}, SECRET, algorithm="HS256")


def _fill(database: sqlite3.Connection, plan: DeskPlan, statements: Mapping[str, str]) -> None:
    for table, statement in statements.items():
        with without_indexes(database, table):
            for is_long in (False, True) if ":long THEN" in statement else (False,):
                database.execute(statement, {**plan.named, "long": is_long})


def _text(microseconds: str) -> str:
    return f"strftime('%Y-%m-%d %H:%M:%S.000000', {microseconds} / 1000000, 'unixepoch')"


@contextmanager
def _without_triggers(database: sqlite3.Connection, *tables: str) -> Iterator[None]:
    """Drop the triggers of tables and make the same ones afterwards: what they do for each row is done for all."""
    marks = ", ".join("?" * len(tables))
    found = f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ({marks})"  # noqa: S608 (marks)
    triggers = database.execute(found, tables).fetchall()
    for name, _ in triggers:
        database.execute(f"DROP TRIGGER {name}")
    yield
    for _, made in triggers:
        database.execute(made)
