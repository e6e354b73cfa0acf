"""The equal application: the same three routes, checks and guarantees, written as FastAPI applications commonly are.

Routes depend on a session, on the app whose secret is the bearer, and on the person it acts for; bodies and answers are
Pydantic models; rows are read by the ORM. SQLite has WAL and waits for the disk at each commit, as the server's has.
Where the common form would be slow for a reason of its own it is written the better way: the read of bookings is
bounded on both sides, and writers of the process take turns under a lock instead of polling a busy file.
"""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy import event, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.pool import ConnectionPoolEntry

from bench.baseline.models import App, Base, Booking, ClosedDay, Room, User

ZONE = ZoneInfo("Europe/Brussels")
LONGEST = timedelta(hours=26)
SETTINGS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 10000")


class EventOut(BaseModel):
    """A booking as everybody sees it."""

    id: str
    title: str
    start: datetime
    end: datetime
    booked_by: str | None = Field(serialization_alias="bookedBy")
    user_id: str | None = Field(serialization_alias="userId")
    source: str = "baseline"
    all_day: bool = Field(default=False, serialization_alias="allDay")
    private: bool


class SlotOut(BaseModel):
    """Free time."""

    start: str
    end: str


class AvailabilityOut(BaseModel):
    """A day of a room."""

    room: str
    date: date
    events: list[EventOut]
    available_slots: list[SlotOut] = Field(serialization_alias="availableSlots")


class BookingIn(BaseModel):
    """What to book, in the hub's zone."""

    title: str = Field(min_length=1, max_length=200)
    date: date
    start: time
    end: time
    description: str | None = Field(default=None, max_length=5000)
    private: bool = False


class BookingOut(BaseModel):
    """A booking, as its owner sees it."""

    event_id: str = Field(serialization_alias="eventId")
    title: str
    room: str
    start: datetime
    end: datetime
    description: str | None
    booked_by: str = Field(serialization_alias="bookedBy")
    user_id: str = Field(serialization_alias="userId")
    private: bool
    created_at: datetime = Field(serialization_alias="createdAt")


class HealthOut(BaseModel):
    """How the parts of the process do."""

    status: str = "ok"
    checks: dict[str, str]


router = APIRouter()
bearer = HTTPBearer()
turn = asyncio.Lock()


async def build_app(database: str) -> FastAPI:
    """Return the application on a SQLite file, whose tables are made when it has none."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{database}", pool_size=20)
    event.listen(engine.sync_engine, "connect", _prepare)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    app = FastAPI()
    app.state.open_session = async_sessionmaker(engine, expire_on_commit=False)
    app.include_router(router)
    return app


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for setting in SETTINGS:
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Open the session of a request."""
    async with request.app.state.open_session() as session:
        yield session


InSession = Annotated[AsyncSession, Depends(get_session)]


async def get_app(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)], session: InSession) -> App:
    """Find the app by its secret."""
    hashed = hashlib.sha256(credentials.credentials.encode()).hexdigest()
    found = await session.scalar(select(App).where(App.secret_hash == hashed, App.revoked_at.is_(None)))
    if found is None:
        raise HTTPException(401, "A valid app secret is needed")
    return found


async def get_user(
    app: Annotated[App, Depends(get_app)], session: InSession, x_user_id: Annotated[str, Header()]
) -> User:
    """Find the person for whom the app acts."""
    found = await session.scalar(
        select(User)
        .where(User.provider == app.provider, User.external_id == x_user_id)
        .options(selectinload(User.roles))
    )
    if found is None or found.disabled:
        raise HTTPException(401, "This user is unknown or disabled")
    return found


ByUser = Annotated[User, Depends(get_user)]


@router.get("/health")
async def get_health(session: InSession) -> HealthOut:
    """Say how the process does."""
    await session.execute(text("SELECT 1"))
    return HealthOut(checks={"database": "ok"})


