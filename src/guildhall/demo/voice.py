"""Five weeks of voice in the demo's guild: who came when, and how long they stayed.

The past is told by the verbs that the bot calls, with the clock of then. So periods end, sessions are signed and boards
are counted exactly as if somebody had been watching.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from random import Random
from typing import Final

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Tx
from guildhall.core.log import get_logger
from guildhall.domains import attendance, audit, identity
from guildhall.domains.attendance import Mode, Scene
from guildhall.domains.attendance.key_errors import KeyNotFound, UnlockClosed, WrongPassphrase
from guildhall.domains.attendance.states import State
from guildhall.domains.attendance.watching import Picture, Seen
from guildhall.domains.bot import Name, remember_names
from guildhall.web.house import House

log = get_logger(__name__)

DONE: Final = "demo.attended"
PASSPHRASE: Final = "the lantern burns at night"  # noqa: S105 (everybody who tries the demo reads it)
WEEKS: Final = 5
CHANCE: Final = 7
"""Where the source of chance begins, so that every demo has the same past."""

SHORTEST, LONGEST = timedelta(minutes=12), timedelta(hours=3)
EVENING: Final = (18.5, 1.6)
AFTERNOON: Final = (14.0, 1.8)
"""Around which hour people come, and how far from it."""

REGULAR, RARE = 0.85, 0.12
"""How likely it is that somebody comes on an evening: who comes most, and who comes least."""

WEEKEND: Final = 1.3
MUTES: Final = 0.3
NO_GAP: Final = timedelta(days=3650)
"""Nobody was away in this past."""


@dataclass(frozen=True)
class Stage:
    """The guild that the past takes place in: its owner, what its people are called, and where they talk.

    The first of the people come most often, and the first of the channels is the fullest. `place` is the category of
    channels that the front desk's tickets go to.
    """

    guild_id: int
    owner_id: int
    owner_name: str
    people: Mapping[int, str]
    channels: Sequence[int]
    place: int


@dataclass(frozen=True, order=True)
class Moment:
    """Somebody joins, changes or leaves."""

    at: datetime
    user_id: int
    channel_id: int | None
    state: int = 0

    @property
    def seen(self) -> Seen:
        """What the bot would have told of it."""
        return Seen(self.user_id, self.channel_id, self.state)


async def attend(house: House, stage: Stage) -> str | None:
    """Give the guild its past and a signing key, and its owner the administrator's account.

    Returns what to tell about it; None when that was done before.
    """
    now = house.clock.now()
    async with house.database.read() as tx:
        if await audit.page_of_entries(tx, limit=1, action=DONE):
            return None
    begin = datetime.combine(now.date() - timedelta(weeks=WEEKS), time(6), UTC)
    scene = Scene(NO_GAP, house.keyring)
    async with house.database.write() as tx:
        await _link_owner(tx, house, stage, now)
        await attendance.take_picture(tx, guild_id=stage.guild_id, picture=Picture(), now=begin, scene=scene)
        await attendance.set_mode(tx, SYSTEM, guild_id=stage.guild_id, mode=Mode.ALL, now=begin, scene=scene)
    await attendance.generate_key(
        house.database, house.keyring, SYSTEM, guild_id=stage.guild_id, passphrase=PASSPHRASE, now=begin
    )
    # The last hour belongs to the present, which the bot sees with its own eyes.
    moments = sorted(each for each in _past(stage, begin, now - timedelta(hours=1)))
    for _, of_day in groupby(moments, lambda moment: moment.at.date()):
        async with house.database.write() as tx:
            for moment in of_day:
                await attendance.voice_changed(
                    tx, guild_id=stage.guild_id, seen=moment.seen, now=moment.at, scene=scene
                )
    async with house.database.write() as tx:
        await attendance.begin_gap(tx, guild_id=stage.guild_id, witnessed_until=moments[-1].at, now=moments[-1].at)
        await audit.record(tx, SYSTEM, DONE, str(stage.guild_id), now=now)
    return (
        f"In the simulated guild {len(stage.people)} people have met in voice for {WEEKS} weeks; all of it is signed.\n"
        f"The signing key's passphrase is: {PASSPHRASE}\n"
        f"Signing in with Discord as {stage.owner_name} makes you the administrator."
    )


async def wake(house: House, stage: Stage) -> None:
    """Let this process know what people are called, also those whom the bot has not met yet, and open the guild's key.

    The key stays closed if it has another passphrase by now.
    """
    names = {user_id: Name(name) for user_id, name in stage.people.items()}
    await remember_names(house.cache, stage.guild_id, names)
    try:
        await attendance.unlock_key(
            house.database,
            house.keyring,
            SYSTEM,
            guild_id=stage.guild_id,
            passphrase=PASSPHRASE,
            now=house.clock.now(),
        )
    except (KeyNotFound, WrongPassphrase, UnlockClosed) as refusal:
        log.info("The key of the demo stays locked", reason=refusal.message)


async def _link_owner(tx: Tx, house: House, stage: Stage, now: datetime) -> None:
    """Let the guild's owner sign in as the administrator."""
    administrator = await identity.user_who_signs_in_as(tx, house.settings.admin.user)
    if administrator is None or await identity.discord_id_of(tx, administrator.id) is not None:
        return
    await identity.link_identity(
        tx,
        SYSTEM,
        administrator,
        provider="discord",
        external_id=str(stage.owner_id),
        label=stage.owner_name,
        now=now,
    )


def _past(stage: Stage, begin: datetime, end: datetime) -> Iterator[Moment]:
    """Yield what happened, person by person."""
    chance = Random(CHANCE)  # noqa: S311 (not a secret)
    for number, user_id in enumerate(stage.people):
        habit = REGULAR - (REGULAR - RARE) * number / max(1, len(stage.people) - 1)
        free_at = begin
        for days in range((end - begin).days + 1):
            visit = _visit_on(begin.date() + timedelta(days=days), habit, chance)
            if visit is None or visit[0] < free_at or visit[1] > end:
                continue
            free_at = visit[1]
            yield from _moments(user_id, *visit, stage.channels, chance)


def _visit_on(day: date, habit: float, chance: Random) -> tuple[datetime, datetime] | None:
    """Return from when to when somebody was there that day; None on most days for most people."""
    at_weekend = day.weekday() >= 5  # noqa: PLR2004 (Saturday)
    if chance.random() > habit * (WEEKEND if at_weekend else 1):
        return None
    hour, around = AFTERNOON if at_weekend and chance.random() < 0.5 else EVENING  # noqa: PLR2004 (every second time)
    start = datetime.combine(day, time(), UTC) + timedelta(seconds=round(chance.gauss(hour, around) * 3600))
    stay = SHORTEST + (LONGEST - SHORTEST) * chance.betavariate(2, 4)
    return start, start + timedelta(seconds=round(stay.total_seconds()))


def _moments(user_id: int, start: datetime, end: datetime, channels: Sequence[int], chance: Random) -> Iterator[Moment]:
    """Yield one visit: coming, now and then some time with the microphone off, and leaving."""
    channel = chance.choices(channels, weights=range(len(channels), 0, -1))[0]
    yield Moment(start, user_id, channel)
    if chance.random() < MUTES:
        third = timedelta(seconds=(end - start).total_seconds() // 3)
        yield Moment(start + third, user_id, channel, int(State.SELF_MUTE))
        yield Moment(end - third, user_id, channel)
    yield Moment(end, user_id, None)
