"""A bare client of the gateway, for what discord.py would never send."""

import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from guildhall.simulator.discord import DiscordSimulator

ALL_INTENTS = (1 << 26) - 1


class Wire:
    """A connection to the gateway; with `compressed`, all that comes passes one decompressor."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, compressed: bool) -> None:
        self._socket = socket
        self._inflater = zlib.decompressobj() if compressed else None
        self.close_code: int | None = None

    async def send(self, operation: int, data: object = None) -> None:
        """Send an operation."""
        await self._socket.send_str(json.dumps({"op": operation, "d": data}))

    async def send_text(self, text: str) -> None:
        """Send anything."""
        await self._socket.send_str(text)

    async def frame(self) -> dict[str, Any]:
        """Return the next frame."""
        message = await self._socket.receive(timeout=10)
        text = message.data if self._inflater is None else self._inflater.decompress(message.data)
        frame: dict[str, Any] = json.loads(text)
        assert set(frame) == {"op", "d", "s", "t"}
        return frame

    async def event(self, name: str) -> dict[str, Any]:
        """Return the next event of this name with its number, past others."""
        while (frame := await self.frame())["t"] != name:
            pass
        return frame

    async def operation(self, number: int) -> dict[str, Any]:
        """Return the next frame of this operation, past others."""
        while (frame := await self.frame())["op"] != number:
            pass
        return frame

    async def closed(self) -> int | None:
        """Return the code with which the gateway closed the connection."""
        while (await self._socket.receive(timeout=10)).type is not aiohttp.WSMsgType.CLOSE:
            pass
        return self._socket.close_code

    async def identify(self, token: str, **more: object) -> dict[str, Any]:
        """Begin a session, and return READY."""
        await self.send(2, {"token": token, "intents": ALL_INTENTS, "properties": {}, **more})
        return await self.event("READY")


@asynccontextmanager
async def wire(simulator: DiscordSimulator, query: str = "v=10&encoding=json") -> AsyncIterator[Wire]:
    """Connect while the block runs."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{simulator.gateway_url}?{query}", autoclose=False) as socket,
    ):
        yield Wire(socket, compressed="zlib-stream" in query)
