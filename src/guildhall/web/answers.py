"""What goes back to the client. An answer is complete before the first byte leaves."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

JSON = b"application/json"
HTML = b"text/html; charset=utf-8"
NO_CONTENT = 204
IN_ADDRESSES = ":/?#[]@!$&'()*+,;=%"


class Answer:
    """A finished HTTP answer; it is an ASGI application, so the router sends it as it is."""

    __slots__ = ("body", "headers", "media_type", "status")

    def __init__(
        self,
        body: bytes = b"",
        *,
        status: int = 200,
        media_type: bytes = JSON,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        self.body = body
        self.status = status
        self.media_type = media_type
        self.headers = headers

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (the ASGI signature)
        """Send the answer; a HEAD request gets its headers only."""
        del receive
        head = scope["method"] == "HEAD"
        headers = list(self.headers)
        if self.status != NO_CONTENT:
            headers.append((b"content-length", str(len(self.body)).encode()))
        if self.body:
            headers.append((b"content-type", self.media_type))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else self.body})


def redirect(location: str, *, status: int = 303, headers: Sequence[tuple[bytes, bytes]] = ()) -> Answer:
    """Return the way to a local address or an absolute one; what no address may hold is percent-encoded."""
    return Answer(status=status, headers=((b"location", quote(location, safe=IN_ADDRESSES).encode()), *headers))