@router.get("/v1/rooms/{room_id}/availability")
async def get_availability(room_id: str, date: date, user: ByUser, session: InSession) -> AvailabilityOut:
    """Show what is booked and free in a room on a day."""
    room = await session.get(Room, room_id)
    if room is None:
        raise HTTPException(404, "There is no such room")
    start, end = instant(date, time()), instant(date + timedelta(days=1), time())
    booked = await _touching(session, room.id, start, end)
    closed = await session.get(ClosedDay, date)
    return AvailabilityOut(
        room=room.id,
        date=date,
        events=[_event(each, user) for each in booked],
        available_slots=[] if closed else _free(room, date, booked),
    )


@router.post("/v1/rooms/{room_id}/book")
async def book(room_id: str, wish: BookingIn, user: ByUser, session: InSession) -> BookingOut:
    """Book a room."""
    await session.commit()  # The reads so far end here: the write begins on its own, with the latest rows.
    async with turn:
        await session.execute(text("BEGIN IMMEDIATE"))
        booking = await _reserve(session, room_id, wish, user)
        await session.commit()
    return BookingOut(
        event_id=booking.id,
        title=booking.title,
        room=room_id,
        start=shown(booking.starts_at),
        end=shown(booking.ends_at),
        description=booking.description,
        booked_by=user.username,
        user_id=f"u_{user.external_id}",
        private=booking.private,
        created_at=booking.created_at.replace(tzinfo=UTC),
    )


async def _reserve(session: AsyncSession, room_id: str, wish: BookingIn, user: User) -> Booking:
    room = await session.get(Room, room_id)
    if room is None:
        raise HTTPException(400, "There is no such room")
    if await session.get(ClosedDay, wish.date) or not room.opens <= wish.start < wish.end <= room.closes:
        raise HTTPException(400, "The room is not open at that time")
    start, end = instant(wish.date, wish.start), instant(wish.date, wish.end)
    if await _touching(session, room.id, start, end):
        raise HTTPException(409, "The room is already booked at that time")
    booking = Booking(
        id=uuid.uuid4().hex,
        room_id=room.id,
        user_id=user.id,
        title=wish.title,
        description=wish.description,
        private=wish.private,
        starts_at=start,
        ends_at=end,
        state="live",
        created_at=datetime.now(UTC).replace(tzinfo=None),
    )
    session.add(booking)
    return booking


async def _touching(session: AsyncSession, room_id: str, start: datetime, end: datetime) -> list[Booking]:
    statement = (
        select(Booking)
        .where(
            Booking.room_id == room_id,
            Booking.state == "live",
            Booking.starts_at > start - LONGEST,
            Booking.starts_at < end,
            Booking.ends_at > start,
        )
        .options(joinedload(Booking.user))
        .order_by(Booking.starts_at, Booking.id)
    )
    return list(await session.scalars(statement))


def instant(day: date, at: time) -> datetime:
    """Return the UTC instant of a local time, as the tables have it."""
    return datetime.combine(day, at, ZONE).astimezone(UTC).replace(tzinfo=None)


def shown(moment: datetime) -> datetime:
    """Return an instant of the tables in local time."""
    return moment.replace(tzinfo=UTC).astimezone(ZONE)


def _event(booking: Booking, user: User) -> EventOut:
    shows_details = not booking.private or booking.user_id == user.id
    return EventOut(
        id=booking.id,
        title=booking.title if shows_details else "Busy",
        start=shown(booking.starts_at),
        end=shown(booking.ends_at),
        booked_by=booking.user.username if shows_details else None,
        user_id=f"u_{booking.user.external_id}" if shows_details else None,
        private=booking.private,
    )


def _free(room: Room, day: date, booked: list[Booking]) -> list[SlotOut]:
    free_from, closes = instant(day, room.opens), instant(day, room.closes)
    slots = []
    for booking in booked:
        if booking.starts_at > free_from:
            slots.append(_slot(free_from, min(booking.starts_at, closes)))
        free_from = max(free_from, booking.ends_at)
    if free_from < closes:
        slots.append(_slot(free_from, closes))
    return slots


def _slot(start: datetime, end: datetime) -> SlotOut:
    return SlotOut(start=f"{shown(start):%H:%M}", end=f"{shown(end):%H:%M}")
