"""The little HTTP that a simulated service needs: requests, answers, a table of routes, and a server for them.

It is a server of its own because it has to know its port before it has any other part, and to stop at once.
"""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote

import msgspec

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
    """What is answered: JSON, unless the body is bytes already. None is for a status that has no body, 204."""

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


def listen(port: int) -> tuple[socket.socket, str]:
    """Return a socket on a port of this machine, a free one for 0, and its address. Raises OSError when it is taken."""
    place = socket.create_server((LOOPBACK, port))
    return place, f"http://{LOOPBACK}:{place.getsockname()[1]}"


@asynccontextmanager
async def serving(answer: Callable[[Request], Awaitable[Answer]], place: socket.socket) -> AsyncIterator[None]:
    """Answer every request that comes in at a socket for as long as the block runs."""
    conversations: set[asyncio.Task[None]] = set()

    def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_converse(answer, reader, writer))
        conversations.add(task)
        task.add_done_callback(conversations.discard)

    server = await asyncio.start_server(meet, sock=place)
    try:
        yield
    finally:
        server.close()
        for each in conversations:
            each.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)


async def _converse(
    answer: Callable[[Request], Awaitable[Answer]], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer one request after the other until the client has no more, or sends what is no HTTP."""
    try:
        with contextlib.suppress(ConnectionError):
            while (request := await _read(reader)) is not None:
                writer.write(_written(await answer(request)))
                await writer.drain()
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """Return the next request, whose body has a content-length, or None when there is none that can be understood."""
    try:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        return None
    path, _, query = target.partition("?")
    return Request(method, path, parse_qs(query, keep_blank_values=True), headers, body)


def _written(answer: Answer) -> bytes:
    content = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
    headers = {"content-type": "application/json; charset=UTF-8", "content-length": str(len(content))}
    if answer.body is None:
        content, headers = b"", {}
    lines = [f"{name}: {value}" for name, value in {**headers, **answer.headers}.items()]
    return "\r\n".join([f"HTTP/1.1 {answer.status} ", *lines, "", ""]).encode("latin-1") + content
