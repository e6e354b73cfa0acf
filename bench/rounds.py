"""The measurements: every contender is asked the same, one after the other, round after round."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench import servers, stores
from bench.load import drive
from bench.servers import Contender
from bench.stores import Plan

LEAD_IN = 0.15
"""Seconds of asking before each measurement: connections are made and what slept has caught up."""

SETTINGS = {
    "ADMIN_API_KEY": stores.MASTER_KEY,
    "ADMIN_PASSWORD": "a password of the bench",
    "COMMONSHUB_RATE_LIMIT": str(10**9),
}


class System(StrEnum):
    """Who is measured."""

    BARE = "bare ASGI"
    GUILDHALL = "Guildhall"
    FASTAPI = "FastAPI + SQLAlchemy"


class Question(StrEnum):
    """What is asked."""

    HEALTH = "health"
    SMALL = "availability, small store"
    LARGE = "availability, large store"
    BOOKING = "booking, large store"


@dataclass(frozen=True)
class Extent:
    """How much is measured: two stores, and so many rounds of so many seconds for each case."""

    small: Plan
    large: Plan
    rounds: int
    seconds: float


FULL = Extent(Plan(rooms=10, days=125), Plan(rooms=100, days=1250), rounds=9, seconds=1.0)
QUICK = Extent(Plan(rooms=5, days=25), Plan(rooms=20, days=125), rounds=1, seconds=0.2)


@dataclass(frozen=True)
class Sample:
    """Requests a second, seconds within which half and 99 of 100 were answered, and processor seconds for each."""

    rate: float
    p50: float
    p99: float
    cpu: float


Samples = dict[tuple[Question, System], list[Sample]]
"""The samples of each case, one for each round."""


@dataclass(frozen=True)
class _Case:
    question: Question
    system: System
    contender: Contender
    requests: Iterator[bytes]

    def measure(self, seconds: float) -> Sample:
        with self.contender.awake():
            drive(self.contender.port, self.requests, seconds=LEAD_IN)
            before = self.contender.cpu_seconds()
            load = drive(self.contender.port, self.requests, seconds=seconds)
            cpu = (self.contender.cpu_seconds() - before) / len(load.latencies)
        return Sample(load.rate, load.percentile(0.5), load.percentile(0.99), cpu)


def run(extent: Extent, folder: Path, tell: Callable[[str], None]) -> Samples:
    """Start and fill everything in a folder, measure, and stop it all."""
    with ExitStack() as stack:
        cases = _cases(extent, folder, stack, tell)
        samples: Samples = {(case.question, case.system): [] for case in cases}
        for number in range(extent.rounds):
            tell(f"Round {number + 1} of {extent.rounds}")
            for case in cases:
                samples[case.question, case.system].append(case.measure(extent.seconds))
    return samples


def _cases(extent: Extent, folder: Path, stack: ExitStack, tell: Callable[[str], None]) -> Sequence[_Case]:
    bare = stack.enter_context(servers.baseline("bare", folder / "bare"))
    answered: list[_Case] = []
    for system in System:
        if system is System.BARE:
            pairs = [(bare, ""), (bare, "")]
        else:
            tell(f"Filling two stores of {system}: {extent.small.bookings:,} and {extent.large.bookings:,} bookings")
            pairs = [_filled(system, plan, folder, stack) for plan in (extent.small, extent.large)]
        answered += _asked(system, extent, *pairs)
    for each in {case.contender.port: case.contender for case in answered}.values():
        each.rest()
    return sorted(answered, key=lambda case: list(Question).index(case.question))


def _filled(system: System, plan: Plan, folder: Path, stack: ExitStack) -> tuple[Contender, str]:
    place = folder / f"{system.name.lower()}-{plan.bookings}"
    if system is System.GUILDHALL:
        contender = stack.enter_context(servers.guildhall(place, SETTINGS))
        return contender, stores.furnish_guildhall(contender, plan)
    contender = stack.enter_context(servers.baseline("fastapi", place))
    return contender, stores.furnish_baseline(contender, plan)


def _asked(
    system: System, extent: Extent, small: tuple[Contender, str], large: tuple[Contender, str]
) -> Iterator[_Case]:
    yield _Case(Question.HEALTH, system, small[0], stores.health_requests())
    yield _Case(Question.SMALL, system, small[0], stores.availability_requests(extent.small, small[1]))
    yield _Case(Question.LARGE, system, large[0], stores.availability_requests(extent.large, large[1]))
    yield _Case(Question.BOOKING, system, large[0], stores.booking_requests(extent.large, large[1]))
