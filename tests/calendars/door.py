"""A door in front of a calendar server, at which a test decides what happens to each request."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[["Door", Request], Awaitable[bytes | None]]
"""Returns the answer as it goes over the wire, or None to close without one."""


def plain(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return an answer's bytes."""
    lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Door:
    """Listens on a port of its own; `behave` may be changed at any time. `seen` holds the requests that came."""

    behind: str
    behave: Behaviour
    seen: list[Request]
    port: int = 0
    _inside: set[asyncio.Task[None]] = field(default_factory=set)

    def url(self, calendar_url: str) -> str:
        """Return a calendar's address as it is on this side of the door."""
        return calendar_url.replace(self.behind, f"http://127.0.0.1:{self.port}")

    async def let_through(self, request: Request) -> bytes:
        """Return what the server behind answers."""
        kept = {name: value for name, value in request.headers.items() if name not in {"host", "connection"}}
        async with httpx.AsyncClient() as client:
            answer = await client.request(
                request.method, self.behind + request.path, headers=kept, content=request.body
            )
        etag = {"ETag": answer.headers["etag"]} if "etag" in answer.headers else {}
        return plain(answer.status_code, answer.content, **etag)

    def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let somebody in, to be sent away when the door closes."""
        task = asyncio.create_task(self._answer(reader, writer))
        self._inside.add(task)
        task.add_done_callback(self._inside.discard)

    async def close(self) -> None:
        """Send everybody away who is still waiting."""
        for task in self._inside:
            task.cancel()
        await asyncio.gather(*self._inside, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                request = await _read(reader)
                self.seen.append(request)
                answer = await self.behave(self, request)
                if answer is not None:
                    writer.write(answer)
                    await writer.drain()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def let_through(door: Door, request: Request) -> bytes | None:
    """Be no door at all."""
    return await door.let_through(request)


@asynccontextmanager
async def open_door(behind: str = "", behave: Behaviour = let_through) -> AsyncIterator[Door]:
    """Open a door in front of a server, or in front of nothing."""
    door = Door(behind, behave, [])
    server = await asyncio.start_server(door.enter, "127.0.0.1", 0)
    door.port = server.sockets[0].getsockname()[1]
    try:
        yield door
    finally:
        server.close()
        await door.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
    method, path, _ = head[0].split(" ")
    pairs = (line.split(":", 1) for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, value in pairs}
    return Request(method, path, headers, await reader.readexactly(int(headers.get("content-length", 0))))
