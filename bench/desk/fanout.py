"""How long one message takes to everybody who follows its ticket by a socket.

The clock runs from before the request that writes the message until the last socket has it. The sockets are in
processes of their own on the core of the client, the server on the other.
"""

import http.client
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from statistics import median

from bench import servers
from bench.attendance.stage import filling
from bench.desk import stores
from bench.desk.stores import SECRET, SETTINGS
from bench.servers import PROJECT, PYTHON_PATH, Contender
from bench.stores import call

PROCESSES = 2
OF_ONE_PERSON = 10
"""Sockets that somebody may have open."""

PATIENCE = 600.0
"""Seconds that a process may take to bring its sockets in, which is what takes longest."""

NANO = 1e-9


class Teller(StrEnum):
    """Who tells."""

    GUILDHALL = "Guildhall"
    PLAIN = "python-socketio, a room"


@dataclass(frozen=True)
class Spread:
    """So many sockets followed; and for each message the seconds until the first and the last of them had it.

    `missed` counts the messages that a socket should have had and did not get, of all sockets together.
    """

    held: int
    missed: int
    firsts: list[float]
    lasts: list[float]

    @property
    def first(self) -> float:
        """The median time until the first had it."""
        return median(self.firsts)

    @property
    def last(self) -> float:
        """The median time until the last had it."""
        return median(self.lasts)


FanOut = dict[tuple[int, Teller], Spread]
"""What was measured with each number of sockets."""


def measure(empty: Path, sizes: tuple[int, ...], messages: int, pause: float, folder: Path) -> FanOut:
    """Start both servers, one after the other, and let as many sockets as each size hear so many messages.

    Before each of them the server has a `pause` of so many seconds, in which it comes to rest.
    """
    found: FanOut = {}
    for teller in Teller:
        with ExitStack() as stack:
            contender, tokens, ticket = _ready(teller, empty, max(sizes), folder, stack)
            for size in sizes:
                found[size, teller] = _told(contender, tokens, ticket, size, messages, pause)
    return {(size, teller): found[size, teller] for size in sizes for teller in Teller}


def _ready(teller: Teller, empty: Path, most: int, folder: Path, stack: ExitStack) -> tuple[Contender, list[str], str]:
    """Start a server with as many staff as so many sockets need, and a ticket."""
    if teller is Teller.PLAIN:
        contender = stack.enter_context(servers.baseline("sockets", folder / teller.name, {"JWT_SECRET": SECRET}))
        return contender, [stores.baseline_token(1)], "ticket"
    place = stores.copied(empty, folder / teller.name)
    with filling(place / stores.GUILDHALL) as database:
        tokens = stores.add_staff(database, most // OF_ONE_PERSON + 1)
    contender = stack.enter_context(servers.guildhall(place, SETTINGS))
    with closing(http.client.HTTPConnection("127.0.0.1", contender.port)) as connection:
        wish = {"type": "general", "subject": "A question", "description": "Can everybody hear this?"}
        ticket = call(connection, "POST", "/api/tickets", tokens[-1], body=wish, status=http.client.CREATED)
    return contender, tokens, str(ticket["ticket_id"])


def _told(contender: Contender, tokens: list[str], ticket: str, size: int, messages: int, pause: float) -> Spread:
    firsts, lasts, missed = [], [], 0
    shown = [tokens[number // OF_ONE_PERSON % len(tokens)] for number in range(size)]
    with _listening(contender.port, ticket, shown) as crowds:
        held = sum(int(_line(each)) for each in crowds)
        with closing(http.client.HTTPConnection("127.0.0.1", contender.port)) as connection:
            for number in range(messages):
                time.sleep(pause)
                begun = time.monotonic_ns()
                body = {"message": f"One message for everybody ({number})"}
                call(connection, "POST", f"/api/tickets/{ticket}/send", tokens[-1], body=body)
                heard = [tuple(map(int, _line(each).split())) for each in crowds]
                firsts.append((min(first for first, _, _ in heard) - begun) * NANO)
                lasts.append((max(last for _, last, _ in heard) - begun) * NANO)
                missed += held - sum(count for _, _, count in heard)
    return Spread(held, missed, firsts, lasts)


@contextmanager
def _listening(port: int, ticket: str, tokens: list[str]) -> Iterator[list["subprocess.Popen[str]"]]:
    """Let a socket for each token follow a ticket meanwhile, in several processes."""
    command = [sys.executable, "-m", "bench.desk.listeners", str(port), ticket]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with ExitStack() as stack:
        crowds = []
        for number in range(PROCESSES):
            crowd = stack.enter_context(
                subprocess.Popen(command, cwd=PROJECT, env={"PYTHONPATH": PYTHON_PATH}, text=True, **pipes)  # type: ignore[call-overload]  # options in a dict have no types
            )
            stack.callback(crowd.stdin.close)
            crowd.stdin.write("".join(f"{token}\n" for token in tokens[number::PROCESSES]) + "\n")
            crowd.stdin.flush()
            crowds.append(crowd)
        yield crowds


def _line(crowd: "subprocess.Popen[str]") -> str:
    """Return the next that a process tells. Raises RuntimeError when it ends or tells nothing for very long."""
    assert crowd.stdout is not None  # noqa: S101 (it was started with a pipe)
    ready, _, _ = select.select([crowd.stdout], [], [], PATIENCE)
    line = crowd.stdout.readline() if ready else ""
    if not line:
        raise RuntimeError("a process with sockets tells nothing of them")
    return line
