"""The board of a period, and the figures of one person and of one channel in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

import msgspec

from guildhall.core.db import Tx
from guildhall.domains import attendance
from guildhall.domains.attendance import Board, Cursor, Period, SessionLine
from guildhall.domains.attendance.errors import ChannelNotFound
from guildhall.evidence.formats import instant
from guildhall.panel.forms import show
from guildhall.panel.guild_door import MANAGE, Place, place_of, snowflake
from guildhall.panel.guild_heatmap import drawn
from guildhall.panel.guild_overview import rooms_of
from guildhall.panel.guild_people import members_of
from guildhall.panel.guild_words import ENDINGS, policy_words
from guildhall.panel.guilds import GUILD, guild_page
from guildhall.web.answers import Answer
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House

BOARD: Final = GUILD + "/board"
PER_BOARD: Final = 50
PER_LIST: Final = 20
CHOICES: Final = 12
"""How many archived periods the choice offers; older ones are reached step by step, or from the archive."""

LARGEST: Final = 2**31 - 1
Number = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]


class OfBoard(QueryString, frozen=True, kw_only=True):
    """Which page of the board of which period; without a number, of the current one."""

    period: Number | None = None
    page: Annotated[int, msgspec.Meta(ge=1, le=LARGEST // PER_BOARD)] = 1


class OfPeriod(QueryString, frozen=True, kw_only=True):
    """Which period, and the last session of the page before."""

    period: Number | None = None
    before: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    session: str = ""

    @property
    def cursor(self) -> Cursor | None:
        """The last session of the page before."""
        return Cursor(self.before, self.session) if self.before else None


@dataclass(frozen=True)
class Choice:
    """The period that a page is about, its neighbours as far as they are shown, and the newest to choose from."""

    period: Period
    older: int | None
    newer: int | None
    numbers: list[int]


@dataclass(frozen=True)
class ListedSession:
    """A session as it is listed; `ended` says why it did, empty while it is open."""

    line: SessionLine
    channel: str
    channel_path: str
    ended: str


@show(BOARD, permission=MANAGE, transaction="none")
async def show_board(query: OfBoard, call: Call, house: House) -> Answer:
    """Show who was there most in a period."""
    place, now = place_of(call), house.clock.now()
    offset = (query.page - 1) * PER_BOARD
    async with house.database.read() as tx:
        guild = await attendance.access_guild(tx, place.guild_id)
        board = await attendance.board_of(
            tx, guild_id=place.guild_id, number=query.period, limit=PER_BOARD, offset=offset, now=now
        )
        choice = await _choice(tx, place, board.period)
        most = await _most(tx, place, board, offset, now)
        voices = await attendance.voices_of(tx, guild_id=place.guild_id)
    members = await members_of(house, place, [each.user_id for each in board.entries])
    return guild_page(
        call,
        "guild_board.html",
        guild,
        title="Leaderboard",
        board=board,
        choice=choice,
        policy=policy_words(board.policy),
        lines=[(each, members[each.user_id]) for each in board.entries],
        most=most,
        page_number=query.page,
        more=offset + PER_BOARD < board.total,
        present={voice.user_id for voice in voices},
    )


@show(BOARD + "/people/{user_id}", permission=MANAGE, transaction="none")
async def show_person(user_id: str, query: OfPeriod, call: Call, house: House) -> Answer:
    """Show one person's figures, and their sessions."""
    place, now, person = place_of(call), house.clock.now(), snowflake(user_id)
    async with house.database.read() as tx:
        guild = await attendance.access_guild(tx, place.guild_id)
        figures = await attendance.figures_of_user(
            tx, guild_id=place.guild_id, user_id=person, number=query.period, now=now
        )
        lines = await attendance.sessions_of(
            tx,
            guild_id=place.guild_id,
            user_id=person,
            number=figures.period.number,
            cursor=query.cursor,
            limit=PER_LIST + 1,
            now=now,
        )
        heat = await attendance.heatmap_of(tx, guild_id=place.guild_id, user_id=person, now=now)
        choice = await _choice(tx, place, figures.period)
    member = (await members_of(house, place, [person]))[person]
    return guild_page(
        call,
        "guild_person.html",
        guild,
        title=member.name,
        member=member,
        figures=figures,
        channels=[
            (each, place.channel_name(each.channel_id), f"{place.path}/board/channels/{each.channel_id}")
            for each in figures.channels
        ],
        choice=choice,
        sessions=[_listed(place, each) for each in lines[:PER_LIST]],
        before=lines[PER_LIST - 1].session if len(lines) > PER_LIST else None,
        written=instant,
        heat=drawn(heat),
    )


@show(BOARD + "/channels/{channel_id}", permission=MANAGE, transaction="none")
async def show_channel(channel_id: str, query: OfPeriod, call: Call, house: House) -> Answer:
    """Show one channel's figures, and who is in it now."""
    place, channel = place_of(call), snowflake(channel_id)
    async with house.database.read() as tx:
        guild = await attendance.access_guild(tx, place.guild_id)
        figures = await attendance.figures_of_channel(
            tx, guild_id=place.guild_id, channel_id=channel, number=query.period, now=house.clock.now()
        )
        occupied = await attendance.occupancy_of(tx, guild_id=place.guild_id)
        voices = await attendance.voices_of(tx, guild_id=place.guild_id)
        choice = await _choice(tx, place, figures.period)
    if not figures.known and channel not in place.channels:
        raise ChannelNotFound
    members = await members_of(house, place, [each.user_id for each in figures.top_users])
    return guild_page(
        call,
        "guild_channel.html",
        guild,
        title=place.channel_name(channel),
        figures=figures,
        top=[(each, members[each.user_id]) for each in figures.top_users],
        choice=choice,
        channels=await rooms_of(house, place, [each for each in occupied if each.channel_id == channel], voices),
    )


async def _choice(tx: Tx, place: Place, period: Period) -> Choice:
    history = await attendance.history_of(tx, guild_id=place.guild_id, limit=CHOICES)
    current = history.total + history.hidden + 1
    number = period.number
    return Choice(
        period,
        number - 1 if number - 1 > history.hidden else None,
        number + 1 if number < current else None,
        [current, *(each.number for each in history.periods)],
    )


async def _most(tx: Tx, place: Place, board: Board, offset: int, now: datetime) -> int:
    """Return the seconds of the first on the board, which all others are measured against."""
    first = board.entries
    if offset:
        whole = await attendance.board_of(
            tx, guild_id=place.guild_id, number=board.period.number, limit=1, offset=0, now=now
        )
        first = whole.entries
    return first[0].total_seconds if first else 1


def _listed(place: Place, line: SessionLine) -> ListedSession:
    session = line.session
    path = f"{place.path}/board/channels/{session.channel_id}"
    ended = ENDINGS[session.end_reason] if session.end_reason else ""
    return ListedSession(line, place.channel_name(session.channel_id), path, ended)
