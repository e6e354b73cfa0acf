"""What the tests of calendars share."""

from collections.abc import AsyncIterator

import httpx
import pytest

from guildhall.core.actor import Actor
from guildhall.core.db import Database
from tests.calendars.world import World
from tests.clock import SettableClock
from tests.services.radicale import Collection, RadicaleServer


@pytest.fixture
def calendar(radicale: RadicaleServer) -> Collection:
    """An empty calendar on a real server."""
    return radicale.make_calendar()


@pytest.fixture
async def world(database: Database, clock: SettableClock) -> AsyncIterator[World]:
    """A house with its rooms and its plan of shifts, linked to nothing."""
    async with httpx.AsyncClient() as client:
        world = World(database, clock, client)
        await world.furnish()
        yield world


@pytest.fixture
async def ada(world: World) -> Actor:
    """Somebody who books."""
    return await world.meet("ada", email="ada@hub.test")
