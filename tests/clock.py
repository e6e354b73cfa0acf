"""Time that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning, some weeks before the clocks change."""


class SettableClock:
    """A `guildhall.core.clock.Clock` that shows what it was set to."""

    def __init__(self, start: datetime = START) -> None:
        self.set(start)

    def now(self) -> datetime:
        """Return the instant it shows."""
        return self._now

    def set(self, instant: datetime) -> None:
        """Show another instant, which must know its offset."""
        assert instant.tzinfo is not None, "a naive time says nothing"
        self._now = instant.astimezone(UTC)

    def advance(self, by: timedelta) -> datetime:
        """Move on, and return what it shows then."""
        self._now += by
        return self._now
