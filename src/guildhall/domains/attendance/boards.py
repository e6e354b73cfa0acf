"""Figures of a period: the board, a person, a channel; who is in voice now; archives and sessions.

A running period is summed as it is asked for, under the guild's present policy. An archived one is read as it was
frozen. Each read costs the period it is about, not what came before.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from guildhall.core.db import Query, Tx
from guildhall.domains.attendance.errors import PeriodNotFound
from guildhall.domains.attendance.models import SECOND, Guild, Period, TrackedChannel, Voice
from guildhall.domains.attendance.policy import (
    access_current_period,
    access_guild,
    access_period,
    hidden_archives,
    rules_of,
)
from guildhall.domains.attendance.queries import (
    CHANNELS_OF_USER,
    FROZEN_LINE,
    FROZEN_PAGE,
    HISTORY,
    IS_CHANNEL_KNOWN,
    LISTED_SESSION,
    RUNNING_BOARD,
    RUNNING_LINE,
    SESSIONS,
    SESSIONS_IN_CHANNEL,
    SESSIONS_OF_USER,
    SESSIONS_OF_USER_IN_CHANNEL,
    TRACKED_CHANNEL,
    TRACKED_CHANNELS,
    USERS_OF_CHANNEL,
    VOICES,
    ChannelFigure,
    Entry,
    Line,
    ListedSession,
)
from guildhall.domains.attendance.records import Policy
from guildhall.domains.attendance.states import counted_in_all_ways, way_of

TOP_OF_CHANNEL: Final = 10
FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
AFTER_ALL_IDS: Final = "~"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Board:
    """A page of the board of a period, with how many people are on the whole of it, and the policy of its figures."""

    period: Period
    policy: Policy
    total: int
    entries: list[Entry]


@dataclass(frozen=True)
class UserFigures:
    """One person's figures in a period; without counted time there is no rank."""

    period: Period
    total_seconds: int
    session_count: int
    rank: int | None
    channels: list[ChannelFigure]


@dataclass(frozen=True)
class ChannelFigures:
    """A channel's figures in a period; `top_users` has at most ten. `known` when a session was ever kept in it."""

    period: Period
    known: bool
    total_seconds: int
    session_count: int
    unique_users: int
    top_users: list[Entry]


@dataclass(frozen=True)
class OccupiedChannel:
    """A tracked channel and who is in it, by id."""

    channel_id: int
    user_ids: list[int]


@dataclass(frozen=True)
class History:
    """A page of archived periods, newest first; `total` counts those that the tier shows."""

    periods: list[Period]
    total: int
    hidden: int


@dataclass(frozen=True)
class SessionLine:
    """A session in a list, and its seconds of presence and of counted time, up to now when it is open."""

    session: ListedSession
    duration_seconds: int
    counted_seconds: int


@dataclass(frozen=True)
class Cursor:
    """The last session of the page before."""

    joined_at: datetime
    session_id: str


async def board_of(
    tx: Tx, *, guild_id: int, number: int | None = None, limit: int = 50, offset: int = 0, now: datetime
) -> Board:
    """Return a page of the board of a period, by default of the current one.

    Raises GuildNotSeen, PeriodNotFound, PeriodHidden.
    """
    guild = await access_guild(tx, guild_id)
    period = await access_period(tx, guild, number)
    if period.policy is not None:
        frozen = await tx.all(FROZEN_PAGE, period_id=period.id, offset=offset, limit=limit)
        return Board(period, period.policy, period.entry_count or 0, frozen)
    summed = RUNNING_BOARD[way_of(guild.fairness)]
    lines = await tx.all(summed, **_summing(guild, period, now), limit=limit, offset=offset)
    # A page behind the last one has no line that could tell how many there are.
    first = lines or await tx.all(summed, **_summing(guild, period, now), limit=1, offset=0)
    return Board(period, guild.fairness, first[0].entries if first else 0, [_entry(line) for line in lines])


