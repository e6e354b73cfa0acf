"""A house with people who come with tokens."""

from collections.abc import AsyncIterator

import pytest

from tests.clock import SettableClock
from tests.dialects.hazebot.tickets.people import People, coming_to
from tests.serving import Served


@pytest.fixture
async def people(served: Served, clock: SettableClock) -> AsyncIterator[People]:
    """Whoever comes, with what they have open; all of it is closed in the end."""
    async with coming_to(served, clock) as people:
        yield people
