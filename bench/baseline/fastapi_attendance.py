"""The equal application for attendance: a board by period and a heatmap by hour, as FastAPI applications have them.

A bearer token is checked by PyJWT, and the right to manage the guild asked of Discord and kept for fifteen seconds, as
the server does. The board is summed by the database; the heatmap reads the sessions of its days by the ORM and adds
them up hour by hour. Sessions have one sum of seconds: there are no pauses, no rules of fairness and no zones.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated

import httpx
import jwt
from fastapi import APIRouter, Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy import ForeignKey, Index, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from bench.baseline.fastapi_rooms import InSession
from bench.baseline.models import Base

DAYS = 28
HOURS = 24
KEPT = 15.0


class Period(Base):
    """A stretch of time with a board of its own; the current one of a guild has no end."""

    __tablename__ = "voice_periods"
    __table_args__ = (Index("ix_voice_periods_guild_id", "guild_id", "ended_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    guild_id: Mapped[int]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class VoiceSession(Base):
    """One person in one channel. Times are UTC."""

    __tablename__ = "voice_sessions"
    __table_args__ = (
        Index("ix_voice_sessions_period_id", "period_id", "user_id", "seconds"),
        Index("ix_voice_sessions_guild_id", "guild_id", "left_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    guild_id: Mapped[int]
    user_id: Mapped[int]
    channel_id: Mapped[int]
    period_id: Mapped[int] = mapped_column(ForeignKey("voice_periods.id"))
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    seconds: Mapped[int]


class EntryOut(BaseModel):
    """A line of the board."""

    rank: int
    user_id: str
    total_seconds: int
    session_count: int


class BoardOut(BaseModel):
    """A page of the board."""

    guild_id: str
    period_id: int
    started_at: datetime
    total: int
    entries: list[EntryOut]


class BucketOut(BaseModel):
    """An hour of the week; Monday is day 0."""

    day_of_week: int
    hour: int
    seconds: int
    unique_users: int


class HeatmapOut(BaseModel):
    """All 168 hours of the week."""

    buckets: list[BucketOut]


router = APIRouter(prefix="/api/v1/guilds/{guild_id}")
bearer = HTTPBearer()
discord = httpx.AsyncClient(headers={"Authorization": f"Bot {os.environ.get('DISCORD_TOKEN', '')}"})
allowed: dict[tuple[int, str], float] = {}


async def get_manager(guild_id: int, credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> str:
    """Find who calls, and ask Discord whether they own the guild."""
    secret = os.environ["API_INTERNAL_SECRET"]
    try:
        claims = jwt.decode(credentials.credentials, secret, algorithms=["HS256"], options={"require": ["exp"]})
    except jwt.InvalidTokenError as fault:
        raise HTTPException(401, "A valid token is needed") from fault
    if str(claims["guild_id"]) != str(guild_id):
        raise HTTPException(403, "This token is for another guild")
    user_id = str(claims["user_id"])
    if allowed.get((guild_id, user_id), 0) < time.monotonic():
        guild = (await discord.get(f"{os.environ['DISCORD_API_BASE']}/guilds/{guild_id}")).json()
        if guild["owner_id"] != user_id:
            raise HTTPException(403, "You may not manage this guild")
        allowed[guild_id, user_id] = time.monotonic() + KEPT
    return user_id


Manager = Annotated[str, Depends(get_manager)]


@router.get("/leaderboard")
async def get_leaderboard(guild_id: int, _: Manager, session: InSession, limit: int = 50, offset: int = 0) -> BoardOut:
    """Show the board of the current period."""
    period = await session.scalar(select(Period).where(Period.guild_id == guild_id, Period.ended_at.is_(None)))
    if period is None:
        raise HTTPException(404, "There is no such guild")
    total = func.sum(VoiceSession.seconds).label("total")
    summed = (
        select(VoiceSession.user_id, total, func.count().label("sessions"))
        .where(VoiceSession.period_id == period.id)
        .group_by(VoiceSession.user_id)
    )
    rows = (
        await session.execute(summed.order_by(total.desc(), VoiceSession.user_id).limit(limit).offset(offset))
    ).all()
    people = await session.scalar(
        select(func.count(VoiceSession.user_id.distinct())).where(VoiceSession.period_id == period.id)
    )
    return BoardOut(
        guild_id=str(guild_id),
        period_id=period.id,
        started_at=period.started_at,
        total=people or 0,
        entries=[
            EntryOut(rank=offset + place, user_id=str(row.user_id), total_seconds=row.total, session_count=row.sessions)
            for place, row in enumerate(rows, start=1)
        ],
    )


@router.get("/analytics/heatmap")
async def get_heatmap(guild_id: int, _: Manager, session: InSession) -> HeatmapOut:
    """Show voice seconds by weekday and hour over the last days."""
    until = datetime.now(UTC).replace(tzinfo=None)
    since = until - timedelta(days=DAYS)
    seconds = [0] * (7 * HOURS)
    people: list[set[int]] = [set() for _ in range(7 * HOURS)]
    sessions = await session.scalars(
        select(VoiceSession).where(
            VoiceSession.guild_id == guild_id, or_(VoiceSession.left_at > since, VoiceSession.left_at.is_(None))
        )
    )
    for each in sessions:
        at, end = max(each.joined_at, since), each.left_at or until
        while at < end:
            border = min(end, at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))
            place = at.weekday() * HOURS + at.hour
            seconds[place] += int((border - at).total_seconds())
            people[place].add(each.user_id)
            at = border
    return HeatmapOut(
        buckets=[
            BucketOut(
                day_of_week=place // HOURS, hour=place % HOURS, seconds=seconds[place], unique_users=len(people[place])
            )
            for place in range(7 * HOURS)
        ]
    )
