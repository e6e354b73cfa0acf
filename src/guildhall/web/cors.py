"""Pages of other sites that may read what a face answers: by a token that they show, never by a cookie."""

from collections.abc import Iterable
from typing import Final

from guildhall.settings import Settings
from guildhall.web.bodies import AnyRequest

Headers = tuple[tuple[bytes, bytes], ...]

SENT: Final = frozenset({"authorization", "content-type", "idempotency-key"})
"""Headers that such pages may send, beside those of their own that begin with `X-`."""

READ: Final = b"Retry-After, X-Request-Id"
KEPT: Final = b"600"
VARY: Final = (b"vary", b"Origin")


def is_welcome(settings: Settings, origin: str | None) -> bool:
    """Tell whether pages of an origin may read answers: those that are named, or else, in production, only our own."""
    named = settings.server.cors_origins or ((settings.public_url,) if settings.in_production else ())
    return bool(origin) and (not named or origin in named)


def shared_with(request: AnyRequest, settings: Settings) -> Headers:
    """Return what lets the page that asks read the answer; nothing for one that may not."""
    origin = request.headers.get("origin")
    if not origin or not is_welcome(settings, origin):
        return (VARY,)
    return ((b"access-control-allow-origin", origin.encode()), (b"access-control-expose-headers", READ), VARY)


def invitation(request: AnyRequest, settings: Settings, methods: Iterable[str]) -> Headers:
    """Return what a browser wants to know before it sends what a page has asked for."""
    asked = request.headers.get("access-control-request-headers", "").split(",")
    allowed = [name.strip() for name in asked if name.strip().lower().startswith("x-") or name.strip().lower() in SENT]
    return (
        *shared_with(request, settings),
        (b"access-control-allow-methods", ", ".join(methods).encode()),
        (b"access-control-allow-headers", ", ".join(allowed).encode()),
        (b"access-control-max-age", KEPT),
    )
