"""Waiting a little for what goes on after the commit, so that most callers need not ask again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from guildhall.core.db import Tx
from guildhall.web.house import House

T = TypeVar("T")

LONGEST = 20.0
PAUSE = 0.25


async def look_until(house: House, look: Callable[[Tx], Awaitable[T]], is_settled: Callable[[T], bool]) -> T:
    """Look again and again until what is seen is settled, for twenty seconds at most, and return what was seen last.

    Each look is a transaction of its own; nothing is held in between.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LONGEST
    while True:
        async with house.database.read() as tx:
            seen = await look(tx)
        if is_settled(seen) or loop.time() > deadline:
            return seen
        await asyncio.sleep(PAUSE)
