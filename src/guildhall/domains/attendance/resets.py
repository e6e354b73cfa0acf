"""The end of a period and the beginning of the next, in one transaction that holds the guild's turn."""

from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy import bindparam, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.domains import audit
from guildhall.domains.attendance.errors import PeriodNotFound
from guildhall.domains.attendance.models import EndReason, Guild, Period, Session, attendance_guilds
from guildhall.domains.attendance.policy import access_current_period, access_guild_to_change, is_live, not_before
from guildhall.domains.attendance.queries import DUE_GUILDS, OPEN_SESSIONS, PERIOD, PERIOD_BY_ID
from guildhall.domains.attendance.scene import Scene
from guildhall.domains.attendance.schedules import latest_border
from guildhall.domains.attendance.states import counted_in_all_ways, way_of
from guildhall.domains.attendance.tracking import cut, end_all
from guildhall.domains.attendance.writing import (
    archive_period,
    end_sessions,
    insert_session,
    open_period,
    put_into_period,
    write_changes,
)

UNWATCH = command(
    update(attendance_guilds)
    .where(attendance_guilds.c.guild_id == bindparam("of_guild"))
    .values(watched=False, witnessed_until=bindparam("until"))
)


@dataclass(frozen=True)
class Reset:
    """What a reset came to: the archive, if there is one, and the period that is current after it.

    `reset` is False when nothing was ended, because the current period had begun in that very second.
    """

    reset: bool
    archived: Period | None
    period: Period


def known_up_to(guild: Guild, at: datetime) -> Guild:
    """Return the guild as somebody knows it who sees at this instant what happens in it."""
    return replace(guild, witnessed_until=at)


async def due_guilds(tx: Tx, *, now: datetime, limit: int = 100) -> list[int]:
    """Return guilds whose current period has passed its border, the longest due first."""
    return await tx.all(DUE_GUILDS, now=now, limit=limit)


async def reset_if_due(tx: Tx, *, guild_id: int, now: datetime, scene: Scene, watching: bool = False) -> Period:
    """End the guild's period if its border has passed, and return the period that is current then.

    Whoever needs the period first does this; for everybody after, it is done. While people are in voice and nobody has
    seen whether they reached the border, it waits until that is known or the longest gap has passed; whoever is
    `watching` the guild over an open connection knows at once. Raises GuildNotSeen.
    """
    period = await access_current_period(tx, guild_id)
    if not period.is_due(now):
        return period
    guild = await access_guild_to_change(tx, guild_id)
    period = await access_current_period(tx, guild_id)
    at = not_before(guild, period, now)
    return await pass_borders(tx, known_up_to(guild, at) if watching else guild, period, at=at, scene=scene)


async def pass_borders(tx: Tx, guild: Guild, period: Period, *, at: datetime, scene: Scene) -> Period:
    """End every period whose border has passed, if it is known who reached it, and return the current one.

    The guild's turn must be held. Periods in which nobody was are not made.
    """
    while period.ends_at is not None and period.is_due(at):
        sessions = await tx.all(OPEN_SESSIONS, guild_id=guild.guild_id)
        witnessed = guild.witnessed_until or period.started_at
        if sessions and witnessed < period.ends_at:
            if at - witnessed <= scene.max_gap:
                break
            await end_lost(tx, scene, guild, period, now=at)
            sessions = []
        _, period = await end_period(tx, scene, guild, period, sessions, border=period.ends_at, at=at)
    return period


async def reset_now(
    tx: Tx, actor: Actor, *, guild_id: int, period_id: str | None = None, now: datetime, scene: Scene
) -> Reset:
    """End the current period at this second.

    `period_id` is the period that the caller saw when they asked: if it has ended since, that is their answer, so that
    calls which wait for one another all tell of the same archive. Raises GuildNotSeen, and PeriodNotFound for a period
    of another guild.
    """
    guild = await access_guild_to_change(tx, guild_id)
    period = await access_current_period(tx, guild_id)
    asked = period_id or period.id
    at = not_before(guild, period, now)
    live = is_live(guild, at)
    guild = known_up_to(guild, at) if live else guild
    period = await pass_borders(tx, guild, period, at=at, scene=scene)
    if period.id == asked and period.started_at >= at:
        last = await tx.one(PERIOD, guild_id=guild_id, number=period.number - 1)
        return Reset(reset=False, archived=last, period=period)
    if period.id == asked and not live:
        # An archive is final: nobody can be counted up to a border that nobody saw them reach.
        await end_lost(tx, scene, guild, period, now=at)
        period = await pass_borders(tx, guild, period, at=at, scene=scene)
    if period.id == asked:
        sessions = await tx.all(OPEN_SESSIONS, guild_id=guild_id)
        archived, period = await end_period(tx, scene, guild, period, sessions, border=at, at=at)
        await audit.record(tx, actor, "attendance.reset", str(guild_id), now=now, period=archived.number)
        return Reset(reset=True, archived=archived, period=period)
    ended = await tx.one(PERIOD_BY_ID, guild_id=guild_id, period_id=asked)
    if ended is None:
        raise PeriodNotFound
    return Reset(reset=True, archived=ended, period=period)


async def end_period(
    tx: Tx, scene: Scene, guild: Guild, period: Period, sessions: list[Session], *, border: datetime, at: datetime
) -> tuple[Period, Period]:
    """Archive a period at a border, and open the one that people who are still there go on in, or the latest one."""
    before = [session for session in sessions if session.joined_at < border]
    after = [session for session in sessions if session.joined_at >= border]
    next_id = ids.uuid()
    parts = [_cut(session, border, guild, next_id) for session in before]
    await end_sessions(tx, scene, [first for first, _ in parts], guild_id=guild.guild_id, now=at)
    archived = await archive_period(tx, scene, guild, period, ended_at=border, now=at)
    starts_at = border if sessions else latest_border(guild.schedule, border, at)
    period = await open_period(tx, guild, new_id=next_id, number=period.number + 1, started_at=starts_at)
    for _, second in parts:
        await insert_session(tx, second)
    await put_into_period(tx, after, period.id)
    tx.announce("attendance", guild_id=str(guild.guild_id))
    return archived, period


def _cut(session: Session, border: datetime, guild: Guild, next_id: str) -> tuple[Session, Session]:
    counted = counted_in_all_ways(session.stretches, session.second(border))[way_of(guild.fairness)]
    carried = session.carried + counted
    return cut(session, border, new_id=ids.uuid(), period_id=next_id, carried=carried)


async def end_lost(tx: Tx, scene: Scene, guild: Guild, period: Period, *, now: datetime) -> None:
    """End all open sessions of a guild where it was last heard of.

    From then on the guild counts as not watched: whoever thinks they watch it must tell who is there now.
    """
    sessions = await tx.all(OPEN_SESSIONS, guild_id=guild.guild_id)
    lost = end_all(sessions, guild.witnessed_until or period.started_at, EndReason.GAP)
    await write_changes(tx, scene, lost, guild_id=guild.guild_id, period_id=period.id, now=now)
    await tx.run(UNWATCH, of_guild=guild.guild_id, until=guild.witnessed_until)
