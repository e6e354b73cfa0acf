"""How fast one may ask: a bucket for each route and place, and one for the whole bot.

Time is the machine's and not the world's, because a client waits in real time.
"""

import hashlib
import time
from dataclasses import dataclass, field
from datetime import datetime

from guildhall.simulator.discord.refusals import too_fast

BEHIND = {"Via": "1.1 guildhall"}
"""Discord stands behind a proxy that says so; clients take a 429 without it for a ban."""


@dataclass
class Window:
    """What was asked since a window began."""

    opened: float
    used: int = 0


@dataclass
class Limits:
    """So many requests in so many seconds: for each bucket, and for the bot."""

    requests: int = 50
    seconds: float = 1.0
    requests_of_the_bot: int = 50
    _windows: dict[str, Window] = field(default_factory=dict)

    def take(self, route: str, place: str, present: datetime) -> dict[str, str]:
        """Count a request, and return the headers that tell how many are left. Raises 429 when none are."""
        bucket = hashlib.sha256(route.encode()).hexdigest()[:32]
        now = time.monotonic()
        self._count("", now, self.requests_of_the_bot, bucket)
        window = self._count(f"{bucket}:{place}", now, self.requests, bucket)
        left = max(0.0, window.opened + self.seconds - now)
        return {
            "X-RateLimit-Limit": str(self.requests),
            "X-RateLimit-Remaining": str(self.requests - window.used),
            "X-RateLimit-Reset": f"{present.timestamp() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": bucket,
        }

    def _count(self, key: str, now: float, most: int, bucket: str) -> Window:
        window = self._windows.get(key)
        if window is None or now - window.opened >= self.seconds:
            window = self._windows[key] = Window(now)
        if window.used >= most:
            whole = key == ""
            raise too_fast(window.opened + self.seconds - now, whole=whole, bucket="" if whole else bucket)
        window.used += 1
        return window
