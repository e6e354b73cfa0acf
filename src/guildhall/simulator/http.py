"""The little HTTP that a simulated service needs: requests, answers, a table of routes, and a server for them."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Request:
    """What was asked.

    The parts of `path` are still escaped, `query` holds all values of each name, names of headers are in small letters.
    """

    method: str
    path: str
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def one(self, name: str, default: str = "") -> str:
        """Return a parameter of the query, the last one where there are several."""
        return self.query.get(name, [default])[-1]

    def form(self) -> dict[str, str]:
        """Return the body as a form."""
        fields = parse_qs(self.body.decode(errors="replace"), keep_blank_values=True)
        return {name: values[-1] for name, values in fields.items()}


@dataclass(frozen=True)
class Answer:
    """What is answered: JSON, unless the body is bytes already; nothing at all for None."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[..., Answer]
"""Takes the request, then the parts that its pattern named."""


@dataclass(frozen=True)
class Routes:
    """Which handler answers which method and path; `{name}` in a path stands for one part of it."""

    table: Sequence[tuple[str, str, Handler]]

    def find(self, request: Request) -> tuple[Handler, dict[str, str]] | None:
        """Return the handler of a request with the parts of its path, or None."""
        for method, path, handler in self.table:
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
            found = re.fullmatch(pattern, request.path) if method == request.method else None
            if found:
                return handler, {name: unquote(part) for name, part in found.groupdict().items()}
        return None


class Service:
    """An ASGI application that gives every request to one coroutine."""

    def __init__(self, answer: Callable[[Request], Awaitable[Answer]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        answer = await self._answer(await _request(scope, receive))
        body = b"" if answer.body is None else _encoded(answer.body)
        headers = {
            "content-type": "application/json; charset=UTF-8",
            "content-length": str(len(body)),
            **answer.headers,
        }
        lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": lines})
        await send({"type": "http.response.body", "body": body})


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def listening(service: Service, port: int) -> AsyncIterator[None]:
    """Serve on a port of this machine for as long as the block runs. Raises OSError when the port is taken."""
    server = Server(
        service, address=LOOPBACK, port=port, interface=Interfaces.ASGINL, http=HTTPModes.http1, log_enabled=False
    )
    task = asyncio.create_task(server.serve())
    try:
        await _connected(port, task)
        yield
    finally:
        server.stop()  # type: ignore[no-untyped-call]  # Granian leaves it untyped
        await task


async def _connected(port: int, task: asyncio.Task[None]) -> None:
    while not task.done():
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.close()
            return
        await asyncio.sleep(0.01)


async def _request(scope: Scope, receive: Receive) -> Request:
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return Request(
        scope["method"],
        (scope.get("raw_path") or scope["path"].encode()).decode().partition("?")[0],
        parse_qs(scope["query_string"].decode(), keep_blank_values=True),
        {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body,
    )


def _encoded(body: object) -> bytes:
    return body if isinstance(body, bytes) else msgspec.json.encode(body)
