"""Filling the stores: everything a house has through its own API, the many bookings straight into the tables.

Bookings are spread evenly over rooms and over days around today, eight hours of each day, so that a day looks the same
in a store of any size and only the number of rooms and days differs.
"""

import hashlib
import http.client
import json
import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

from bench.servers import Contender

ZONE = ZoneInfo("Europe/Brussels")
MASTER_KEY = "chb_admin_bench_0123456789012345678901234567890123"
PEOPLE = [str(100_000 + number) for number in range(50)]
BASELINE_SECRET = "a secret of the bench"  # noqa: S105 (it guards nothing)
BASELINE_PEOPLE = list(range(1, len(PEOPLE) + 1))
OPENS, CLOSES = 8, 22
PER_DAY = 8
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BOOKING = (
    "INSERT INTO bookings (id, room_id, user_id, title, private, starts_at, ends_at, state, {more}) "
    "VALUES (?, ?, ?, 'Weekly meeting', 0, ?, ?, 'live', {values})"
)


@dataclass(frozen=True)
class Plan:
    """How much is in a store: bookings are `rooms * days * 8`."""

    rooms: int
    days: int

    @property
    def bookings(self) -> int:
        """The number of bookings."""
        return self.rooms * self.days * PER_DAY

    def first_day(self) -> date:
        """Return the first day that has bookings; today is in the middle."""
        return datetime.now(ZONE).date() - timedelta(days=self.days // 2)

    def room(self, number: int) -> str:
        """Return the id of a room."""
        return f"room-{number % self.rooms}"


def furnish_guildhall(contender: Contender, plan: Plan) -> str:
    """Give a house its app, people, rooms and bookings, and return the app's secret."""
    connection = http.client.HTTPConnection("127.0.0.1", contender.port)
    secret = introduce(connection)
    for number in range(plan.rooms):
        name = plan.room(number)
        call(connection, "PUT", f"/v1/rooms/{name}", MASTER_KEY, body={"name": name, "capacity": 12})
    connection.close()
    with opened(contender, "guildhall.db") as database:
        people = [each for (each,) in database.execute("SELECT user_id FROM identities")]
        statement = BOOKING.format(more="sequence, created_at, updated_at", values="0, 0, 0")
        _insert(database, statement, plan, people, microseconds)
    return secret


def introduce(connection: http.client.HTTPConnection) -> str:
    """Give a house its app and its people, and return the app's secret."""
    secret: str = call(connection, "POST", "/v1/apps", MASTER_KEY, body={"name": "Bench"})["appSecret"]
    for person in PEOPLE:
        call(connection, "GET", "/v1/users/me", secret, person=person)
    return secret


def furnish_baseline(contender: Contender, plan: Plan) -> str:
    """Give the FastAPI baseline the same, and return the app's secret."""
    with opened(contender, "rooms.db") as database:
        introduce_to_baseline(database)
        hours = f"{OPENS:02d}:00:00.000000", f"{CLOSES:02d}:00:00.000000"
        rooms = [(plan.room(number), plan.room(number), *hours) for number in range(plan.rooms)]
        database.executemany("INSERT INTO rooms VALUES (?, ?, ?, ?)", rooms)
        statement = BOOKING.format(more="created_at", values="'2020-01-01 00:00:00.000000'")
        _insert(database, statement, plan, BASELINE_PEOPLE, _text)
    return BASELINE_SECRET


def introduce_to_baseline(database: sqlite3.Connection) -> None:
    """Give a baseline its app and its people."""
    hashed = hashlib.sha256(BASELINE_SECRET.encode()).hexdigest()
    database.execute("INSERT INTO apps (name, provider, secret_hash) VALUES ('Bench', 'discord', ?)", (hashed,))
    rows = zip(BASELINE_PEOPLE, PEOPLE, PEOPLE, strict=True)
    database.executemany("INSERT INTO users VALUES (?, 'discord', ?, ?, 0)", rows)


def health_requests() -> Iterator[bytes]:
    """Yield requests for /health without end."""
    return cycle([b"GET /health HTTP/1.1\r\nHost: bench\r\n\r\n"])


def availability_requests(plan: Plan, secret: str) -> Iterator[bytes]:
    """Yield requests for a day of a room that has bookings then, without end; the same ones for every server."""
    chance = random.Random(plan.bookings)
    first = plan.first_day()
    return cycle(
        [
            request("GET", f"/v1/rooms/{plan.room(chance.randrange(plan.rooms))}/availability?date={day}", secret)
            for _ in range(5000)
            for day in [first + timedelta(days=chance.randrange(plan.days))]
        ]
    )


def booking_requests(plan: Plan, secret: str) -> Iterator[bytes]:
    """Yield bookings of half an hour, no two of which overlap, on days after those that have bookings already."""
    after = plan.first_day() + timedelta(days=plan.days + 1)
    number = 0
    while True:
        rest, room = divmod(number, plan.rooms)
        day, slot = divmod(rest, (CLOSES - OPENS) * 2)
        wish = {
            "title": "A meeting",
            "date": str(after + timedelta(days=day)),
            "start": _half_hour(slot),
            "end": _half_hour(slot + 1),
        }
        yield request("POST", f"/v1/rooms/{plan.room(room)}/book", secret, json.dumps(wish).encode())
        number += 1


def _half_hour(slot: int) -> str:
    return f"{OPENS + slot // 2:02d}:{slot % 2 * 30:02d}"


def request(method: str, path: str, secret: str, body: bytes = b"", *, person: str = "") -> bytes:
    """Return a request of an app for one of its people, anybody unless they are named."""
    person = person or random.choice(PEOPLE)
    content = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {secret}\r\nX-User-Id: {person}\r\n"
    return f"{head}{content}\r\n".encode() + body


def call(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    secret: str,
    *,
    body: Mapping[str, object] | None = None,
    person: str = "",
    status: int = http.client.OK,
) -> Any:  # noqa: ANN401 (JSON)
    """Ask a server once, and return its answer. Raises RuntimeError for any status but the one that is expected."""
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    if person:
        headers["X-User-Id"] = person
    connection.request(method, path, json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != status:
        raise RuntimeError(f"{method} {path} answered {answer.status}: {text[:500]!r}")
    return json.loads(text)


def opened(contender: Contender, name: str) -> closing[sqlite3.Connection]:
    """Open the database of a server, for filling it quickly."""
    database = sqlite3.connect(contender.folder / name, isolation_level=None, timeout=30)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA cache_size = -500000")
    return closing(database)


def _insert(
    database: sqlite3.Connection, statement: str, plan: Plan, people: list[Any], stored: Callable[[datetime], Any]
) -> None:
    database.execute("BEGIN IMMEDIATE")
    database.executemany(statement, _rows(plan, people, stored))
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _rows(plan: Plan, people: list[Any], stored: Callable[[datetime], Any]) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(1)
    rooms = [plan.room(number) for number in range(plan.rooms)]
    for offset in range(plan.days):
        opened = datetime.combine(plan.first_day() + timedelta(days=offset), time(OPENS), ZONE).astimezone(UTC)
        for slot in range(PER_DAY):
            start = opened + slot * timedelta(minutes=90)
            starts_at, ends_at = stored(start), stored(start + timedelta(hours=1))
            for room in rooms:
                yield f"{chance.getrandbits(104):026x}", room, chance.choice(people), starts_at, ends_at


def microseconds(instant: datetime) -> int:
    """Return an instant as the server's tables have it."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def _text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S.%f}"
