"""Lists, tickets and answers over HTTP, in a store with few tickets and in one with many."""

import http.client
import json
import random
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle
from pathlib import Path

from bench import servers
from bench.desk import stores
from bench.desk.stores import SECRET, SETTINGS, DeskPlan
from bench.rounds import Sample, System, measure
from bench.servers import Contender
from bench.stores import call

PAGE = 50
DEEP_FROM = 0.5
"""A deep page lies behind this part of all tickets."""


class Ask(StrEnum):
    """What is asked for."""

    FIRST = "ticket list, first page"
    DEEP = "ticket list, deep page"
    DETAIL = "ticket"
    SEND = "message"


@dataclass(frozen=True)
class Asked:
    """One case: what, of whom, in a store with how many tickets."""

    ask: Ask
    tickets: int
    system: System


DeskSamples = dict[Asked, list[Sample]]
"""The samples of each case, one for each round."""


@dataclass(frozen=True)
class Case:
    """A question to a server that is running."""

    asked: Asked
    contender: Contender
    requests: Iterator[bytes]

    def measure(self, seconds: float) -> Sample:
        """Ask for so long."""
        return measure(self.contender, self.requests, seconds)


def cases(empty: Path, few: DeskPlan, many: DeskPlan, folder: Path, stack: ExitStack) -> list[Case]:
    """Fill every store, start the servers, which rest until they are asked, and return what to ask them."""
    found = []
    for plan in (few, many):
        place = stores.copied(empty, folder / f"desk of {plan.tickets}")
        tokens = stores.fill_guildhall(place / stores.GUILDHALL, plan)
        found += _cases(System.GUILDHALL, stack.enter_context(servers.guildhall(place, SETTINGS)), plan, tokens)
        place = stores.copied(empty, folder / f"baseline of {plan.tickets}")
        tokens = stores.fill_baseline(place / stores.BASELINE, plan)
        contender = stack.enter_context(servers.baseline("fastapi", place, {"JWT_SECRET": SECRET}))
        found += _cases(System.FASTAPI, contender, plan, tokens)
    for each in {case.contender.port: case.contender for case in found}.values():
        each.rest()
    return sorted(found, key=lambda case: list(Ask).index(case.asked.ask))


def _cases(system: System, contender: Contender, plan: DeskPlan, tokens: list[str]) -> list[Case]:
    _check(contender, plan, tokens[0])
    requests = {
        Ask.FIRST: _lists(plan, tokens, 0, 0),
        Ask.DEEP: _lists(plan, tokens, int(plan.tickets * DEEP_FROM), plan.tickets - PAGE),
        Ask.DETAIL: _details(plan, tokens),
        Ask.SEND: _messages(plan, tokens),
    }
    return [Case(Asked(ask, plan.tickets, system), contender, asking) for ask, asking in requests.items()]


def _check(contender: Contender, plan: DeskPlan, token: str) -> None:
    """Raise RuntimeError unless a server counts its tickets as they are, and finds what it is asked for."""
    with closing(http.client.HTTPConnection("127.0.0.1", contender.port)) as connection:
        for status, total in (
            ("all", plan.tickets),
            ("open", plan.open),
            ("closed", plan.tickets - plan.open),
        ):
            path = f"/api/tickets?status={status}&limit={PAGE}&offset={total - 2}"
            page = call(connection, "GET", path, token)
            if (page["total"], len(page["tickets"])) != (total, 2):
                raise RuntimeError(f"of {total:,} tickets ({status}) a list shows {page['total']:,}")
        ticket = call(connection, "GET", f"/api/tickets/{plan.ticket(plan.tickets)}", token)
        if len(ticket["messages"]) != min(plan.words, 100):
            raise RuntimeError(f"a ticket shows {len(ticket['messages'])} messages")


def _lists(plan: DeskPlan, tokens: list[str], first: int, last: int) -> Iterator[bytes]:
    chance = random.Random(plan.tickets)
    offsets = (chance.randint(first, last) for _ in range(5000))
    return cycle([_request("GET", f"?limit={PAGE}&offset={offset}", chance.choice(tokens)) for offset in offsets])


def _details(plan: DeskPlan, tokens: list[str]) -> Iterator[bytes]:
    long_ones = [plan.ticket(plan.tickets - number) for number in range(plan.long_ones)]
    return cycle([_request("GET", f"/{ticket}", token) for token in tokens for ticket in long_ones])


def _messages(plan: DeskPlan, tokens: list[str]) -> Iterator[bytes]:
    """Yield answers in one open ticket after the other, by one of the staff after the other."""
    open_ones = cycle(range(plan.tickets - plan.open + 1, plan.tickets - plan.long_ones + 1))
    for number, (ticket, token) in enumerate(zip(open_ones, cycle(tokens), strict=False)):
        said = json.dumps({"message": f"We look into it, and tell you tomorrow ({number})."}).encode()
        yield _request("POST", f"/{plan.ticket(ticket)}/send", token, said)


def _request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    content = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    head = f"{method} /api/tickets{path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n{content}\r\n"
    return head.encode() + body
