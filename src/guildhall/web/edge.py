"""The outermost layer: a request id, security headers, one log line and one measurement for every request.

It also says which house a request is in: the routes below are the same for all of them.
"""

import time
from typing import Any

from guildhall.core import ids
from guildhall.core.log import bind_request, get_logger
from guildhall.web.house import House

log = get_logger("guildhall.requests")

COMMON_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
PAGE_HEADERS = (
    (
        b"content-security-policy",
        (
            b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; "
            b"form-action 'self'; base-uri 'none'; object-src 'none'"
        ),
    ),
    (b"x-frame-options", b"DENY"),
)
SLOW = 1.0


class Edge:
    """Wraps the application; everything a client ever gets has passed here."""

    def __init__(self, app: Any, house: House) -> None:  # noqa: ANN401 (the ASGI signature)
        self._app = app
        self._house = house
        self._metrics = house.metrics
        is_https = house.settings.public_url.startswith("https://")
        self._always = COMMON_HEADERS + (((b"strict-transport-security", b"max-age=31536000"),) if is_https else ())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = ids.ulid()
        state = scope.setdefault("state", {})
        state["request_id"], state["house"] = request_id, self._house
        status, spent = 500, 0.0
        begun = time.perf_counter()

        async def sending(message: Any) -> None:  # noqa: ANN401 (an ASGI message)
            nonlocal status, spent
            if message["type"] == "http.response.start":
                status = message["status"]
                # To the head of the answer: a stream's body lasts as long as somebody listens.
                spent = time.perf_counter() - begun
                self._complete(message["headers"], request_id)
            await send(message)

        self._metrics.request_begins()
        bind_request(request_id)
        try:
            await self._app(scope, receive, sending)
        finally:
            face, route = state.get("face", "none"), state.get("route", "none")
            self._metrics.request_ends(face=face, route=route, method=scope["method"], status=status, seconds=spent)
            slow = spent > SLOW and not state.get("waits")
            if status >= 500 or slow:  # noqa: PLR2004 (the class of server errors)
                log.warning("request", method=scope["method"], route=route, status=status, seconds=round(spent, 4))
            else:
                log.debug("request", method=scope["method"], route=route, status=status, seconds=round(spent, 4))

    def _complete(self, headers: list[tuple[bytes, bytes]], request_id: str) -> None:
        headers.append((b"x-request-id", request_id.encode()))
        said = {name for name, _ in headers}
        headers.extend(each for each in self._always if each[0] not in said)
        if any(name == b"content-type" and value.startswith(b"text/html") for name, value in headers):
            headers.extend(PAGE_HEADERS)