async def figures_of_user(
    tx: Tx, *, guild_id: int, user_id: int, number: int | None = None, now: datetime
) -> UserFigures:
    """Return what a person has in a period; zeros for somebody without sessions.

    Raises GuildNotSeen, PeriodNotFound, PeriodHidden.
    """
    guild = await access_guild(tx, guild_id)
    period = await access_period(tx, guild, number)
    policy = period.policy or guild.fairness
    summing = _summing(guild, period, now)
    line: Entry | Line | None
    if period.policy is not None:
        line = await tx.one(FROZEN_LINE, period_id=period.id, user_id=user_id)
    else:
        line = await tx.one(RUNNING_LINE[way_of(policy)], **summing, user_id=user_id)
    if line is None:
        return UserFigures(period, 0, 0, None, [])
    channels = await tx.all(CHANNELS_OF_USER[way_of(policy)], **summing, user_id=user_id)
    counted = [each for each in channels if each.total_seconds]
    return UserFigures(period, line.total_seconds, line.session_count, line.rank, counted)


async def figures_of_channel(
    tx: Tx, *, guild_id: int, channel_id: int, number: int | None = None, now: datetime
) -> ChannelFigures:
    """Return what happened in a channel in a period. Raises GuildNotSeen, PeriodNotFound, PeriodHidden."""
    guild = await access_guild(tx, guild_id)
    period = await access_period(tx, guild, number)
    summed = USERS_OF_CHANNEL[way_of(period.policy or guild.fairness)]
    top = await tx.all(summed, **_summing(guild, period, now), channel_id=channel_id, limit=TOP_OF_CHANNEL)
    if not top:
        return ChannelFigures(period, await _is_known(tx, guild_id, channel_id), 0, 0, 0, [])
    whole = top[0]
    entries = [_entry(line) for line in top]
    return ChannelFigures(period, True, whole.all_seconds, whole.all_sessions, whole.entries, entries)  # noqa: FBT003 (a field among others)


async def _is_known(tx: Tx, guild_id: int, channel_id: int) -> bool:
    listed = await tx.one(TRACKED_CHANNEL, guild_id=guild_id, channel_id=channel_id)
    return bool(listed or await tx.one(IS_CHANNEL_KNOWN, guild_id=guild_id, channel_id=channel_id))


def _summing(guild: Guild, period: Period, now: datetime) -> dict[str, object]:
    minimum = (period.policy or guild.fairness).min_session_seconds
    return {"period_id": period.id, "minimum": minimum, "now": now}


def _entry(line: Line) -> Entry:
    return Entry(line.rank, line.user_id, line.total_seconds, line.session_count)


async def occupancy_of(tx: Tx, *, guild_id: int) -> list[OccupiedChannel]:
    """Return who is in tracked channels as far as is known, the fullest first. Raises GuildNotSeen."""
    rules = await rules_of(tx, await access_guild(tx, guild_id))
    channels: dict[int, list[int]] = {}
    for voice in await tx.all(VOICES, guild_id=guild_id):
        if rules.track(voice.channel_id):
            channels.setdefault(voice.channel_id, []).append(voice.user_id)
    occupied = [OccupiedChannel(channel_id, sorted(people)) for channel_id, people in channels.items()]
    return sorted(occupied, key=lambda each: (-len(each.user_ids), each.channel_id))


async def voices_of(tx: Tx, *, guild_id: int) -> list[Voice]:
    """Return everybody who is in voice in a guild, tracked or not, as far as is known."""
    return await tx.all(VOICES, guild_id=guild_id)


async def tracked_channels_of(tx: Tx, *, guild_id: int) -> list[TrackedChannel]:
    """Return the list that both list modes use, in order of addition."""
    return await tx.all(TRACKED_CHANNELS, guild_id=guild_id)


