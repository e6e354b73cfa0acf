"""Boards, figures, heatmaps, who is there now, and the list of sessions."""

from typing import Annotated

import msgspec

from guildhall.core.db import Tx
from guildhall.core.errors import InvalidField, MissingField
from guildhall.dialects.attendance.guilds import GUARDED, GUILD, MANAGER, TOKEN, OccupancyReply, channel_names
from guildhall.dialects.attendance.wire import (
    Instant,
    Offset,
    Page,
    PeriodIndex,
    Snowflake,
    mark_after,
    read_mark,
    snowflake,
    snowflake_or_none,
)
from guildhall.domains import attendance
from guildhall.domains.attendance import Cursor, Policy, SessionLine
from guildhall.domains.attendance.errors import ChannelNotFound, PeriodHidden, PeriodNotFound, UnknownZone
from guildhall.evidence.formats import instant
from guildhall.web.bodies import QueryString
from guildhall.web.house import House
from guildhall.web.routing import route

HOURS = 24
OF_PERIOD = (*GUARDED, InvalidField, PeriodNotFound, PeriodHidden)


class BoardQuery(QueryString, frozen=True, kw_only=True):
    """Which page of which board."""

    period_index: PeriodIndex | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50
    offset: Offset = 0


class BoardEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a board."""

    rank: int
    user_id: Snowflake
    total_seconds: int
    session_count: int
    in_voice: bool


class BoardReply(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a board."""

    guild_id: Snowflake
    period_id: str
    period_index: int
    started_at: str
    ended_at: str | None
    total: int
    limit: int
    offset: int
    policy: Policy
    entries: list[BoardEntry]


class OfUser(QueryString, frozen=True, kw_only=True):
    """Whose figures."""

    user_id: str
    period_index: PeriodIndex | None = None


class OfChannel(QueryString, frozen=True, kw_only=True):
    """The figures of which channel."""

    channel_id: str
    period_index: PeriodIndex | None = None


class ChannelFigure(msgspec.Struct, frozen=True, kw_only=True):
    """What a person has in a channel."""

    channel_id: Snowflake
    name: str | None
    total_seconds: int
    session_count: int


class UserStats(msgspec.Struct, frozen=True, kw_only=True):
    """One person's figures in a period."""

    user_id: Snowflake
    period_id: str
    period_index: int
    total_seconds: int
    session_count: int
    rank: int | None
    in_voice: bool
    channels: list[ChannelFigure]


class TopUser(msgspec.Struct, frozen=True):
    """One of those who were in a channel most."""

    user_id: Snowflake
    total_seconds: int
    session_count: int


class ChannelStats(msgspec.Struct, frozen=True, kw_only=True):
    """One channel's figures in a period."""

    channel_id: Snowflake
    name: str | None
    period_id: str
    period_index: int
    total_seconds: int
    session_count: int
    unique_users: int
    top_users: list[TopUser]


class HeatmapQuery(QueryString, frozen=True, kw_only=True):
    """Of how long, in which zone, of whom and where."""

    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 28
    timezone: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    user_id: str | None = None
    channel_id: str | None = None


class HeatmapBucket(msgspec.Struct, frozen=True):
    """An hour of the week; Monday is day 0."""

    day_of_week: int
    hour: int
    seconds: int
    unique_users: int


class HeatmapReply(msgspec.Struct, frozen=True, kw_only=True):
    """All 168 hours of the week, Monday 00 first."""

    timezone: str
    since: str = msgspec.field(name="from")
    until: str = msgspec.field(name="to")
    buckets: list[HeatmapBucket]


class SessionsQuery(QueryString, frozen=True, kw_only=True):
    """Which sessions."""

    user_id: str | None = None
    channel_id: str | None = None
    period_index: PeriodIndex | None = None
    since: Instant | None = msgspec.field(name="from", default=None)
    until: Instant | None = msgspec.field(name="to", default=None)
    limit: Page = 50
    cursor: str | None = None


class SessionReply(msgspec.Struct, frozen=True, kw_only=True):
    """A session; an open one has no end."""

    session_id: str
    user_id: Snowflake
    channel_id: Snowflake
    period_id: str
    period_index: int
    joined_at: str
    left_at: str | None
    duration_seconds: int
    counted_seconds: int
    end_reason: str | None
    source: str
    signed: bool
    continued_from: str | None

    @classmethod
    def of(cls, line: SessionLine) -> "SessionReply":
        """Show a session."""
        session = line.session
        return cls(
            session_id=session.id,
            user_id=str(session.user_id),
            channel_id=str(session.channel_id),
            period_id=session.period_id,
            period_index=session.number,
            joined_at=instant(session.joined_at),
            left_at=instant(session.left_at) if session.left_at else None,
            duration_seconds=line.duration_seconds,
            counted_seconds=line.counted_seconds,
            end_reason=session.end_reason.value if session.end_reason else None,
            source=session.source,
            signed=session.signing_state == "signed",
            continued_from=session.continued_from,
        )


class SessionsReply(msgspec.Struct, frozen=True):
    """A page of sessions."""

    sessions: list[SessionReply]
    next_cursor: str | None


