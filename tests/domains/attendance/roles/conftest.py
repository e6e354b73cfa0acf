"""A guild that is watched, in a simulated Discord whose time is the guild's."""

from collections.abc import AsyncIterator

import httpx
import pytest

from guildhall.adapters.discord_rest import DiscordRest
from guildhall.core.cache import LocalCache
from guildhall.core.db import Database
from guildhall.simulator.discord import Limits, simulate
from tests.domains.attendance.guild import Guild, open_guild
from tests.domains.attendance.roles.town import GuildClock, Town


@pytest.fixture
async def town(database: Database) -> AsyncIterator[Town]:
    clock = GuildClock()
    clock.guild = Guild(database)
    limits = Limits(requests=10_000, requests_of_the_bot=10_000)
    async with simulate(clock=clock, limits=limits) as discord, httpx.AsyncClient() as client:
        clock.guild = guild = await open_guild(database, guild_id=int(discord.guild.id))
        desk = DiscordRest(lambda: discord.token, base=discord.api_base, client=client, cache=LocalCache())
        yield Town(discord, guild, desk, client, clock)
