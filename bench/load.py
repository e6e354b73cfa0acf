"""A client that costs less than any server it measures: plain sockets, one epoll, and only status and length are read.

Each connection asks anew when its answer is there, so as many requests are under way as there are connections. The time
of a request runs from before its bytes are sent until the last byte of its answer is read.
"""

import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

CONNECTIONS = 16
MOST_REQUESTS = 6_000
"""Asked at most in one measurement, which keeps a run within what the server allows one address in a minute."""
PATIENCE = 60.0
"""Seconds without any answer after which a measurement is given up."""

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class LoadError(Exception):
    """A server did not answer, or not with 200; the text has the beginning of what it said."""


@dataclass(frozen=True)
class Load:
    """What was seen: seconds from the first request to the last answer, and those of each request, ascending."""

    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Requests in a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, part: float) -> float:
        """Return the time within which this part of all requests was answered."""
        return self.latencies[min(len(self.latencies) - 1, int(part * len(self.latencies)))]


def drive(port: int, requests: Iterator[bytes], *, seconds: float, most: int = MOST_REQUESTS) -> Load:
    """Ask for so long, but no more than `most` times, and wait for every answer. Raises LoadError."""
    latencies: list[float] = []
    with ExitStack() as stack:
        poll = stack.enter_context(select.epoll())
        lines = [stack.enter_context(_Line(port)) for _ in range(CONNECTIONS)]
        by_number = {line.fileno(): line for line in lines}
        begun = time.perf_counter()
        for line in lines:
            poll.register(line.fileno(), select.EPOLLIN)
            line.ask(next(requests))
        asking = len(lines)
        while asking:
            ready = poll.poll(PATIENCE)
            if not ready:
                raise LoadError(f"no answer within {PATIENCE:.0f} seconds")
            for number, _ in ready:
                line = by_number[number]
                if not line.is_answered():
                    continue
                now = time.perf_counter()
                latencies.append(now - line.asked_at)
                if now - begun < seconds and len(latencies) + asking <= most:
                    line.ask(next(requests))
                else:
                    asking -= 1
        spent = time.perf_counter() - begun
    return Load(spent, sorted(latencies))


class _Line:
    """A connection that is kept open, with one request under way."""

    __slots__ = ("_heard", "_socket", "asked_at", "fileno")

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard = b""
        self.fileno = self._socket.fileno
        self.asked_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, request: bytes) -> None:
        self._heard = b""
        self.asked_at = time.perf_counter()
        self._socket.sendall(request)

    def is_answered(self) -> bool:
        """Read what has come, and tell whether the answer is whole. Raises LoadError for any status but 200."""
        chunk = self._socket.recv(65536)
        if not chunk:
            raise LoadError(f"the server closed the connection after {self._heard[:500]!r}")
        heard = self._heard = self._heard + chunk
        head = heard.find(b"\r\n\r\n")
        if head < 0:
            return False
        if heard[9:12] != b"200":
            raise LoadError(f"the server answered {heard[:500]!r}")
        length = LENGTH.search(heard, 0, head)
        if length is None:
            raise LoadError(f"the answer has no length: {heard[:500]!r}")
        return len(heard) >= head + 4 + int(length[1])
