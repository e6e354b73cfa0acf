"""A guild of the simulator whose log goes to its channels, and the sender that takes it there."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar

import httpx

from guildhall.adapters.discord_posts import DiscordPosts
from guildhall.adapters.discord_rest import DiscordRest
from guildhall.core.cache import LocalCache
from guildhall.core.db import Database
from guildhall.domains.attendance import posting
from guildhall.domains.attendance.posting import Destination, Frequency, LogType, Sender
from guildhall.simulator.discord import DiscordSimulator, Fault, guilds
from guildhall.simulator.discord.state import Channel
from tests.domains.attendance.guild import MANAGER, Guild

T = TypeVar("T")
PUBLIC_URL = "https://hub.test"
EVERYTHING = dict.fromkeys(LogType, True)
NOTHING = dict.fromkeys(LogType, False)


class GuildClock:
    """The time of a guild of the tests."""

    def __init__(self, guild: Guild) -> None:
        self._guild = guild

    def now(self) -> Any:  # noqa: ANN401 (an instant)
        return self._guild.now


class LogChannels:
    """What is in a guild's channels, and who sends it there."""

    def __init__(self, discord: DiscordSimulator, guild: Guild, client: httpx.AsyncClient) -> None:
        self.discord, self.guild, self.client = discord, guild, client
        self.clock = GuildClock(guild)
        self.cache = LocalCache()
        self.directory = DiscordRest(lambda: discord.token, base=discord.api_base, client=client, cache=self.cache)
        self.office = DiscordPosts(lambda: discord.token, base=discord.api_base, client=client)
        self.sender = self.another_sender()

    @property
    def database(self) -> Database:
        return self.guild.database

    def another_sender(self) -> Sender:
        """Return the sender of another process."""
        return Sender(self.database, self.office, self.clock, self.cache, public_url=PUBLIC_URL)

    async def open(
        self, name: str = "log", types: dict[LogType, bool] | None = None, frequency: Frequency = Frequency.OFF
    ) -> Destination:
        """Make a channel and let it take posts."""
        channel = Channel(self.discord.world.new_id(), 0, name, self.discord.guild.id)
        guilds.create_channel(self.discord.world, self.discord.guild, channel)
        await self.cache.delete(f"discord:/guilds/{self.discord.guild.id}/channels")
        return await posting.add_destination(
            self.database,
            self.directory,
            MANAGER,
            guild_id=self.guild.guild_id,
            channel_id=int(channel.id),
            types=types,
            frequency=frequency,
            now=self.guild.now,
        )

    async def shown(self, name: str = "log") -> Destination:
        """Return a destination as it stands."""
        number = next(int(each.id) for each in self.discord.guild.channels.values() if each.name == name)
        found = await self.guild.ask(posting.list_destinations)
        return next(each for each in found if each.channel_id == number)

    def embeds(self, name: str = "log") -> list[dict[str, Any]]:
        """Return what is in a channel, the oldest first."""
        channel = next(each for each in self.discord.guild.channels.values() if each.name == name)
        assert all(each.author is self.discord.world.bot for each in channel.messages.values())
        assert not any(each.mentions or each.mention_everyone for each in channel.messages.values())
        return [embed for each in channel.messages.values() for embed in each.embeds]

    def titles(self, name: str = "log") -> list[str]:
        return [str(each["title"]) for each in self.embeds(name)]

    async def verb(self, verb: Callable[..., Awaitable[T]], *args: Any, **named: Any) -> T:  # noqa: ANN401 (whatever it takes)
        """Call a verb for the guild that ends nothing, now."""
        async with self.database.write() as tx:
            return await verb(tx, *args, guild_id=self.guild.guild_id, now=self.guild.now, **named)

    async def killed_in_the_act(self, url: str) -> None:
        """Let another process send, and be killed when Discord has taken its first message."""
        module, discord = "tests.domains.attendance.posting_process", self.discord
        arguments = [url, discord.api_base, discord.token, self.guild.now.isoformat()]
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, *arguments)
        assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL

    async def after(self, seconds: float) -> timedelta:
        """Let time pass, and then everybody have a turn."""
        await self.guild.watch_until(self.guild.at + seconds)
        return await self.sender.take_turn()

    async def visit(self, person: int, seconds: int, channel: int = 101) -> None:
        """Somebody comes and goes."""
        at = self.guild.at
        await self.guild.voice(at, person, channel)
        await self.guild.voice(at + seconds, person, None)

    async def come_and_go(self, people: Iterable[int], seconds: int) -> None:
        """Several come together and go together."""
        people, at = list(people), self.guild.at
        for person in people:
            await self.guild.voice(at, person, 101)
        for person in people:
            await self.guild.voice(at + seconds, person, None)

    def trouble(self, *, times: int = 1, **fault: Any) -> None:  # noqa: ANN401 (what the simulator takes)
        """Let posting go wrong so many times."""
        self.discord.faults.add(Fault(path="/api/v10/channels", **fault), times=times)