async def history_of(tx: Tx, *, guild_id: int, limit: int = 50, offset: int = 0) -> History:
    """Return archived periods, newest first, as far as the guild's tier shows them. Raises GuildNotSeen."""
    guild = await access_guild(tx, guild_id)
    current = await access_current_period(tx, guild_id)
    hidden = hidden_archives(guild, current)
    newest = current.number - 1 - offset
    periods = await tx.all(HISTORY, guild_id=guild_id, newest=newest, oldest=hidden, limit=limit)
    return History(periods, current.number - 1 - hidden, hidden)


async def sessions_of(
    tx: Tx,
    *,
    guild_id: int,
    user_id: int | None = None,
    channel_id: int | None = None,
    number: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: Cursor | None = None,
    limit: int = 50,
    now: datetime,
) -> list[SessionLine]:
    """Return a page of sessions that began in [since, until), newest first; a cursor names the page before.

    Sessions of hidden periods are left out. Raises GuildNotSeen, PeriodNotFound, PeriodHidden.
    """
    guild = await access_guild(tx, guild_id)
    first, last = await _shown(tx, guild, number)
    read, named = _listing(user_id, channel_id)
    found = await tx.all(
        read,
        **named,
        guild_id=guild_id,
        since=max(since or EPOCH, first),
        until=min(until or FOREVER, last),
        before_time=cursor.joined_at if cursor else FOREVER,
        before_id=cursor.session_id if cursor else AFTER_ALL_IDS,
        limit=limit,
    )
    return [_line(each, guild.fairness, now) for each in found]


async def line_of(tx: Tx, guild: Guild, *, session_id: str, now: datetime) -> SessionLine:
    """Return a session of a guild that is known to exist, as it stands in a list. Raises LookupError."""
    session = await tx.one(LISTED_SESSION, guild_id=guild.guild_id, session_id=session_id)
    if session is None:
        raise LookupError("a session vanished while it was told of")
    return _line(session, guild.fairness, now)


async def _shown(tx: Tx, guild: Guild, number: int | None) -> tuple[datetime, datetime]:
    """Return between which instants the sessions lie that may be shown: what belongs to a period has begun in it."""
    if number is not None:
        period = await access_period(tx, guild, number)
        return period.started_at, period.ended_at or FOREVER
    hidden = hidden_archives(guild, await access_current_period(tx, guild.guild_id))
    if not hidden:
        return EPOCH, FOREVER
    oldest = await access_period(tx, guild, hidden + 1)
    return oldest.started_at, FOREVER


def _listing(user_id: int | None, channel_id: int | None) -> tuple[Query[ListedSession], dict[str, int]]:
    if user_id is not None and channel_id is not None:
        return SESSIONS_OF_USER_IN_CHANNEL, {"user_id": user_id, "channel_id": channel_id}
    if user_id is not None:
        return SESSIONS_OF_USER, {"user_id": user_id}
    if channel_id is not None:
        return SESSIONS_IN_CHANNEL, {"channel_id": channel_id}
    return SESSIONS, {}


def _line(session: ListedSession, present: Policy, now: datetime) -> SessionLine:
    until = session.left_at or now
    seconds = max((until - session.joined_at) // SECOND, session.stretches[-1][0])
    counted = counted_in_all_ways(session.stretches, seconds)[way_of(session.policy or present)]
    return SessionLine(session, seconds, counted)


async def period_of(tx: Tx, *, guild_id: int, number: int | None = None) -> Period:
    """Return a period by its number, or the current one. Raises GuildNotSeen, PeriodNotFound, PeriodHidden."""
    return await access_period(tx, await access_guild(tx, guild_id), number)


async def last_archive_of(tx: Tx, *, guild_id: int) -> Period:
    """Return the newest archived period. Raises GuildNotSeen, PeriodNotFound when nothing is archived yet."""
    current = await access_current_period(tx, guild_id)
    if current.number == 1:
        raise PeriodNotFound
    return await period_of(tx, guild_id=guild_id, number=current.number - 1)
