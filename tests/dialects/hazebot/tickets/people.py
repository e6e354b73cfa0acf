"""People with tokens, their requests and their sockets."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import socketio  # type: ignore[import-untyped]  # the library has no types

from guildhall.core.actor import SYSTEM
from guildhall.domains import identity
from guildhall.domains.identity import Session, mint_access_token
from guildhall.domains.identity.sessions import open_session
from tests.clock import SettableClock
from tests.serving import Served

PATIENCE = 10
"""Seconds that anything may take before a test gives up."""

SCRIPT = Path(__file__).parents[3] / "javascript" / "socket.cjs"
MODULES = Path(sys.prefix) / "aside" / "javascript" / "node_modules"
HOUR = timedelta(hours=1)
OPENING = {"type": "general", "subject": "Cannot log in", "description": "It says that my token has expired."}


class Heard:
    """What a socket has heard and nobody has asked for yet."""

    def __init__(self) -> None:
        self._heard: list[tuple[str, Any]] = []
        self._moved = asyncio.Event()

    def take(self, event: str, payload: object = None) -> None:
        """Remember something that was heard."""
        self._heard.append((event, payload))
        self._moved.set()

    async def next(self, event: str) -> Any:  # noqa: ANN401  whatever was said
        """Return what came with the next such event, and forget it; TimeoutError when there is none."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for index, (name, payload) in enumerate(self._heard):
                    if name == event:
                        del self._heard[index]
                        return payload
                self._moved.clear()
                await self._moved.wait()

    def left(self, event: str) -> list[Any]:
        """Return what came with such events and was not asked for."""
        return [payload for name, payload in self._heard if name == event]


class People:
    """Who comes to this house."""

    def __init__(self, served: Served, clock: SettableClock, stack: AsyncExitStack) -> None:
        self.served, self._clock, self._stack = served, clock, stack
        self.sessions: dict[str, Session] = {}

    async def token(self, name: str, *roles: str, discord_id: str = "", life: timedelta = HOUR) -> str:
        """Make a person with these roles and return a token of theirs."""
        house, now = self.served.house, self._clock.now()
        async with house.database.write() as tx:
            user = await identity.create_person(
                tx, SYSTEM, sign_in_name=name, password_hash="x", email=None, roles=list(roles), now=now
            )
            if discord_id:
                await identity.link_identity(tx, SYSTEM, user, provider="discord", external_id=discord_id, now=now)
            session, _ = await open_session(tx, user, ip=None, user_agent=None, now=now)
        self.sessions[name] = session
        return mint_access_token(session, key=house.community.key, life=life, now=now)

    async def client(self, token: str, **headers: str) -> httpx.AsyncClient:
        """Return a client that shows a token with each request."""
        sent = {"Authorization": f"Bearer {token}", **headers}
        return await self._stack.enter_async_context(self.served.client(headers=sent))

    async def enters(self, name: str, *roles: str, discord_id: str = "") -> httpx.AsyncClient:
        """Return the client of somebody new."""
        return await self.client(await self.token(name, *roles, discord_id=discord_id))

    async def socket(self, token: str | None = None, **options: Any) -> tuple[Any, Heard]:  # noqa: ANN401 (untyped)
        """Open a socket with the client of Python."""
        client, heard = socketio.AsyncClient(reconnection=False), Heard()
        client.on("*", heard.take)
        client.on("disconnect", lambda *_: heard.take("disconnect"))
        client.on("connect_error", lambda fault=None: heard.take("connect_error", fault))
        auth = {"token": token} if token else None
        await client.connect(self.served.url, auth=auth, transports=["websocket"], **options)
        self._stack.push_async_callback(client.shutdown)
        return client, heard

    async def page(self, token: str | None, **options: object) -> "Page":
        """Open a socket with the client of JavaScript, as a page does."""
        auth = {"auth": {"token": token}} if token else {}
        return await self._stack.enter_async_context(_page(self.served.url, {**auth, **options}))


class Page:
    """A socket in a program of JavaScript."""

    def __init__(self, program: asyncio.subprocess.Process) -> None:
        self._program = program
        self.heard = Heard()

    async def listen(self) -> None:
        """Take in what the program tells, until it ends."""
        assert self._program.stdout is not None
        async for line in self._program.stdout:
            self.heard.take(*json.loads(line))

    async def says(self, event: str, **payload: object) -> None:
        """Send an event."""
        assert self._program.stdin is not None
        self._program.stdin.write(json.dumps([event, payload]).encode() + b"\n")
        await self._program.stdin.drain()


@asynccontextmanager
async def coming_to(served: Served, clock: SettableClock) -> AsyncIterator[People]:
    """Let people come to a house; all that they have open is closed in the end."""
    async with AsyncExitStack() as stack:
        yield People(served, clock, stack)


@asynccontextmanager
async def _page(url: str, options: dict[str, object]) -> AsyncIterator[Page]:
    program = await asyncio.create_subprocess_exec(
        "node", str(SCRIPT), url, json.dumps(options),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={**os.environ, "NODE_PATH": str(MODULES)},
    )  # fmt: skip
    page = Page(program)
    listening = asyncio.create_task(page.listen())
    try:
        yield page
    finally:
        assert program.stdin is not None
        program.stdin.close()
        await program.wait()
        await listening


async def opened(client: httpx.AsyncClient, **other: str) -> str:
    """Open a ticket and return its id."""
    answer = await client.post("/api/tickets", json={**OPENING, **other})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["ticket_id"])


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status_code, answer.json()["code"]
