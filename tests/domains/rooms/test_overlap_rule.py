"""The database itself refuses two live bookings of one room that overlap, whoever writes them."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from guildhall.core import ids
from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database, Tx
from guildhall.core.db.base import Clash
from guildhall.domains import identity, rooms
from guildhall.domains.rooms import Booking, BookingState
from guildhall.domains.rooms.errors import RoomBooked
from tests.clock import SettableClock

NOON = datetime(2026, 3, 19, 12, tzinfo=UTC)


@pytest.fixture
async def owner(database: Database, clock: SettableClock) -> identity.User:
    """A person in a house with its rooms."""
    async with database.write() as tx:
        await rooms.create_default_rooms(tx, SYSTEM, now=clock.now())
        return await identity.ensure_user(
            tx, SYSTEM, provider="discord", external_id="1", username=None, display_name=None, now=clock.now()
        )


def row(owner: identity.User, start: int, end: int, *, room: str = "ostrom", cancelled: bool = False) -> Booking:
    """Return a booking from and to so many minutes after noon."""
    return Booking(
        id=ids.event_id(),
        room_id=room,
        user_id=owner.id,
        title="past the verb",
        description=None,
        private=False,
        starts_at=NOON + timedelta(minutes=start),
        ends_at=NOON + timedelta(minutes=end),
        state=BookingState.CANCELLED if cancelled else BookingState.LIVE,
        created_at=NOON,
        updated_at=NOON,
    )


async def keep(database: Database, booking: Booking) -> None:
    async with database.write() as tx:
        await tx.insert(booking, clash=RoomBooked)


async def test_an_overlap_is_refused_even_past_the_verb(database: Database, owner: identity.User) -> None:
    held = row(owner, 0, 60)
    await keep(database, held)
    for start, end in ((0, 60), (10, 20), (-10, 10), (59, 70), (-10, 70), (-60, 1)):
        with pytest.raises(RoomBooked):
            await keep(database, row(owner, start, end))
    await keep(database, row(owner, -60, 0))
    await keep(database, row(owner, 60, 120))
    await keep(database, row(owner, 0, 60, room="mush"))
    await keep(database, row(owner, 0, 60, cancelled=True))


async def test_what_is_moved_or_revived_into_a_taken_time_is_refused(
    database: Database, database_url: str, owner: identity.User
) -> None:
    held, gone, beside = row(owner, 0, 60), row(owner, 30, 90, cancelled=True), row(owner, 60, 120)
    for each in (held, gone, beside):
        await keep(database, each)
    for change, which in (
        ("state = 'live'", gone),
        ("starts_at = starts_at - 60000000", beside),
        ("ends_at = ends_at + 60000000", held),
    ):
        with pytest.raises((sqlite3.IntegrityError, psycopg.errors.ExclusionViolation)):
            change_by_hand(database_url, change, which)
    change_by_hand(database_url, "state = 'cancelled'", held)
    change_by_hand(database_url, "ends_at = ends_at - 1800000000", gone)
    change_by_hand(database_url, "state = 'live'", gone)


def change_by_hand(url: str, change: str, booking: Booking) -> None:
    """Change a booking as somebody does who opens the database beside the server."""
    statement = f"UPDATE bookings SET {change} WHERE id = '{booking.id}'"  # noqa: S608  (written in this file)
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=10)) as file, file:
            file.execute(statement)
    else:
        with psycopg.connect(url) as connection:
            connection.execute(statement.encode())


async def test_a_booking_that_no_index_would_find_is_refused(database: Database, owner: identity.User) -> None:
    hours = 60
    await keep(database, row(owner, 0, 26 * hours))
    with pytest.raises(RoomBooked):
        await keep(database, row(owner, 26 * hours - 1, 26 * hours))
    for start, end in ((0, 26 * hours + 1), (10, 10), (10, 5)):
        with pytest.raises(Exception, match=r"ck_bookings_(length|order)"):
            await keep(database, row(owner, start, end, room="mush"))


class Undone(Exception):
    """Takes back what an example has written, so that the next one finds nothing."""


Interval = st.tuples(st.integers(0, 300), st.integers(1, 90)).map(lambda pair: (pair[0], sum(pair)))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.lists(Interval, max_size=25))
async def test_the_rule_keeps_exactly_what_overlaps_nothing_before_it(
    database: Database, owner: identity.User, wanted: list[tuple[int, int]]
) -> None:
    kept: list[tuple[int, int]] = []

    async def try_all(tx: Tx) -> NoReturn:
        for start, end in wanted:
            is_free = all(end <= other_start or other_end <= start for other_start, other_end in kept)
            try:
                async with tx.savepoint():
                    await tx.insert(row(owner, start, end), clash=RoomBooked)
            except RoomBooked:
                assert not is_free, (start, end)
            else:
                assert is_free, (start, end)
                kept.append((start, end))
        raise Undone

    with pytest.raises(Undone):
        async with database.write() as tx:
            await try_all(tx)


async def test_without_a_word_for_it_a_clash_is_a_fault_and_not_a_loss(
    database: Database, owner: identity.User
) -> None:
    await keep(database, row(owner, 0, 60))
    with pytest.raises(Clash):
        async with database.write() as tx:
            await tx.insert(row(owner, 0, 60))
