"""How long to wait before another try."""

import random
from typing import Final

FIRST: Final = 1.0
LONGEST: Final = 300.0


class Backoff:
    """Waiting times that double from try to try up to a limit, each shortened at random.

    The random part keeps the bots of a city from knocking in the same second after Discord was away.
    """

    def __init__(self, first: float = FIRST, longest: float = LONGEST) -> None:
        self._first = first
        self._longest = longest
        self._tries = 0

    def next(self) -> float:
        """Return the seconds to wait before the next try: between half of what is due, and all of it."""
        due = min(self._longest, self._first * 2.0**self._tries)
        # It need not count on where the limit is reached: a number that grows for weeks would overflow.
        self._tries += due < self._longest
        return due * random.uniform(0.5, 1.0)  # noqa: S311 (nobody gains by guessing it)

    def reset(self) -> None:
        """Begin anew, after something went well."""
        self._tries = 0
