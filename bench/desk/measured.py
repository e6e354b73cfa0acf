"""The measurements of the front desk: how much of what, and one after the other."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.desk import asking, fanout, relaying, stores
from bench.desk.asking import DeskSamples
from bench.desk.fanout import FanOut
from bench.desk.relaying import Relays
from bench.desk.stores import DeskPlan


@dataclass(frozen=True)
class DeskExtent:
    """How much is measured.

    Two stores are asked for `seconds` in each of so many rounds; so many `persons` write `each` so many direct
    messages; so many `sockets` hear so many messages.
    """

    few: DeskPlan
    many: DeskPlan
    rounds: int
    seconds: float
    persons: int
    each: int
    sockets: tuple[int, ...]
    messages: int
    pause: float


FULL = DeskExtent(
    few=DeskPlan(10_000, long_ones=20, words=2000, staff=1000),
    many=DeskPlan(1_000_000, long_ones=20, words=2000, staff=1000),
    rounds=5,
    seconds=1.0,
    persons=50,
    each=11,
    sockets=(1000, 10_000),
    messages=5,
    pause=1.0,
)
QUICK = DeskExtent(
    few=DeskPlan(500, long_ones=2, words=120, staff=100),
    many=DeskPlan(1000, long_ones=2, words=120, staff=100),
    rounds=1,
    seconds=0.1,
    persons=3,
    each=3,
    sockets=(10, 40),
    messages=1,
    pause=0.0,
)


@dataclass(frozen=True)
class Found:
    """Everything that was measured."""

    asked: DeskSamples
    relayed: Relays
    told: FanOut


def run(extent: DeskExtent, folder: Path, tell: Callable[[str], None]) -> Found:
    """Measure everything in a folder."""
    empty = stores.make_empty(folder / "empty")
    asked = _asked(extent, empty, folder, tell)
    tell(f"Direct messages of {extent.persons} persons, {extent.each} each")
    relayed = relaying.measure(empty, persons=extent.persons, each=extent.each, folder=folder)
    tell(f"A message to {' and to '.join(f'{size:,}' for size in extent.sockets)} sockets")
    return Found(asked, relayed, fanout.measure(empty, extent.sockets, extent.messages, extent.pause, folder))


def _asked(extent: DeskExtent, empty: Path, folder: Path, tell: Callable[[str], None]) -> DeskSamples:
    with ExitStack() as stack:
        tell(f"Filling stores with {extent.few.tickets:,} and {extent.many.tickets:,} tickets")
        cases = asking.cases(empty, extent.few, extent.many, folder, stack)
        samples: DeskSamples = {case.asked: [] for case in cases}
        for number in range(extent.rounds):
            tell(f"Lists, tickets and messages, round {number + 1} of {extent.rounds}")
            for case in cases:
                samples[case.asked].append(case.measure(extent.seconds))
    return samples
