"""A guild as tests tell of it: the clock moves, people come and go, and the house is told."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from guildhall.core.actor import Actor, ActorKind
from guildhall.core.db import Database
from guildhall.domains import attendance
from guildhall.domains.attendance import Keyring, Mode, Picture, Scene, Seen, SessionLine

T = TypeVar("T")
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
GAP = timedelta(seconds=300)
SCENE = Scene(GAP, Keyring())
"""A process in which no key is unlocked."""
OFTEN = 250
MANAGER = Actor(ActorKind.USER, user_id="7")
ADA, BEN, CLEO = 11, 12, 13
HALL, STUDIO, AFK = 101, 102, 103


class Guild:
    """One guild in one database; `at` is the number of seconds since the test began."""

    def __init__(self, database: Database, guild_id: int = 1, scene: Scene = SCENE) -> None:
        self.database, self.guild_id, self.scene = database, guild_id, scene
        self.at = 0.0
        self.here: dict[int, tuple[int, int]] = {}

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.at)

    async def do(self, verb: Callable[..., Awaitable[T]], *args: Any, **named: Any) -> T:  # noqa: ANN401 (whatever the callee takes)
        """Call a verb for this guild, now."""
        closes = verb not in {attendance.see_guild, attendance.begin_gap, attendance.set_tier}
        scene = {"scene": self.scene} if closes else {}
        async with self.database.write() as tx:
            return await verb(tx, *args, guild_id=self.guild_id, now=self.now, **scene, **named)

    async def ask(self, read: Callable[..., Awaitable[T]], **named: Any) -> T:  # noqa: ANN401 (whatever the callee takes)
        """Call a read about this guild."""
        async with self.database.read() as tx:
            return await read(tx, guild_id=self.guild_id, **named)

    async def picture(self, at: float) -> None:
        """Tell the house who is here."""
        self.at = at
        connections = [Seen(person, channel, state) for person, (channel, state) in self.here.items()]
        await self.do(attendance.take_picture, picture=Picture(connections, afk_channel_id=AFK))

    async def voice(self, at: float, person: int, channel: int | None, state: int = 0) -> None:
        """Somebody joins, moves, changes or leaves, and the house is told."""
        await self.watch_until(at)
        if channel is None:
            self.here.pop(person, None)
        else:
            self.here[person] = (channel, state)
        await self.do(attendance.voice_changed, seen=Seen(person, channel, state))

    async def beat(self, at: float) -> set[int]:
        """Say that all is well, and return the guilds for which that came too late."""
        await self.watch_until(at)
        async with self.database.write() as tx:
            return await attendance.checkpoint(tx, guild_ids=[self.guild_id], now=self.now, max_gap=GAP)

    async def watch_until(self, at: float) -> None:
        """Let time pass while the watcher says often enough that all is well."""
        while at - self.at > OFTEN:
            await self.beat(self.at + OFTEN)
        self.at = at

    async def mode(self, mode: Mode) -> None:
        await self.do(attendance.set_mode, MANAGER, mode=mode)

    async def fairness(self, **settings: Any) -> None:  # noqa: ANN401 (whatever the callee takes)
        await self.do(attendance.set_fairness, MANAGER, **settings)

    async def board(self, number: int | None = None) -> dict[int, int]:
        """Return the totals of a period by person."""
        board = await self.ask(attendance.board_of, number=number, now=self.now)
        return {entry.user_id: entry.total_seconds for entry in board.entries}

    async def sessions(self) -> list[SessionLine]:
        """Return all sessions, the earliest first."""
        return (await self.ask(attendance.sessions_of, now=self.now, limit=200))[::-1]

    async def story(self) -> list[tuple[int, int, int, int | None, str | None]]:
        """Return all sessions as who, where, from which second, to which, why it ended."""
        return sorted(
            (
                line.session.user_id,
                line.session.channel_id,
                int((line.session.joined_at - START).total_seconds()),
                None if line.session.left_at is None else int((line.session.left_at - START).total_seconds()),
                line.session.end_reason and line.session.end_reason.value,
            )
            for line in await self.sessions()
        )


async def open_guild(database: Database, mode: Mode = Mode.ALL, guild_id: int = 1, *, scene: Scene = SCENE) -> Guild:
    """Return a guild that is being watched, with nobody in voice."""
    guild = Guild(database, guild_id, scene)
    await guild.picture(0)
    await guild.mode(mode)
    return guild
