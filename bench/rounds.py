"""The measurements: every contender is asked the same, one after the other, round after round."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle
from pathlib import Path

from bench import servers, shift_stores, stores
from bench.load import drive
from bench.servers import Contender
from bench.shift_stores import ShiftPlan
from bench.stores import Plan

LEAD_IN = 0.15
"""Seconds of asking before each measurement: connections are made and what slept has caught up."""

SETTINGS = {
    "ADMIN_API_KEY": stores.MASTER_KEY,
    "ADMIN_PASSWORD": "a password of the bench",
    "COMMONSHUB_RATE_LIMIT": str(10**9),
    "RATE_LIMIT_PER_IP": str(10**9),
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
    SHIFTS_SMALL = "day of shifts, few past days"
    SHIFTS_LARGE = "day of shifts, many past days"
    SIGNUP = "sign-up"
    ACTION = "execution of an action"
    POLL = "poll of a device"


@dataclass(frozen=True)
class Extent:
    """How much is measured: two stores of rooms, two of shifts, and so many rounds of so many seconds for each case."""

    small: Plan
    large: Plan
    few_shifts: ShiftPlan
    many_shifts: ShiftPlan
    rounds: int
    seconds: float


FULL = Extent(
    Plan(rooms=10, days=125),
    Plan(rooms=100, days=1250),
    ShiftPlan(days=100),
    ShiftPlan(days=10_000, actions=40_000, devices=1000),
    rounds=9,
    seconds=1.0,
)
QUICK = Extent(
    Plan(rooms=5, days=25),
    Plan(rooms=20, days=125),
    ShiftPlan(days=20),
    ShiftPlan(days=100, actions=3000, devices=100),
    rounds=1,
    seconds=0.2,
)


@dataclass(frozen=True)
class Sample:
    """Requests a second, seconds within which half and 99 of 100 were answered, and processor seconds for each."""

    rate: float
    p50: float
    p99: float
    cpu: float


_Filled = tuple[Contender, str]
"""A running server with its store, and the secret of the app that asks."""

Samples = dict[tuple[Question, System], list[Sample]]
"""The samples of each case, one for each round."""


@dataclass(frozen=True)
class _Case:
    question: Question
    system: System
    contender: Contender
    requests: Iterator[bytes]

    def measure(self, seconds: float) -> Sample:
        return measure(self.contender, self.requests, seconds)


def measure(contender: Contender, requests: Iterator[bytes], seconds: float) -> Sample:
    """Let a server run that rests, and ask it for so long."""
    with contender.awake():
        drive(contender.port, requests, seconds=LEAD_IN)
        before = contender.cpu_seconds()
        load = drive(contender.port, requests, seconds=seconds)
        cpu = (contender.cpu_seconds() - before) / len(load.latencies)
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
    bare = stack.enter_context(servers.baseline("bare", folder / "bare")), ""
    answered = [*_about_rooms(System.BARE, extent, bare, bare), *_about_shifts(System.BARE, extent, bare, bare)]
    for system in (System.GUILDHALL, System.FASTAPI):
        plans = (extent.small, extent.large, extent.few_shifts, extent.many_shifts)
        tell(f"Filling the stores of {system}: {', '.join(_described(plan) for plan in plans)}")
        small, large, few, many = (_filled(system, plan, folder, stack) for plan in plans)
        answered += [*_about_rooms(system, extent, small, large), *_about_shifts(system, extent, few, many)]
    for each in {case.contender.port: case.contender for case in answered}.values():
        each.rest()
    return sorted(answered, key=lambda case: list(Question).index(case.question))


def _described(plan: Plan | ShiftPlan) -> str:
    return f"{plan.bookings:,} bookings" if isinstance(plan, Plan) else f"{plan.signups:,} sign-ups"


def _filled(system: System, plan: Plan | ShiftPlan, folder: Path, stack: ExitStack) -> _Filled:
    place = folder / f"{system.name} {_described(plan)}"
    if system is System.GUILDHALL:
        contender = stack.enter_context(servers.guildhall(place, SETTINGS))
        if isinstance(plan, Plan):
            return contender, stores.furnish_guildhall(contender, plan)
        return contender, shift_stores.furnish_guildhall(contender, plan)
    contender = stack.enter_context(servers.baseline("fastapi", place))
    if isinstance(plan, Plan):
        return contender, stores.furnish_baseline(contender, plan)
    return contender, shift_stores.furnish_baseline(contender, plan)


def _about_rooms(system: System, extent: Extent, small: _Filled, large: _Filled) -> Iterator[_Case]:
    yield _Case(Question.HEALTH, system, small[0], stores.health_requests())
    yield _Case(Question.SMALL, system, small[0], stores.availability_requests(extent.small, small[1]))
    yield _Case(Question.LARGE, system, large[0], stores.availability_requests(extent.large, large[1]))
    yield _Case(Question.BOOKING, system, large[0], stores.booking_requests(extent.large, large[1]))


def _about_shifts(system: System, extent: Extent, few: _Filled, many: _Filled) -> Iterator[_Case]:
    yield _Case(Question.SHIFTS_SMALL, system, few[0], shift_stores.day_requests(extent.few_shifts, few[1]))
    yield _Case(Question.SHIFTS_LARGE, system, many[0], shift_stores.day_requests(extent.many_shifts, many[1]))
    yield _Case(Question.SIGNUP, system, many[0], shift_stores.signup_requests(many[1]))
    if system is not System.FASTAPI:
        actions = shift_stores.action_requests(extent.many_shifts, many[1])
        yield _Case(Question.ACTION, system, many[0], cycle(actions) if system is System.BARE else actions)
        yield _Case(Question.POLL, system, many[0], shift_stores.poll_requests(extent.many_shifts))
