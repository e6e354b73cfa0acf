"""Reads of attendance. Those of figures cost the period or the days asked for, whatever lies before them."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    text,
    tuple_,
    type_coerce,
    union_all,
)

from guildhall.core.db import JsonDoc, UtcTime, query
from guildhall.domains.attendance.models import (
    COUNTED,
    EndReason,
    Guild,
    OutsideSession,
    Period,
    Session,
    TrackedChannel,
    Voice,
    attendance_board_entries as board_entries,
    attendance_guilds as guilds,
    attendance_outside_sessions as outside_sessions,
    attendance_periods as periods,
    attendance_presences as presences,
    attendance_sessions as sessions,
    attendance_tracked_channels as tracked_channels,
)
from guildhall.domains.attendance.records import BoardEntry, Policy
from guildhall.domains.attendance.states import WAYS, Stretches

_of_guild = bindparam("guild_id", type_=BigInteger)
_guild = select(*(guilds.c[name] for name in Guild.__struct_fields__)).where(guilds.c.guild_id == _of_guild)
GUILD = query(Guild, _guild)
GUILDS = query(
    Guild,
    select(guilds)
    .where(guilds.c.guild_id > bindparam("after", type_=BigInteger))
    .order_by(guilds.c.guild_id)
    .limit(bindparam("limit")),
)
# Whatever changes something in a guild takes its turn at this row.
GUILD_LOCKED = query(Guild, _guild.with_for_update(key_share=True))

_guilds_json = bindparam("guilds", type_=JsonDoc)
AMONG_GUILDS = {
    "postgresql": text("guild_id = ANY(ARRAY(SELECT CAST(jsonb_array_elements_text(:guilds) AS BIGINT)))").bindparams(
        _guilds_json
    ),
    "sqlite": text("guild_id IN (SELECT value FROM json_each(:guilds))").bindparams(_guilds_json),
}
"""Which guilds are meant, as one JSON list, because a statement has a fixed number of parameters."""
WITNESSED = {
    engine: query(
        int,
        select(guilds.c.guild_id).where(among, guilds.c.watched, guilds.c.witnessed_until >= bindparam("since")),
    )
    for engine, among in AMONG_GUILDS.items()
}

_listed = tracked_channels.c.guild_id == _of_guild
LISTED = query(int, select(tracked_channels.c.channel_id).where(_listed))
TRACKED_CHANNELS = query(
    TrackedChannel,
    select(tracked_channels).where(_listed).order_by(tracked_channels.c.added_at, tracked_channels.c.channel_id),
)
TRACKED_CHANNEL = query(
    TrackedChannel, select(tracked_channels).where(_listed, tracked_channels.c.channel_id == bindparam("channel_id"))
)

_voices = select(presences.c.user_id, presences.c.channel_id, presences.c.state).where(
    presences.c.guild_id == _of_guild
)
VOICES = query(Voice, _voices)
_elsewhere = presences.alias()
# Everybody in the channel that a person is in, and in the one they go to.
VOICES_AROUND = query(
    Voice,
    _voices.where(
        presences.c.channel_id.in_(
            select(_elsewhere.c.channel_id)
            .where(_elsewhere.c.guild_id == _of_guild, _elsewhere.c.user_id == bindparam("user_id"))
            .union_all(select(bindparam("channel_id", type_=BigInteger)))
        )
    ),
)

PERIOD_COLUMNS = [periods.c[name] for name in Period.__struct_fields__]
_periods = select(*PERIOD_COLUMNS).where(periods.c.guild_id == _of_guild)
CURRENT_PERIOD = query(Period, _periods.where(periods.c.ended_at.is_(None)))
PERIOD = query(Period, _periods.where(periods.c.number == bindparam("number")))
PERIOD_BY_ID = query(Period, _periods.where(periods.c.id == bindparam("period_id")))
HISTORY = query(
    Period,
    _periods.where(periods.c.number <= bindparam("newest"), periods.c.number > bindparam("oldest"))
    .order_by(periods.c.number.desc())
    .limit(bindparam("limit", type_=Integer)),
)
DUE_GUILDS = query(
    int,
    select(periods.c.guild_id)
    .where(periods.c.ended_at.is_(None), periods.c.ends_at <= bindparam("now"))
    .order_by(periods.c.ends_at)
    .limit(bindparam("limit", type_=Integer)),
)


class PolicyOfPeriod(msgspec.Struct, frozen=True):
    """The policy that is frozen with a period, none for the current one."""

    id: str
    policy: Policy | None


_these = {
    "postgresql": text("id = ANY(ARRAY(SELECT jsonb_array_elements_text(:ids)))"),
    "sqlite": text("id IN (SELECT value FROM json_each(:ids))"),
}
POLICIES = {
    engine: query(
        PolicyOfPeriod,
        select(periods.c.id, periods.c.policy).where(these.bindparams(bindparam("ids", type_=JsonDoc))),
    )
    for engine, these in _these.items()
}

SESSION_COLUMNS = [sessions.c[name] for name in Session.__struct_fields__]
_open = (sessions.c.guild_id == _of_guild, sessions.c.left_at.is_(None))
OPEN_SESSIONS = query(Session, select(*SESSION_COLUMNS).where(*_open).order_by(sessions.c.user_id))
_some = {
    "postgresql": text("user_id = ANY(ARRAY(SELECT CAST(jsonb_array_elements_text(:people) AS BIGINT)))"),
    "sqlite": text("user_id IN (SELECT value FROM json_each(:people))"),
}
OPEN_SESSIONS_OF = {
    engine: query(Session, select(*SESSION_COLUMNS).where(*_open, some.bindparams(bindparam("people", type_=JsonDoc))))
    for engine, some in _some.items()
}
# A short index of guilds by when they were last heard of, and an open session of each.
LOST_GUILDS = query(
    int,
    select(guilds.c.guild_id)
    .where(
        guilds.c.witnessed_until < bindparam("before"),
        select(sessions.c.id).where(sessions.c.guild_id == guilds.c.guild_id, sessions.c.left_at.is_(None)).exists(),
    )
    .limit(bindparam("limit", type_=Integer)),
)
IS_CHANNEL_KNOWN = query(
    int,
    select(literal_column("1", Integer))
    .where(sessions.c.guild_id == _of_guild, sessions.c.channel_id == bindparam("channel_id"))
    .limit(1),
)
OVERLAP = query(
    str,
    select(sessions.c.id)
    .where(
        sessions.c.guild_id == _of_guild,
        sessions.c.user_id == bindparam("user_id"),
        sessions.c.joined_at >= bindparam("earliest"),
        sessions.c.joined_at < bindparam("until"),
        or_(sessions.c.left_at.is_(None), sessions.c.left_at > bindparam("since")),
    )
    .limit(1),
)
OUTSIDE_SESSION = query(
    OutsideSession, select(outside_sessions).where(outside_sessions.c.external_id == bindparam("external_id"))
)


class HashOfSession(msgspec.Struct, frozen=True):
    """The hash of a closed session's second bytes."""

    id: str
    hash_v2: str


