"""Discord as the simulator speaks it, in the test's own process and behind real sockets, and bots that talk to it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import discord
from discord.ext import commands

from guildhall.simulator.discord import DiscordSimulator

PATIENCE = 10
"""Seconds that anything may take here before a test gives up."""

SOON = 0.05
"""Seconds that a client waits for further guilds before it says that it is ready."""


class HastyBot(commands.Bot):
    """discord.py's bot, which connects again without its usual pause."""

    def __init__(self, intents: discord.Intents, **options: Any) -> None:  # noqa: ANN401 (whatever discord.py takes)
        super().__init__("!", intents=intents, guild_ready_timeout=SOON, help_command=None, **options)
        self._happened: list[tuple[str, tuple[Any, ...]]] = []
        self._moved = asyncio.Event()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait for nothing: Discord wants five seconds between sessions, the simulator does not."""

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (whatever discord.py tells)
        """Remember what happened, beside telling it."""
        super().dispatch(event, *args, **kwargs)
        self._happened.append((event, args))
        self._moved.set()

    async def hears(self, event: str, matching: Callable[..., bool] = lambda *_: True) -> tuple[Any, ...]:
        """Return what the bot was told with the first such event since the last that was asked for here."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for index, (name, args) in enumerate(self._happened):
                    if name == event and matching(*args):
                        del self._happened[: index + 1]
                        return args
                self._moved.clear()
                await self._moved.wait()


@contextmanager
def pointed_at(simulator: DiscordSimulator) -> Iterator[None]:
    """Let every client of discord.py talk to the simulator while the block runs."""
    route, socket = discord.http.Route, discord.gateway.DiscordWebSocket
    before = route.BASE, socket.DEFAULT_GATEWAY
    address = type(socket.DEFAULT_GATEWAY)
    route.BASE, socket.DEFAULT_GATEWAY = simulator.api_base, address(simulator.gateway_url)
    try:
        yield
    finally:
        route.BASE, socket.DEFAULT_GATEWAY = before


@asynccontextmanager
async def running_bot(simulator: DiscordSimulator, bot: HastyBot | None = None) -> AsyncIterator[HastyBot]:
    """Run a bot, by default one that hears everything, until the block ends; it is ready when the block begins."""
    bot = bot or HastyBot(discord.Intents.all())
    with pointed_at(simulator):
        task = None
        try:
            await bot.login(simulator.token)
            task = asyncio.create_task(bot.connect())
            ready = asyncio.create_task(bot.hears("ready"))
            await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
            if task.done():
                ready.cancel()
                task.result()
            assert ready.done(), "the bot did not become ready"
            yield bot
        finally:
            await bot.close()
            if task is not None:
                await asyncio.gather(task, return_exceptions=True)