@route("GET", f"{GUILD}/leaderboard", permission=MANAGER, accepts=TOKEN, refusals=OF_PERIOD)
async def get_leaderboard(guild_id: str, query: BoardQuery, tx: Tx, house: House) -> BoardReply:
    """Show the board of the current period, or of an archived one."""
    number = int(guild_id)
    board = await attendance.board_of(
        tx,
        guild_id=number,
        number=query.period_index,
        limit=query.limit,
        offset=query.offset,
        now=house.clock.now(),
    )
    here = {voice.user_id for voice in await attendance.voices_of(tx, guild_id=number)}
    period = board.period
    return BoardReply(
        guild_id=str(number),
        period_id=period.id,
        period_index=period.number,
        started_at=instant(period.started_at),
        ended_at=instant(period.ended_at) if period.ended_at else None,
        total=board.total,
        limit=query.limit,
        offset=query.offset,
        policy=board.policy,
        entries=[
            BoardEntry(
                rank=each.rank,
                user_id=str(each.user_id),
                total_seconds=each.total_seconds,
                session_count=each.session_count,
                in_voice=each.user_id in here,
            )
            for each in board.entries
        ],
    )


@route(
    "GET", f"{GUILD}/stats", permission=MANAGER, accepts=TOKEN, transaction="none", refusals=(*OF_PERIOD, MissingField)
)
async def get_user_stats(guild_id: str, query: OfUser, house: House) -> UserStats:
    """Show one person's figures in the current period, or in an archived one."""
    number, user_id = int(guild_id), snowflake(query.user_id, "user_id")
    names = await channel_names(house, number)
    async with house.database.read() as tx:
        figures = await attendance.figures_of_user(
            tx, guild_id=number, user_id=user_id, number=query.period_index, now=house.clock.now()
        )
        voices = await attendance.voices_of(tx, guild_id=number)
    return UserStats(
        user_id=str(user_id),
        period_id=figures.period.id,
        period_index=figures.period.number,
        total_seconds=figures.total_seconds,
        session_count=figures.session_count,
        rank=figures.rank,
        in_voice=any(voice.user_id == user_id for voice in voices),
        channels=[
            ChannelFigure(
                channel_id=str(each.channel_id),
                name=names.get(each.channel_id),
                total_seconds=each.total_seconds,
                session_count=each.session_count,
            )
            for each in figures.channels
        ],
    )


@route(
    "GET", f"{GUILD}/channel-stats", permission=MANAGER, accepts=TOKEN, transaction="none",
    refusals=(*OF_PERIOD, MissingField, ChannelNotFound),
)  # fmt: skip
async def get_channel_stats(guild_id: str, query: OfChannel, house: House) -> ChannelStats:
    """Show one channel's figures in the current period, or in an archived one."""
    number, channel_id = int(guild_id), snowflake(query.channel_id, "channel_id")
    names = await channel_names(house, number)
    async with house.database.read() as tx:
        figures = await attendance.figures_of_channel(
            tx, guild_id=number, channel_id=channel_id, number=query.period_index, now=house.clock.now()
        )
    if not figures.known and channel_id not in names:
        raise ChannelNotFound
    return ChannelStats(
        channel_id=str(channel_id),
        name=names.get(channel_id),
        period_id=figures.period.id,
        period_index=figures.period.number,
        total_seconds=figures.total_seconds,
        session_count=figures.session_count,
        unique_users=figures.unique_users,
        top_users=[TopUser(str(each.user_id), each.total_seconds, each.session_count) for each in figures.top_users],
    )


@route("GET", f"{GUILD}/analytics/heatmap", permission=MANAGER, accepts=TOKEN, refusals=(*GUARDED, UnknownZone))
async def get_heatmap(guild_id: str, query: HeatmapQuery, tx: Tx, house: House) -> HeatmapReply:
    """Show counted voice seconds by weekday and hour."""
    heatmap = await attendance.heatmap_of(
        tx,
        guild_id=int(guild_id),
        days=query.days,
        timezone=query.timezone,
        user_id=snowflake_or_none(query.user_id, "user_id"),
        channel_id=snowflake_or_none(query.channel_id, "channel_id"),
        now=house.clock.now(),
    )
    return HeatmapReply(
        timezone=heatmap.timezone,
        since=instant(heatmap.since),
        until=instant(heatmap.until),
        buckets=[
            HeatmapBucket(*divmod(place, HOURS), each.seconds, each.people)
            for place, each in enumerate(heatmap.buckets)
        ],
    )


@route(
    "GET", f"{GUILD}/analytics/live-occupancy", permission=MANAGER, accepts=TOKEN, transaction="none", refusals=GUARDED
)
async def get_live_occupancy(guild_id: str, house: House) -> OccupancyReply:
    """Show who is in tracked voice channels now, the fullest channel first."""
    names = await channel_names(house, int(guild_id))
    async with house.database.read() as tx:
        return OccupancyReply.of(await attendance.occupancy_of(tx, guild_id=int(guild_id)), names)


@route("GET", f"{GUILD}/sessions", permission=MANAGER, accepts=TOKEN, refusals=OF_PERIOD)
async def list_sessions(guild_id: str, query: SessionsQuery, tx: Tx, house: House) -> SessionsReply:
    """List voice sessions, newest first."""
    # One more than asked for tells whether there is a next page.
    lines = await attendance.sessions_of(
        tx,
        guild_id=int(guild_id),
        user_id=snowflake_or_none(query.user_id, "user_id"),
        channel_id=snowflake_or_none(query.channel_id, "channel_id"),
        number=query.period_index,
        since=query.since,
        until=query.until,
        cursor=Cursor(*read_mark(query.cursor)) if query.cursor is not None else None,
        limit=query.limit + 1,
        now=house.clock.now(),
    )
    shown = lines[: query.limit]
    last = shown[-1].session if lines[query.limit :] else None
    return SessionsReply(
        [SessionReply.of(each) for each in shown], mark_after(last.joined_at, last.id) if last else None
    )
