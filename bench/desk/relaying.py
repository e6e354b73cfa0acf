"""How long a direct message takes to the staff's channel, through the gateway and the REST API of the simulator.

The simulator runs in this process, and each contender in one of its own on the other core. One message is under way at
a time: the clock runs from before it is posted until the copy of it is in a channel. The first message of each person
opens a ticket and makes a channel, which is measured apart.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench import servers
from bench.desk import stores
from bench.desk.stores import SETTINGS
from guildhall.simulator.discord import DiscordSimulator, Limits, messages, people, simulate
from guildhall.simulator.discord.drafts import Draft
from guildhall.simulator.discord.state import User
from guildhall.simulator.discord.world import Event

PATIENCE = 60.0
UNLIMITED = 10**9
"""Requests a second: how fast the contenders are is the question, and not how long Discord lets them wait."""


class Copier(StrEnum):
    """Who copies."""

    GUILDHALL = "Guildhall"
    PLAIN = "discord.py that copies"


@dataclass(frozen=True)
class Relayed:
    """The seconds of each message, ascending: of those that began a ticket, and of those that followed."""

    first: list[float]
    later: list[float]


Relays = dict[Copier, Relayed]


class _Watch:
    """Waits for the copies of messages in the channels of a guild, by a word that each of them has."""

    def __init__(self, discord: DiscordSimulator) -> None:
        self._word = ""
        self._seen = asyncio.Event()
        self._at = 0.0
        self._bot_id = discord.world.bot.id
        discord.world.listen(self._hear)

    def _hear(self, event: Event) -> None:
        if event.name != "MESSAGE_CREATE" or event.guild_id is None or event.data["author"]["id"] != self._bot_id:
            return
        if self._word and self._word in str(event.data["content"]) + str(event.data["embeds"]):
            self._word, self._at = "", time.perf_counter()
            self._seen.set()

    async def copied(self, discord: DiscordSimulator, author: User, word: str) -> float:
        """Let somebody write to the bot, and return the seconds until the copy is there. Raises TimeoutError."""
        self._word = word
        self._seen.clear()
        channel = discord.world.conversation(author, discord.world.bot)
        begun = time.perf_counter()
        messages.post(discord.world, channel, author, Draft(f"Hello, my order {word} has not arrived"))
        async with asyncio.timeout(PATIENCE):
            await self._seen.wait()
        return self._at - begun


def measure(empty: Path, *, persons: int, each: int, folder: Path) -> Relays:
    """Let so many persons write so many messages each, first to one contender and then to the other."""
    return {
        copier: asyncio.run(_measured(copier, empty, persons, each, folder / f"relay {copier.name}"))
        for copier in Copier
    }


async def _measured(copier: Copier, empty: Path, persons: int, each: int, folder: Path) -> Relayed:
    limits = Limits(requests=UNLIMITED, requests_of_the_bot=UNLIMITED)
    async with simulate(limits=limits) as discord:
        writers = [discord.world.add_user(f"writer{number}") for number in range(persons + 1)]
        for writer in writers:
            people.join(discord.world, discord.guild, writer, [])
        watch = _Watch(discord)
        with _running(copier, discord, empty, folder):
            if not await discord.world.until(lambda: bool(discord.gateway.sessions), within=PATIENCE):
                raise RuntimeError(f"{copier} does not come to the gateway")
            # One more than is measured: whatever happens once happens to their message.
            await watch.copied(discord, writers.pop(), "WARM")
            first = [await watch.copied(discord, writer, f"A{number}Z") for number, writer in enumerate(writers)]
            later = [
                await watch.copied(discord, writer, f"B{turn}.{number}Z")
                for turn in range(each - 1)
                for number, writer in enumerate(writers)
            ]
    return Relayed(sorted(first), sorted(later))


@contextmanager
def _running(copier: Copier, discord: DiscordSimulator, empty: Path, folder: Path) -> Iterator[None]:
    if copier is Copier.GUILDHALL:
        place = stores.copied(empty, folder)
        with servers.guildhall(place, {**SETTINGS, **discord.settings}):
            yield
        return
    module = "bench.baseline.desk_bot"
    arguments = [discord.api_base, discord.gateway_url, discord.token, discord.guild.id]
    with servers.program(folder, [sys.executable, "-m", module, *arguments]):
        yield
