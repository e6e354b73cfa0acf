"""Somebody else's server that takes webhooks, speaks real HTTP, and behaves as a test wants."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Arrived:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Where to send, what has arrived, and how it answers: `answer` is called for every request that is read."""

    url: str = ""
    port: int = 0
    answer: Behaviour = field(default=lambda _: _accepted())
    arrived: list[Arrived] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    """The names that clients asked for in TLS."""
    _change: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, count: int, *, within: float = 20.0) -> list[Arrived]:
        """Return what has arrived once there are so many requests. Raises TimeoutError."""
        async with asyncio.timeout(within), self._change:
            await self._change.wait_for(lambda: len(self.arrived) >= count)
        return self.arrived

    def says(self, status: int, **headers: str) -> None:
        """Answer every request with this status."""

        async def answer(_: web.Request) -> web.Response:
            return web.Response(status=status, headers=headers)

        self.answer = answer

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Write a request down, then answer."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        arrived = Arrived(request.raw_path, headers, await request.read())
        async with self._change:
            self.arrived.append(arrived)
            self._change.notify_all()
        return await self.answer(request)


async def hang(_: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


async def trickle(request: web.Request) -> web.StreamResponse:
    """Begin to answer, and send a byte now and then for ever."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b".")
        await asyncio.sleep(0.01)  # It is slow: that is what it is for.


async def _accepted() -> web.StreamResponse:
    return web.Response(status=204)


@asynccontextmanager
async def receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Run one on a free port of this machine until the block ends."""
    found = Receiver()
    if tls is not None:
        tls.sni_callback = lambda _connection, name, _context: found.names.append(name)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    found.port = runner.addresses[0][1]
    found.url = f"{'https' if tls else 'http'}://127.0.0.1:{found.port}"
    try:
        yield found
    finally:
        await runner.cleanup()
