"""When deliveries are tried, and what an attempt means: sums without I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WAITS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
"""The wait after each failed attempt; the first is made at once, so there are eight."""

JITTER: Final = 0.1
"""By what part a wait is longer or shorter, so that what failed together does not come back together."""

GONE: Final = 410


@dataclass(frozen=True)
class Outcome:
    """What an attempt came to: the status of the answer, or why there was none."""

    status: int | None = None
    fault: str | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 (the class of success)

    @property
    def gone(self) -> bool:
        """Whether the receiver wants no more of anything."""
        return self.status == GONE

    @property
    def error(self) -> str | None:
        """What may be said of a failure."""
        if self.delivered or self.status is None:
            return self.fault
        redirects = 300 <= self.status < 400  # noqa: PLR2004 (the class of redirects)
        return f"The answer was {self.status}{', and redirects are not followed' if redirects else ''}"


def next_try(step: int, now: datetime, chance: Callable[[], float]) -> datetime | None:
    """Return when to try again after that many failed attempts, or None after the last. `chance` is in [0, 1)."""
    if step > len(WAITS):
        return None
    return now + WAITS[step - 1] * (1 - JITTER + 2 * JITTER * chance())
