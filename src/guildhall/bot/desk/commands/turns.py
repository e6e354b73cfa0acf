"""Taking turns: what concerns one place is done one after the other, in the order in which it came."""

import asyncio
import contextlib
from collections.abc import Iterator


class Turns:
    """Places where something happens; what happens in different ones happens side by side."""

    def __init__(self) -> None:
        self._last: dict[int, asyncio.Future[None]] = {}

    @contextlib.contextmanager
    def take(self, place: int) -> Iterator["Turn"]:
        """Stand in line, at once and without waiting; the place in the line is given up at the end of the block."""
        before = self._last.get(place)
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._last[place] = over
        over.add_done_callback(lambda _: self._forget(place, over))
        try:
            yield Turn(before)
        finally:
            if before is None or before.done():
                over.set_result(None)
            else:
                # Whoever leaves the line early must not let the next pass those who still wait.
                before.add_done_callback(lambda _: over.set_result(None))

    def _forget(self, place: int, over: asyncio.Future[None]) -> None:
        if self._last.get(place) is over:
            del self._last[place]


class Turn:
    """A place in a line."""

    def __init__(self, before: asyncio.Future[None] | None) -> None:
        self._before = before

    async def come(self) -> None:
        """Wait until everybody before is done."""
        if self._before is not None:
            await asyncio.wait({self._before})
