"""A Discord of this machine inside the server: for development without a token, and for the demo."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Final

from guildhall.demo import Stage
from guildhall.settings import DiscordSettings, Settings, Snowflake

if TYPE_CHECKING:
    from guildhall.simulator.discord import DiscordSimulator

FOUNDED: Final = datetime(2024, 3, 4, 18, 30, tzinfo=UTC)
"""When its world begins, so that guild, channels and people have the same ids at every start."""


@asynccontextmanager
async def own_discord(settings: Settings, *, say: Callable[[str], None]) -> AsyncIterator["DiscordSimulator | None"]:
    """Simulate Discord on SIMULATOR_PORT while the block runs, and say so in a line, if the settings leave room for it.

    When the port is taken, that is the line, and the block runs without a Discord.
    """
    if not settings.wants_simulator:
        yield None
        return
    async with AsyncExitStack() as stack:
        yield await _enter(stack, settings, say)


async def _enter(stack: AsyncExitStack, settings: Settings, say: Callable[[str], None]) -> "DiscordSimulator | None":
    # Whoever has a Discord need not wait for what simulates one.
    from guildhall.simulator.discord import simulate  # noqa: PLC0415 (imported only where it is wanted)

    port, back = settings.discord.simulator_port, settings.discord_redirect
    redirects = (back, settings.community_redirect(back))
    try:
        simulator = await stack.enter_async_context(simulate(port, founded=FOUNDED, redirects=redirects))
    except OSError as fault:
        reason = os.strerror(fault.errno or 0)  # asyncio puts more into the fault's own words.
        say(f"Discord is not simulated: port {port} cannot be used ({reason}). See SIMULATOR_PORT.")
        return None
    say(f"Discord is simulated at {simulator.address}, for there is no DISCORD_TOKEN")
    return simulator


@asynccontextmanager
async def lively(simulator: "DiscordSimulator | None") -> AsyncIterator[None]:
    """Let people do things in the simulated guild by themselves while the block runs."""
    if simulator is None:
        yield
        return
    from guildhall.simulator.discord.community import Community  # noqa: PLC0415 (imported only where it is wanted)

    world = simulator.world
    community = Community(world, simulator.guild, chance=Random(), clock=world.clock)  # noqa: S311 (not a secret)
    community.gather()
    living = asyncio.create_task(community.live())
    try:
        yield
    finally:
        living.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await living


def stage_of(simulator: "DiscordSimulator | None") -> Stage | None:
    """Return the simulated guild as the demo wants to know it."""
    if simulator is None:
        return None
    from guildhall.simulator.discord.state import CATEGORY, VOICE  # noqa: PLC0415 (imported only where it is wanted)

    guild, owner = simulator.guild, simulator.world.application.owner
    channels = guild.channels.values()
    return Stage(
        guild_id=int(guild.id),
        owner_id=int(owner.id),
        owner_name=owner.username,
        people={
            int(each.user.id): each.user.global_name or each.user.username
            for each in guild.members.values()
            if not each.user.bot
        },
        channels=[int(each.id) for each in channels if each.type == VOICE],
        place=next(int(each.id) for each in channels if each.type == CATEGORY),
    )


def without_discord(settings: Settings) -> Settings:
    """Return the settings of a server that knows of no Discord, and so may have one of its own."""
    return replace(settings, discord=DiscordSettings(simulator_port=settings.discord.simulator_port))


def settings_with(settings: Settings, simulator: "DiscordSimulator | None") -> Settings:
    """Return the settings of a server that talks to the simulator; where there is none, they stay as they are."""
    if simulator is None:
        return settings
    application = simulator.world.application
    discord = replace(
        settings.discord,
        token=simulator.token,
        api_base=simulator.api_base,
        gateway_url=simulator.gateway_url,
        client_id=application.id,
        client_secret=application.secret,
        guild_id=Snowflake(int(simulator.guild.id)),
    )
    return replace(settings, discord=discord)
