"""What goes wrong when somebody wants it to."""

import asyncio
import contextlib
from dataclasses import dataclass
from http import HTTPStatus

from guildhall.simulator.discord.refusals import Refused, too_fast

CONTROL = "/_sim"
"""What always works, so that trouble can be ended."""


@dataclass(frozen=True)
class Fault:
    """Trouble for requests whose path begins with `path`: they are answered late, and with an error if one is named.

    `retry_after` makes the error a 429, which is for the whole bot where `whole` says so.
    """

    path: str = "/api/"
    status: int | None = None
    delay: float = 0
    retry_after: float | None = None
    whole: bool = False


class Faults:
    """The trouble that is still to come."""

    def __init__(self) -> None:
        self._coming: list[Fault] = []
        self._over = asyncio.Event()

    def add(self, fault: Fault, *, times: int = 1) -> None:
        """Let this happen to the next requests that it fits."""
        self._coming += [fault] * times

    def clear(self) -> None:
        """Let everything be well again, also for what waits."""
        self._coming.clear()
        self._over.set()
        self._over = asyncio.Event()

    async def meet(self, path: str) -> None:
        """Let a request have what is due to it. Raises the error."""
        fault = next((each for each in self._coming if path.startswith(each.path)), None)
        if fault is None or path.startswith(CONTROL):
            return
        self._coming.remove(fault)
        if fault.delay:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), fault.delay)
        if fault.retry_after is not None:
            raise too_fast(fault.retry_after, whole=fault.whole)
        if fault.status is not None:
            raise Refused(fault.status, 0, f"{fault.status}: {HTTPStatus(fault.status).phrase}")
