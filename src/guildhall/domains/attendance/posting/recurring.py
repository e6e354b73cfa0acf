"""The board that comes at fixed times: every hour, day, week or month, as the guild's schedule places them."""

from datetime import datetime

from msgspec.structs import replace
from sqlalchemy import bindparam, update

from guildhall.core.db import Tx, command
from guildhall.domains.attendance.boards import board_of
from guildhall.domains.attendance.policy import access_current_period, access_guild
from guildhall.domains.attendance.posting.models import (
    Destination,
    Frequency,
    Leaderboard,
    LogTypes,
    attendance_destinations,
    new_post,
)
from guildhall.domains.attendance.posting.queries import DUE_BOARDS
from guildhall.domains.attendance.posting.queueing import TOP, line_of
from guildhall.domains.attendance.queries import FROZEN_PAGE, PERIOD
from guildhall.domains.attendance.schedules import Anchor, Interval, Schedule, next_border

PASS_ON = command(
    update(attendance_destinations)
    .where(
        attendance_destinations.c.id == bindparam("destination"),
        attendance_destinations.c.board_due_at == bindparam("due"),
    )
    .values(board_due_at=bindparam("next_due"))
)


def next_board(schedule: Schedule, types: LogTypes, frequency: Frequency, after: datetime) -> datetime | None:
    """Return when the board is posted next, None when it is not wanted."""
    if not types.leaderboard or frequency is Frequency.OFF:
        return None
    rhythm = replace(schedule, interval=Interval(frequency.value), anchor=Anchor.CALENDAR)
    return next_border(rhythm, after, after)


async def due_boards(tx: Tx, *, now: datetime, limit: int = 500) -> list[Destination]:
    """Return destinations whose time for a board has come, the longest due first."""
    return await tx.all(DUE_BOARDS, now=now, limit=limit)


async def queue_board(tx: Tx, destination: Destination, *, now: datetime) -> None:
    """Queue the board that is due, once, however many times of it were missed.

    A period whose border has passed is archived first: nothing happens until then. Raises GuildNotSeen.
    """
    guild = await access_guild(tx, destination.guild_id)
    period = await access_current_period(tx, guild.guild_id)
    if period.is_due(now):
        return
    following = next_board(guild.schedule, destination.types, destination.frequency, now)
    if await tx.run(PASS_ON, destination=destination.id, due=destination.board_due_at, next_due=following) == 0:
        return
    board = await _board_for(tx, destination, now)
    if board is not None:
        await tx.insert(new_post(destination, board, now))


async def _board_for(tx: Tx, destination: Destination, now: datetime) -> Leaderboard | None:
    """Return the board of the current period; at the very border of two periods, that of the one which ended there.

    Whoever gets the final boards anyway needs it no second time.
    """
    page = await board_of(tx, guild_id=destination.guild_id, limit=TOP, now=now)
    period = page.period
    if destination.board_due_at is not None and period.started_at >= destination.board_due_at and period.number > 1:
        if destination.types.period_reset:
            return None
        archived = await tx.one(PERIOD, guild_id=destination.guild_id, number=period.number - 1)
        if archived is not None:
            top = await tx.all(FROZEN_PAGE, period_id=archived.id, offset=0, limit=TOP)
            people, lines = archived.entry_count or 0, [line_of(each) for each in top]
            return Leaderboard(archived.number, archived.started_at, archived.ended_at, people, lines)
    return Leaderboard(period.number, period.started_at, None, page.total, [line_of(each) for each in page.entries])
