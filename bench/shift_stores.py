"""Filling stores with shifts, actions that wait for a yes, and devices that wait for their login.

Every past day has the five slots of the default plan with four places each, all of them taken, so that a day looks the
same in a store of any size and only the number of days differs.
"""

import hashlib
import http.client
import json
import random
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from typing import Any

from bench.servers import Contender
from bench.stores import (
    BASELINE_PEOPLE,
    BASELINE_SECRET,
    MASTER_KEY,
    PEOPLE,
    ZONE,
    call,
    introduce,
    introduce_to_baseline,
    microseconds,
    opened,
    request,
)

SLOTS = ((510, 690), (690, 870), (870, 1050), (1050, 1230), (1230, 1350))
"""When the slots of the default plan open and close, in minutes."""
PLACES = 4
PLANNED_PLACES = 3
"""Of the default plan, which days ahead have."""
DEVICES_OF_APP = 50
ACTIONS_FROM = 6_000
"""Days ahead on which actions sign people up, after all those of the other sign-ups."""


@dataclass(frozen=True)
class ShiftPlan:
    """How much is in a store: sign-ups are `days * 20`."""

    days: int
    actions: int = 0
    devices: int = 0

    @property
    def signups(self) -> int:
        """The number of sign-ups."""
        return self.days * len(SLOTS) * PLACES


def furnish_guildhall(contender: Contender, plan: ShiftPlan) -> str:
    """Give a house its app, people, sign-ups, actions and devices, and return the app's secret."""
    connection = http.client.HTTPConnection("127.0.0.1", contender.port)
    secret = introduce(connection)
    for number in range(0, plan.devices, DEVICES_OF_APP):
        device = {"name": f"Device {number}", "kind": "device"}
        call(connection, "POST", "/v1/apps", MASTER_KEY, body=device)
    connection.close()
    with opened(contender, "guildhall.db") as database:
        people = dict(database.execute("SELECT external_id, user_id FROM identities").fetchall())
        database.execute("BEGIN IMMEDIATE")
        _sign_up(database, plan, [people[person] for person in PEOPLE])
        _prepare_actions(database, plan, people)
        _start_logins(database, plan)
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return secret


def furnish_baseline(contender: Contender, plan: ShiftPlan) -> str:
    """Give the FastAPI baseline the same sign-ups, and return the app's secret."""
    with opened(contender, "rooms.db") as database:
        introduce_to_baseline(database)
        database.execute("BEGIN IMMEDIATE")
        database.executemany(
            "INSERT INTO shift_slots (day, slot, opens, closes, places) VALUES (?, ?, ?, ?, ?)",
            ((str(day), slot, *SLOTS[slot], PLACES) for day, slot in _past_slots(plan)),
        )
        database.executemany(
            "INSERT INTO signups (day, slot, user_id, state, signed_up_at) "
            "VALUES (?, ?, ?, 'live', '2020-01-01 00:00:00.000000')",
            ((str(day), slot, person) for day, slot, _, person in _past_signups(plan, BASELINE_PEOPLE)),
        )
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return BASELINE_SECRET


def day_requests(plan: ShiftPlan, secret: str) -> Iterator[bytes]:
    """Yield requests for the shifts of a past day, without end; the same ones for every server."""
    chance = random.Random(plan.days)
    today = _today()
    days = (today - timedelta(days=1 + chance.randrange(plan.days)) for _ in range(5000))
    return cycle([request("GET", f"/v1/shifts/{day}", secret) for day in days])


def signup_requests(secret: str) -> Iterator[bytes]:
    """Yield sign-ups for the days ahead, as many for each slot as it has places."""
    for number, (day, slot) in enumerate(_places_ahead(1)):
        person = PEOPLE[number % len(PEOPLE)]
        yield request("POST", f"/v1/shifts/{day}/{slot}/signup", secret, b"{}", person=person)


