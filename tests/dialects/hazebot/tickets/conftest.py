"""A house with people who come with tokens."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.clock import SettableClock
from tests.dialects.hazebot.tickets.people import People
from tests.serving import Served


@pytest.fixture
async def people(served: Served, clock: SettableClock) -> AsyncIterator[People]:
    """Whoever comes, with what they have open; all of it is closed in the end."""
    async with AsyncExitStack() as stack:
        yield People(served, clock, stack)