HASHES = query(
    HashOfSession,
    select(sessions.c.id, sessions.c.hash_v2).where(
        sessions.c.period_id == bindparam("period_id"), sessions.c.left_at.is_not(None)
    ),
)


# ------------------------------------------------------------------------------------------------ boards

_now = bindparam("now", required=True, type_=UtcTime())
_minimum = bindparam("minimum", required=True, type_=Integer)
_was_cut_off = sessions.c.end_reason == literal_column("'reset'")
_of_period = sessions.c.period_id == bindparam("period_id")


def _fixed(value: int) -> ColumnElement[int]:
    """Return a number that stands in the text, because an insert that reads takes no constants but its parameters."""
    return literal_column(str(value), Integer)


def _live(way: int) -> ColumnElement[int]:
    """Return the counted seconds of a session up to now: what is summed, and what has run since if the way runs on."""
    runs = (sessions.c.paused.bitwise_and(_fixed(1 << way)) == _fixed(0)) & (sessions.c.counted_until < _now)
    since: ColumnElement[int] = _now.op("-", return_type=BigInteger())(sessions.c.counted_until)
    return sessions.c[COUNTED[way]] + case((runs, since // _fixed(1_000_000)), else_=_fixed(0))


def _figures(way: int, *by: ColumnElement[Any]) -> Select[Any]:
    """Return the sums of the sessions that are not dropped.

    A part that a reset cut off is never dropped; any other is judged with what its visit counted before.
    """
    live = _live(way)
    stays = or_(_was_cut_off, sessions.c.carried + live >= _minimum)
    counts = stays & (live > _fixed(0))
    return select(
        *by,
        cast(func.sum(case((stays, live), else_=_fixed(0))), BigInteger).label("total_seconds"),
        cast(func.sum(case((counts, _fixed(1)), else_=_fixed(0))), BigInteger).label("session_count"),
    ).group_by(*by)


def _ranked(figures: Select[Any]) -> Select[Any]:
    each = figures.subquery()
    down = each.c.total_seconds.desc()
    return select(
        func.row_number().over(order_by=(down, each.c.user_id)).label("position"),
        func.rank().over(order_by=down).label("rank"),
        each.c.user_id,
        each.c.total_seconds,
        each.c.session_count,
        func.count().over().label("entries"),
        cast(func.sum(each.c.total_seconds).over(), BigInteger).label("all_seconds"),
        cast(func.sum(each.c.session_count).over(), BigInteger).label("all_sessions"),
    ).where(each.c.total_seconds > _fixed(0))


class Line(msgspec.Struct, frozen=True):
    """A line of a board, with the figures of the whole board beside it."""

    rank: int
    user_id: int
    total_seconds: int
    session_count: int
    entries: int
    all_seconds: int
    all_sessions: int


class ChannelFigure(msgspec.Struct, frozen=True):
    """What one person's sessions in a channel come to."""

    channel_id: int
    total_seconds: int
    session_count: int


_boards = [_ranked(_figures(way, sessions.c.user_id).where(_of_period)).subquery() for way in WAYS]
_line_names = Line.__struct_fields__
RUNNING_BOARD = [
    query(
        Line,
        select(*(board.c[name] for name in _line_names))
        .order_by(board.c.position)
        .limit(bindparam("limit", type_=Integer))
        .offset(bindparam("offset", type_=Integer)),
    )
    for board in _boards
]
RUNNING_LINE = [
    query(Line, select(*(board.c[name] for name in _line_names)).where(board.c.user_id == bindparam("user_id")))
    for board in _boards
]
FINAL_BOARD = [
    select(
        bindparam("period_id", type_=Text).label("period_id"),
        *(board.c[name] for name in ("position", "rank", "user_id", "total_seconds", "session_count")),
    )
    for board in _boards
]
"""Not yet statements: what `freeze` writes down when a period ends, for each way to count."""

CHANNELS_OF_USER = [
    query(
        ChannelFigure,
        _figures(way, sessions.c.channel_id)
        .where(_of_period, sessions.c.user_id == bindparam("user_id"))
        .order_by(text("total_seconds DESC"), sessions.c.channel_id),
    )
    for way in WAYS
]
_channels = [
    _ranked(
        _figures(way, sessions.c.user_id).where(_of_period, sessions.c.channel_id == bindparam("channel_id"))
    ).subquery()
    for way in WAYS
]
USERS_OF_CHANNEL = [
    query(
        Line,
        select(*(channel.c[name] for name in _line_names))
        .order_by(channel.c.position)
        .limit(bindparam("limit", type_=Integer)),
    )
    for channel in _channels
]

_entries = select(
    board_entries.c.rank, board_entries.c.user_id, board_entries.c.total_seconds, board_entries.c.session_count
).where(board_entries.c.period_id == bindparam("period_id"))


class Entry(msgspec.Struct, frozen=True):
    """A line of a frozen board."""

    rank: int
    user_id: int
    total_seconds: int
    session_count: int

    def for_the_record(self) -> BoardEntry:
        """Return the line as it is signed."""
        return BoardEntry(self.rank, self.user_id, self.total_seconds, self.session_count)


FROZEN_BOARD = query(Entry, _entries.order_by(board_entries.c.position))
FROZEN_PAGE = query(
    Entry,
    _entries.where(board_entries.c.position > bindparam("offset"))
    .order_by(board_entries.c.position)
    .limit(bindparam("limit", type_=Integer)),
)
FROZEN_LINE = query(Entry, _entries.where(board_entries.c.user_id == bindparam("user_id")))


# ------------------------------------------------------------------------------------------------ sessions


class Attended(msgspec.Struct, frozen=True, gc=False):
    """What a heatmap needs of a session. Its instants stay microseconds since 1970: there are many, to be summed."""

    user_id: int
    period_id: str
    joined_at: int
    left_at: int | None
    end_reason: EndReason | None
    carried: int
    stretches: Stretches


_attended = select(
    *(
        type_coerce(sessions.c[name], BigInteger).label(name) if name.endswith("_at") else sessions.c[name]
        for name in Attended.__struct_fields__
    )
)
_filters = (
    or_(bindparam("user_id", type_=BigInteger).is_(None), sessions.c.user_id == bindparam("user_id", type_=BigInteger)),
    or_(
        bindparam("channel_id", type_=BigInteger).is_(None),
        sessions.c.channel_id == bindparam("channel_id", type_=BigInteger),
    ),
)
# Two parts, because no index knows of an open end that it lies after everything.
ATTENDED_SINCE = query(
    Attended,
    union_all(
        _attended.where(sessions.c.guild_id == _of_guild, sessions.c.left_at > bindparam("since"), *_filters),
        _attended.where(*_open, *_filters),
    ),
)

ATTENDED_BY = query(
    Attended,
    _attended.where(
        sessions.c.guild_id == _of_guild,
        sessions.c.user_id == bindparam("user_id", type_=BigInteger),
        sessions.c.joined_at > bindparam("since"),
    ),
)


class ListedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session with the number and the frozen policy of its period."""

    id: str
    user_id: int
    channel_id: int
    period_id: str
    number: int
    policy: Policy | None
    joined_at: datetime
    left_at: datetime | None
    end_reason: EndReason | None
    source: str
    continued_from: str | None
    signing_state: str
    stretches: Stretches


_lines = (
    select(
        *(sessions.c[name] for name in ListedSession.__struct_fields__ if name not in ("number", "policy")),
        periods.c.number,
        periods.c.policy,
    )
    .join_from(sessions, periods, periods.c.id == sessions.c.period_id)
    .where(sessions.c.guild_id == _of_guild)
)
_listing = (
    _lines.where(
        sessions.c.joined_at >= bindparam("since"),
        sessions.c.joined_at < bindparam("until"),
        # Said twice: the first bounds the index by what both engines understand, the second is exact.
        sessions.c.joined_at <= bindparam("before_time"),
        tuple_(sessions.c.joined_at, sessions.c.id)
        < tuple_(bindparam("before_time", type_=UtcTime()), bindparam("before_id", type_=Text())),
    )
    .order_by(sessions.c.joined_at.desc(), sessions.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)
_by_user = sessions.c.user_id == bindparam("user_id")
_by_channel = sessions.c.channel_id == bindparam("channel_id")
SESSIONS = query(ListedSession, _listing)
LISTED_SESSION = query(ListedSession, _lines.where(sessions.c.id == bindparam("session_id")))
SESSIONS_OF_USER = query(ListedSession, _listing.where(_by_user))
SESSIONS_IN_CHANNEL = query(ListedSession, _listing.where(_by_channel))
SESSIONS_OF_USER_IN_CHANNEL = query(ListedSession, _listing.where(_by_user, _by_channel))
SESSION = query(
    Session, select(*SESSION_COLUMNS).where(sessions.c.guild_id == _of_guild, sessions.c.id == bindparam("session_id"))
)
