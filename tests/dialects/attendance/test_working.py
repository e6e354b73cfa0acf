"""A house that does its work by itself: what closes is signed, logged and archived without anybody asking."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator
from tests.clock import SettableClock
from tests.dialects.attendance.asking import PASSPHRASE, Place, Voices
from tests.serving import Served, serving

TRIES = 600


@pytest.fixture
async def served(settings: Settings, clock: SettableClock) -> AsyncIterator[Served]:
    """A server that works its jobs."""
    async with serving(settings, clock=clock, works_jobs=True) as each:
        yield each


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again until it is so."""
    for _ in range(TRIES):
        if await look():
            return
        await asyncio.sleep(0.05)  # The pause between two looks at a condition, not a guess at a time.
    raise TimeoutError("it never was so")


async def test_what_closes_is_signed_and_logged_where_the_key_is_open(
    manager: httpx.AsyncClient, anybody: httpx.AsyncClient, place: Place, voices: Voices
) -> None:
    await voices.begin()
    await manager.patch("tracking-mode", json={"mode": "All"})
    await voices.visited(place.member, place.lounge, timedelta(minutes=1))
    await manager.post("signing/generate-keys", json={"passphrase": PASSPHRASE})
    await manager.post("reset-now")

    async def is_signed() -> bool:
        return bool((await anybody.get(f"/verify/period/{place.guild}/1")).json()["valid"])

    async def is_logged() -> bool:
        return (await anybody.get(f"/verify/period/{place.guild}/1/proof")).status_code == 200

    await until(is_signed)
    await until(is_logged)
    assert (await anybody.get("/tlog/checkpoint")).text.startswith("hub.test/tlog\n")


async def test_who_spent_the_time_gets_the_role_without_anybody_asking(
    manager: httpx.AsyncClient, place: Place, voices: Voices, clock: SettableClock, discord: DiscordSimulator
) -> None:
    regular = next(each.id for each in discord.guild.roles.values() if each.name == "Regular")
    await voices.begin()
    await manager.patch("tracking-mode", json={"mode": "All"})
    await manager.post("verified-roles", json={"role_id": regular, "min_seconds": 60})
    await voices.visited(place.member, place.lounge, timedelta(minutes=1))

    async def has_it() -> bool:
        clock.advance(timedelta(seconds=1))
        return regular in discord.guild.members[place.member].roles

    await until(has_it)
