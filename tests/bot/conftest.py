"""A house whose bot talks to a simulated Discord. The test moves the house's clock; Discord's own runs by itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from guildhall.app import open_house
from guildhall.bot import Supervisor
from guildhall.core.actor import Actor, ActorKind
from guildhall.domains import attendance, bot
from guildhall.domains.attendance import Mode
from guildhall.domains.bot import BotState, Phase
from guildhall.simulator.discord import DiscordSimulator, simulate
from guildhall.web.house import House
from tests.clock import START, SettableClock
from tests.services.discord import pointed_at
from tests.serving import settings_for

PATIENCE = 25.0
OPERATOR = Actor(ActorKind.USER, user_id="7")
SELDOM = "20"
"""Seconds between checkpoints: tests call for theirs."""

Story = list[tuple[str, str, int, int | None, str | None]]


async def until(holds: Callable[[], Awaitable[bool]], *, within: float = PATIENCE) -> None:
    """Wait for something, and fail when it does not come."""
    async with asyncio.timeout(within):
        while not await holds():  # noqa: ASYNC110 (what a database holds cannot be waited for)
            await asyncio.sleep(0.02)  # The pause between two looks at a condition, not a guess at a time.


@dataclass
class Scene:
    """One process with a bot, and the people in Discord's guild."""

    house: House
    clock: SettableClock
    discord: DiscordSimulator
    supervisor: Supervisor

    @property
    def guild_id(self) -> int:
        return int(self.discord.guild.id)

    def person(self, username: str) -> str:
        return next(each.id for each in self.discord.world.users.values() if each.username == username)

    def channel(self, name: str) -> str:
        return next(each.id for each in self.discord.guild.channels.values() if each.name == name)

    async def steer(self, method: str, path: str, **body: object) -> None:
        async with httpx.AsyncClient() as client:
            answer = await client.request(method, f"{self.discord.address}/_sim{path}", json=body)
            assert answer.is_success, answer.text

    async def voice(self, username: str, channel: str | None, **flags: bool) -> None:
        """Let somebody join, move, change or leave in Discord."""
        place = self.channel(channel) if channel else None
        who = {"guild_id": self.discord.guild.id, "user_id": self.person(username)}
        await self.steer("POST", "/voice", **who, channel_id=place, **flags)

    async def state(self) -> BotState:
        async with self.house.database.read() as tx:
            return await bot.state_of(tx, now=self.clock.now())

    async def comes_to(self, phase: Phase, words: str = "") -> BotState:
        """Return the bot's state once it is in this phase, for a reason with these words."""
        found = await self.state()

        async def there() -> bool:
            nonlocal found
            found = await self.state()
            return found.phase is phase and words in found.reason

        try:
            await until(there)
        except TimeoutError:
            raise AssertionError(f"the bot is {found.phase}: {found.reason}") from None
        return found

    async def ask(self, verb: Callable[..., Awaitable[object]]) -> None:
        """Start or stop the bot as an operator does."""
        async with self.house.database.write() as tx:
            await verb(tx, OPERATOR, now=self.clock.now())

    async def track(self) -> None:
        """Track every channel, once the guild is being watched."""
        await self.is_watched()
        async with self.house.database.write() as tx:
            await attendance.set_mode(
                tx, OPERATOR, guild_id=self.guild_id, mode=Mode.ALL, now=self.clock.now(), scene=self.house.scene
            )

    async def is_watched(self, *, watched: bool = True) -> None:
        """Wait until the guild is being watched, or no longer is."""

        async def so() -> bool:
            async with self.house.database.read() as tx:
                try:
                    return (await attendance.access_guild(tx, self.guild_id)).watched is watched
                except attendance.errors.GuildNotSeen:
                    return False

        await until(so)

    async def story(self) -> Story:
        """Return all sessions: who, where, from which second, to which, why it ended."""
        async with self.house.database.read() as tx:
            lines = await attendance.sessions_of(tx, guild_id=self.guild_id, now=self.clock.now(), limit=200)
        people = {int(each.id): each.username for each in self.discord.world.users.values()}
        places = {int(each.id): each.name for each in self.discord.guild.channels.values()}
        return sorted(
            (
                people[each.session.user_id],
                places[each.session.channel_id],
                int((each.session.joined_at - START).total_seconds()),
                None if each.session.left_at is None else int((each.session.left_at - START).total_seconds()),
                each.session.end_reason and each.session.end_reason.value,
            )
            for each in lines
        )

    async def tells(self, *story: tuple[str, str, int, int | None, str | None]) -> None:
        """Wait until the sessions are these."""
        wanted, found = sorted(story), await self.story()

        async def so() -> bool:
            nonlocal found
            found = await self.story()
            return found == wanted

        try:
            await until(so)
        except TimeoutError:
            assert found == wanted

    def at(self, second: int) -> None:
        """Move the house's clock to a second after the start."""
        self.clock.set(START + timedelta(seconds=second))

    async def checkpoint(self) -> None:
        """Let the bot write down that all is well."""
        assert self.supervisor.bot is not None
        await self.supervisor.bot.checkpoint()


@pytest.fixture
async def discord() -> AsyncIterator[DiscordSimulator]:
    """Discord, which the library's clients are pointed at."""
    async with simulate() as simulator:
        with pointed_at(simulator):
            yield simulator


@pytest.fixture
def scenes(discord: DiscordSimulator, database_url: str, tmp_path: Path, clock: SettableClock) -> Callable[..., Any]:
    """What opens processes on one database, with settings of their own."""

    @asynccontextmanager
    async def open_scene(**more: str) -> AsyncIterator[Scene]:
        environ = {**discord.settings, "ATTENDANCE_CHECKPOINT_SECONDS": SELDOM, **more}
        async with open_house(settings_for(database_url, tmp_path, **environ), clock=clock, works_jobs=False) as house:
            supervisor = Supervisor(house)
            supervisor.start()
            try:
                yield Scene(house, clock, discord, supervisor)
            finally:
                await supervisor.stop()

    return open_scene


@pytest.fixture
async def scene(scenes: Callable[..., Any]) -> AsyncIterator[Scene]:
    """A process whose bot is connected."""
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        yield scene
