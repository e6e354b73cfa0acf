"""What the one who watches a guild tells: who is where, what changed, that all is well, that it is over.

One process watches a guild at a time, and tells things in the order in which it learns them. Each verb is one
transaction that holds the guild's turn.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, update
from sqlalchemy.dialects.postgresql import insert

from guildhall.core import ids
from guildhall.core.db import Tx, command, insert_if_new
from guildhall.domains.attendance.models import (
    EndReason,
    Guild,
    Period,
    Tier,
    Voice,
    attendance_guilds,
    attendance_presences,
    fields_of,
    whole_second,
)
from guildhall.domains.attendance.policy import (
    access_current_period,
    access_guild_to_change,
    is_live,
    not_before,
    rules_of,
)
from guildhall.domains.attendance.queries import (
    AMONG_GUILDS,
    LOST_GUILDS,
    OPEN_SESSIONS,
    OPEN_SESSIONS_OF,
    VOICES,
    VOICES_AROUND,
    WITNESSED,
)
from guildhall.domains.attendance.resets import UNWATCH, end_lost, known_up_to, pass_borders
from guildhall.domains.attendance.scene import Scene
from guildhall.domains.attendance.states import OPEN_MICROPHONE
from guildhall.domains.attendance.tracking import Rules, align, bridge, company_in, concerned, end_all
from guildhall.domains.attendance.writing import open_period, write_changes

SEE = insert_if_new(attendance_guilds)
_guild = attendance_guilds.c.guild_id == bindparam("of_guild")
WITNESS = command(update(attendance_guilds).where(_guild).values(witnessed_until=bindparam("until")))
WATCH = command(
    update(attendance_guilds)
    .where(_guild)
    .values(watched=True, witnessed_until=bindparam("until"), afk_channel_id=bindparam("afk"))
)
CHECKPOINT = {
    engine: command(
        update(attendance_guilds)
        .where(
            among,
            attendance_guilds.c.watched,
            attendance_guilds.c.witnessed_until >= bindparam("earliest"),
            attendance_guilds.c.witnessed_until < bindparam("until"),
        )
        .values(witnessed_until=bindparam("until"))
    )
    for engine, among in AMONG_GUILDS.items()
}
SET_AFK = command(
    update(attendance_guilds).where(_guild).values(afk_channel_id=bindparam("afk"), witnessed_until=bindparam("until"))
)
_new = insert(attendance_presences)
ARRIVE = command(
    _new.on_conflict_do_update(
        index_elements=[attendance_presences.c.guild_id, attendance_presences.c.user_id],
        set_={"channel_id": _new.excluded.channel_id, "state": _new.excluded.state},
    )
)
DEPART = command(
    delete(attendance_presences).where(
        attendance_presences.c.guild_id == bindparam("guild_id"), attendance_presences.c.user_id == bindparam("user_id")
    )
)
ALL_DEPART = command(delete(attendance_presences).where(attendance_presences.c.guild_id == bindparam("guild_id")))


@dataclass(frozen=True)
class Seen:
    """A voice connection as Discord tells of it; without a channel the person is not in voice.

    `state` joins members of `State`; whether somebody is alone is found out here.
    """

    user_id: int
    channel_id: int | None
    state: int = OPEN_MICROPHONE
    bot: bool = False


@dataclass(frozen=True)
class Heard:
    """What was told of a voice connection, and when."""

    seen: Seen
    at: datetime


@dataclass(frozen=True)
class Picture:
    """Everybody who is in voice in a guild, and which channel is for those who are away."""

    connections: Sequence[Seen] = ()
    afk_channel_id: int | None = None

    @property
    def voices(self) -> list[Voice]:
        """The people among them; bots are never tracked and keep nobody company."""
        return [
            Voice(each.user_id, each.channel_id, each.state)
            for each in self.connections
            if each.channel_id is not None and not each.bot
        ]


async def see_guild(tx: Tx, *, guild_id: int, tier: Tier = Tier.PRO, now: datetime) -> bool:
    """Get to know a guild: nothing is tracked yet, and its first period begins. False when it is known already."""
    guild = Guild(guild_id=guild_id, tier=tier, seen_at=whole_second(now))
    if await tx.run(SEE, **fields_of(guild)) == 0:
        return False
    await open_period(tx, guild, new_id=ids.uuid(), number=1, started_at=guild.seen_at)
    return True


async def take_picture(
    tx: Tx, *, guild_id: int, picture: Picture, tier: Tier = Tier.PRO, now: datetime, scene: Scene
) -> None:
    """Begin to watch a guild, or know again all about it after a gap: sessions go on, have ended, or begin.

    A gap is what lies between the instant up to which the guild was witnessed and now. A guild that was never seen
    becomes known, with that tier.
    """
    await see_guild(tx, guild_id=guild_id, tier=tier, now=now)
    guild, period, at = await _turn(tx, guild_id, now)
    # A border before the gap comes first: what the gap ends lies behind it.
    period = await pass_borders(tx, guild, period, at=at, scene=scene)
    if _is_lost(guild, at, scene.max_gap):
        await end_lost(tx, scene, guild, period, now=at)
    else:
        sessions = await tx.all(OPEN_SESSIONS, guild_id=guild_id)
        bridged = bridge(sessions, picture.voices, guild.witnessed_until or at)
        await write_changes(tx, scene, bridged, guild_id=guild_id, period_id=period.id, now=at)
    await _write_voices(tx, guild_id, picture.voices)
    await tx.run(WATCH, of_guild=guild_id, until=at, afk=picture.afk_channel_id)
    guild = known_up_to(guild, at)
    period = await pass_borders(tx, guild, period, at=at, scene=scene)
    await align_all(tx, scene, guild_id, period, at=at)


async def voice_changed(tx: Tx, *, guild_id: int, seen: Seen, now: datetime, scene: Scene) -> None:
    """Take in that a person joined, moved, left, or changed how they are connected, as `voices_changed` does."""
    await voices_changed(tx, guild_id=guild_id, heard=[Heard(seen, now)], scene=scene)


async def voices_changed(tx: Tx, *, guild_id: int, heard: Iterable[Heard], scene: Scene) -> None:
    """Take in, one after another, that people joined, moved, left, or changed how they are connected.

    What changes nothing writes nothing. While nobody watches the guild it is ignored, for the next picture has it all.
    Raises GuildNotSeen.
    """
    of_people = [each for each in heard if not each.seen.bot]
    if not of_people:
        return
    guild, period, _ = await _turn(tx, guild_id, of_people[0].at)
    if not guild.watched:
        return
    rules = await rules_of(tx, guild)
    changed = False
    for each in of_people:
        at = not_before(guild, period, each.at)
        move = None if _is_lost(guild, at, scene.max_gap) else await _move_of(tx, guild_id, each.seen)
        if move is None:
            continue
        changed, guild = True, known_up_to(guild, at)
        period = await pass_borders(tx, guild, period, at=at, scene=scene)
        await _take_in(tx, scene, move, rules, period, at=at)
    if changed:
        await tx.run(WITNESS, of_guild=guild_id, until=guild.witnessed_until)
        tx.announce("attendance", guild_id=str(guild_id))


@dataclass(frozen=True)
class _Move:
    """How somebody is connected now, and who is where they were and where they are, themselves included."""

    user_id: int
    after: Voice | None
    voices: Sequence[Voice]


async def _move_of(tx: Tx, guild_id: int, seen: Seen) -> _Move | None:
    """Return what a connection has become; None when that is known."""
    around = await tx.all(VOICES_AROUND, guild_id=guild_id, user_id=seen.user_id, channel_id=seen.channel_id)
    before = next((voice for voice in around if voice.user_id == seen.user_id), None)
    after = None if seen.channel_id is None else Voice(seen.user_id, seen.channel_id, seen.state)
    if before == after:
        return None
    others = [voice for voice in around if voice.user_id != seen.user_id]
    return _Move(seen.user_id, after, [*others, after] if after else others)


async def _take_in(tx: Tx, scene: Scene, move: _Move, rules: Rules, period: Period, *, at: datetime) -> None:
    guild_id = period.guild_id
    await _write_voice(tx, guild_id, move.user_id, move.after)
    company = company_in(move.voices)
    voices = concerned(move.voices, company, move.user_id)
    people = {move.user_id, *(voice.user_id for voice in voices)}
    sessions = await tx.all(OPEN_SESSIONS_OF[tx.engine], guild_id=guild_id, people=list(people))
    changes = align(sessions, voices, company, rules, at)
    await write_changes(tx, scene, changes, guild_id=guild_id, period_id=period.id, now=at)


async def checkpoint(tx: Tx, *, guild_ids: Collection[int], now: datetime, max_gap: timedelta) -> set[int]:
    """Say that all these guilds are being watched, up to now. Two statements, however many they are.

    Returns those for which it came too late, because somebody else has had to take them for lost: the watcher must give
    a full picture of them.
    """
    second = whole_second(now)
    guilds = list(guild_ids)
    await tx.run(CHECKPOINT[tx.engine], guilds=guilds, until=second, earliest=second - max_gap)
    return set(guild_ids) - set(await tx.all(WITNESSED[tx.engine], guilds=guilds, since=second))


async def begin_gap(tx: Tx, *, guild_id: int, witnessed_until: datetime | None = None, now: datetime) -> None:
    """Stop watching a guild: at a clean stop, at a start, and when the connection is lost. Sessions stay open.

    `witnessed_until` is the last heartbeat that was acknowledged when the connection turned out to be dead; a clean
    stop says now. Without it the last checkpoint stands.
    """
    guild, _, _ = await _turn(tx, guild_id, now)
    until = guild.witnessed_until if witnessed_until is None else whole_second(witnessed_until)
    await tx.run(UNWATCH, of_guild=guild_id, until=until)
    tx.announce("attendance", guild_id=str(guild_id))


async def lost_guilds(tx: Tx, *, now: datetime, max_gap: timedelta, limit: int = 100) -> list[int]:
    """Return guilds with open sessions of which nothing was heard for longer than `max_gap`."""
    return await tx.all(LOST_GUILDS, before=whole_second(now) - max_gap, limit=limit)


async def end_gap(tx: Tx, *, guild_id: int, now: datetime, scene: Scene) -> None:
    """End the open sessions of a guild that was not heard of for longer than the longest gap. Raises GuildNotSeen."""
    guild, period, at = await _turn(tx, guild_id, now)
    if _is_lost(guild, at, scene.max_gap):
        period = await pass_borders(tx, guild, period, at=at, scene=scene)
        await end_lost(tx, scene, guild, period, now=at)


async def set_afk_channel(tx: Tx, *, guild_id: int, afk_channel_id: int | None, now: datetime, scene: Scene) -> None:
    """Take in which channel is for those who are away; it acts at once on people who are there. Raises GuildNotSeen."""
    guild, period, at = await _turn(tx, guild_id, now)
    if not guild.watched or afk_channel_id == guild.afk_channel_id:
        return
    period = await pass_borders(tx, known_up_to(guild, at), period, at=at, scene=scene)
    await tx.run(SET_AFK, of_guild=guild_id, afk=afk_channel_id, until=at)
    await align_all(tx, scene, guild_id, period, at=at)


async def bot_removed(tx: Tx, *, guild_id: int, now: datetime, scene: Scene) -> None:
    """Take in that the bot is not in the guild any more: every session ends. Raises GuildNotSeen."""
    guild, period, at = await _turn(tx, guild_id, now)
    if is_live(guild, at):
        guild = known_up_to(guild, at)
    period = await pass_borders(tx, guild, period, at=at, scene=scene)
    sessions = await tx.all(OPEN_SESSIONS, guild_id=guild_id)
    ended = end_all(sessions, guild.witnessed_until or at, EndReason.BOT_REMOVED)
    await write_changes(tx, scene, ended, guild_id=guild_id, period_id=period.id, now=at)
    await tx.run(ALL_DEPART, guild_id=guild_id)
    await tx.run(UNWATCH, of_guild=guild_id, until=guild.witnessed_until)


async def align_all(tx: Tx, scene: Scene, guild_id: int, period: Period, *, at: datetime) -> None:
    """Bring all sessions of a guild in line with where everybody is."""
    guild = await access_guild_to_change(tx, guild_id)
    sessions = await tx.all(OPEN_SESSIONS, guild_id=guild_id)
    voices = await tx.all(VOICES, guild_id=guild_id)
    changes = align(sessions, voices, company_in(voices), await rules_of(tx, guild), at)
    await write_changes(tx, scene, changes, guild_id=guild_id, period_id=period.id, now=at)


def _is_lost(guild: Guild, at: datetime, max_gap: timedelta) -> bool:
    """Tell whether the guild was not heard of for so long that its sessions cannot go on."""
    return guild.witnessed_until is not None and at - guild.witnessed_until > max_gap


async def _turn(tx: Tx, guild_id: int, now: datetime) -> tuple[Guild, Period, datetime]:
    guild = await access_guild_to_change(tx, guild_id)
    period = await access_current_period(tx, guild_id)
    return guild, period, not_before(guild, period, now)


async def _write_voices(tx: Tx, guild_id: int, voices: Iterable[Voice]) -> None:
    known = {voice.user_id: voice for voice in await tx.all(VOICES, guild_id=guild_id)}
    here = {voice.user_id: voice for voice in voices}
    for user_id in known.keys() | here.keys():
        if known.get(user_id) != here.get(user_id):
            await _write_voice(tx, guild_id, user_id, here.get(user_id))


async def _write_voice(tx: Tx, guild_id: int, user_id: int, voice: Voice | None) -> None:
    if voice is None:
        await tx.run(DEPART, guild_id=guild_id, user_id=user_id)
    else:
        await tx.run(ARRIVE, guild_id=guild_id, **fields_of(voice))
