"""The simulated Discord as a program of its own."""

import asyncio
from collections.abc import Callable
from random import Random

from guildhall.core.clock import SystemClock
from guildhall.simulator.discord import simulate
from guildhall.simulator.discord.community import Community
from guildhall.simulator.program import interrupted


async def run(port: int, *, token: str | None, lively: bool, say: Callable[[str], None]) -> None:
    """Be Discord until interrupted, and say where and with which token. Raises OSError when the port is taken."""
    clock = SystemClock()
    async with simulate(port, clock=clock, token=token) as simulator:
        say(f"Discord is simulated at {simulator.address}")
        for name, value in simulator.settings.items():
            say(f"{name}={value}")
        community = Community(simulator.world, simulator.guild, chance=Random(1), clock=clock)  # noqa: S311 (not a secret)
        living = asyncio.create_task(community.live()) if lively else None
        await interrupted()
        if living is not None:
            living.cancel()
