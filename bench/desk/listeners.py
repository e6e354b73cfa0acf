"""Sockets that follow a ticket: `python -m bench.desk.listeners PORT TICKET`, with a token a line on standard input.

Each is a WebSocket that speaks Engine.IO 4 and Socket.IO 5 as their clients do: it opens, shows its token, joins the
ticket, answers pings. It reads no more of what it hears than the name of the event, so that thousands of them cost less
than the server they listen to. Lines on standard output tell how many follow the ticket, and after that, for each
message, when the first and the last of them had it, in nanoseconds of the machine's monotonic clock, and how many had.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import uvloop

AT_ONCE = 50
"""Sockets that are being opened at the same time."""

PATIENCE = 30.0
"""Seconds that opening one may take, and that all may take to hear what one of them has heard."""

TEXT, CLOSE = 0x81, 0x88
SHORT, MIDDLE = 126, 127


class Listener(asyncio.Protocol):
    """One socket."""

    def __init__(self, request: bytes, token: str, ticket: str, hear: Callable[[], None]) -> None:
        self._request, self._token, self._ticket, self._hear = request, token, ticket, hear
        self._buffer = b""
        self._is_open = False
        self._transport: Any = None
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (uvloop's own, which is no class of asyncio's)
        """Ask for a WebSocket."""
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that it was not let in, where it was not."""
        if not self.joined.done():
            self.joined.set_exception(exc or ConnectionError("closed by the server"))

    def data_received(self, data: bytes) -> None:
        """Take in what has come: the head of an answer, then frames."""
        self._buffer += data
        if not self._is_open:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head[:20]:
                self._transport.close()
                return
            self._is_open, self._buffer = True, rest
        while self._take_frame():
            pass

    def _take_frame(self) -> bool:
        buffer = self._buffer
        start, size = 2, buffer[1] & 0x7F if len(buffer) > 1 else 0
        if size == SHORT:
            start, size = 4, int.from_bytes(buffer[2:4], "big")
        elif size == MIDDLE:
            start, size = 10, int.from_bytes(buffer[2:10], "big")
        if len(buffer) < max(2, start + size):
            return False
        self._buffer = buffer[start + size :]
        if buffer[0] == TEXT:
            self._take(buffer[start : start + size])
        elif buffer[0] == CLOSE:
            self._transport.close()
        return True

    def _take(self, packet: bytes) -> None:
        if packet.startswith(b'42["new_message"'):
            self._hear()
        elif packet == b"2":
            self._say(b"3")
        elif packet.startswith(b"0{"):
            self._say(b"40" + json.dumps({"token": self._token}).encode())
        elif packet.startswith(b"40{"):
            self._say(b"42" + json.dumps(["join_ticket", {"ticket_id": self._ticket}]).encode())
        elif packet.startswith(b'42["joined_ticket"') and not self.joined.done():
            self.joined.set_result(None)
        elif packet.startswith((b"44", b'42["error"')):
            self._transport.close()

    def _say(self, packet: bytes) -> None:
        # A client masks what it says; with a mask of zeros it stays as it is.
        size = bytes([0x80 | len(packet)]) if len(packet) < SHORT else b"\xfe" + len(packet).to_bytes(2, "big")
        self._transport.write(bytes([TEXT]) + size + bytes(4) + packet)


class Crowd:
    """All sockets of this process."""

    def __init__(self) -> None:
        self.present = 0
        self._heard = 0
        self._first = self._last = 0
        self._waiting: asyncio.TimerHandle | None = None

    def hear(self) -> None:
        """Count one that has the message, and tell when it is the last, or when that takes too long."""
        self._last = time.monotonic_ns()
        if self._waiting is None:
            self._first = self._last
            self._waiting = asyncio.get_running_loop().call_later(PATIENCE, self._tell)
        self._heard += 1
        if self._heard == self.present:
            self._tell()

    def _tell(self) -> None:
        print(self._first, self._last, self._heard, flush=True)
        if self._waiting is not None:
            self._waiting.cancel()
        self._heard, self._waiting = 0, None


async def main() -> None:
    """Open a socket for each token, tell how many are in, and listen until standard input ends."""
    port, ticket = int(sys.argv[1]), sys.argv[2]
    loop, crowd, room = asyncio.get_running_loop(), Crowd(), asyncio.Semaphore(AT_ONCE)
    request = (
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()

    async def enter(token: str) -> None:
        async with room:
            try:
                async with asyncio.timeout(PATIENCE):
                    listener = Listener(request, token, ticket, crowd.hear)
                    await loop.create_connection(lambda: listener, "127.0.0.1", port)
                    await listener.joined
            except (OSError, TimeoutError) as fault:
                print(f"{type(fault).__name__}: {fault}", file=sys.stderr)
                return
            crowd.present += 1

    await asyncio.gather(*(enter(token) for token in iter(lambda: sys.stdin.readline().strip(), "")))
    print(crowd.present, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


uvloop.run(main())
