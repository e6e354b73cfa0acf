"""As little as an ASGI application can do: read the body, send fixed bytes."""

from typing import Any

BODY = b"x" * 1024
"""About as long as a booking, and half as long as a busy day."""

START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())],
}
END = {"type": "http.response.body", "body": BODY}


async def answer(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (the ASGI signature)
    """Answer one request."""
    del scope
    while (await receive()).get("more_body"):
        pass
    await send(START)
    await send(END)