def action_requests(plan: ShiftPlan, secret: str) -> Iterator[bytes]:
    """Yield the execution of each action, once."""
    for number in range(plan.actions):
        person = PEOPLE[number % len(PEOPLE)]
        yield request("POST", f"/v1/actions/{_action_id(number)}/execute", secret, b"{}", person=person)


def poll_requests(plan: ShiftPlan) -> Iterator[bytes]:
    """Yield polls of every device in turn, without end."""
    heads = (
        f"GET /v1/auth/device/{_device_code(number)} HTTP/1.1\r\nHost: bench\r\n\r\n" for number in range(plan.devices)
    )
    return cycle([head.encode() for head in heads])


def _today() -> date:
    return datetime.now(ZONE).date()


def _past_slots(plan: ShiftPlan) -> Iterator[tuple[date, int]]:
    today = _today()
    for offset in range(plan.days):
        for slot in range(len(SLOTS)):
            yield today - timedelta(days=1 + offset), slot


def _past_signups(plan: ShiftPlan, people: Sequence[Any]) -> Iterator[tuple[date, int, int, Any]]:
    chance = random.Random(1)
    for day, slot in _past_slots(plan):
        for place, person in enumerate(chance.sample(people, PLACES)):
            yield day, slot, place, person


def _places_ahead(first: int) -> Iterator[tuple[date, int]]:
    day = _today() + timedelta(days=first)
    while True:
        for slot in range(len(SLOTS)):
            for _ in range(PLANNED_PLACES):
                yield day, slot
        day += timedelta(days=1)


def _sign_up(database: sqlite3.Connection, plan: ShiftPlan, people: Sequence[str]) -> None:
    database.executemany(
        "INSERT INTO shift_slots (day, slot, opens, closes, places, created_at) VALUES (?, ?, ?, ?, ?, 0)",
        ((str(day), slot, *SLOTS[slot], PLACES) for day, slot in _past_slots(plan)),
    )
    database.executemany(
        "INSERT INTO shift_signups (id, day, slot, user_id, place, places, state, signed_up_at) "
        "VALUES (?, ?, ?, ?, ?, ?, 'live', 0)",
        (
            (f"{number:026d}", str(day), slot, person, place, PLACES)
            for number, (day, slot, place, person) in enumerate(_past_signups(plan, people))
        ),
    )


def _prepare_actions(database: sqlite3.Connection, plan: ShiftPlan, people: dict[str, str]) -> None:
    now = datetime.now(UTC)
    made, ends = microseconds(now), microseconds(now + timedelta(days=7))
    rows = (
        (
            _action_id(number), json.dumps({"date": str(day), "slotIndex": slot}),
            people[PEOPLE[number % len(PEOPLE)]], made, ends,
        )
        for number, (day, slot) in zip(range(plan.actions), _places_ahead(ACTIONS_FROM), strict=False)
    )  # fmt: skip
    database.executemany(
        "INSERT INTO prepared_actions (id, kind, params, summary, user_id, state, created_at, expires_at) "
        "VALUES (?, 'shift_signup', ?, 'Sign up for a shift.', ?, 'pending', ?, ?)",
        rows,
    )


def _start_logins(database: sqlite3.Connection, plan: ShiftPlan) -> None:
    now = datetime.now(UTC)
    made, ends = microseconds(now), microseconds(now + timedelta(hours=1))
    apps = [app for (app,) in database.execute("SELECT id FROM apps WHERE name LIKE 'Device %' ORDER BY id")]
    rows = (
        (
            f"{number:026d}", hashlib.sha256(_device_code(number).encode()).hexdigest(), f"{number:06d}",
            apps[number // DEVICES_OF_APP], made, ends,
        )
        for number in range(plan.devices)
    )  # fmt: skip
    database.executemany(
        "INSERT INTO device_logins (id, device_hash, user_code, app_id, state, interval, created_at, expires_at) "
        "VALUES (?, ?, ?, ?, 'pending', 5, ?, ?)",
        rows,
    )


def _action_id(number: int) -> str:
    return f"act_{number:020d}"


def _device_code(number: int) -> str:
    return f"dev_{number:043d}"
