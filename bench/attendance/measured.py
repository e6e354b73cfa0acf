"""The measurements of attendance: how much of what, and one after the other."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.attendance import figures, signing, stage, voice
from bench.attendance.figures import FigureSamples
from bench.attendance.histories import History
from bench.attendance.signing import Signing
from bench.attendance.voice import Taker, VoiceSamples


@dataclass(frozen=True)
class AttendanceExtent:
    """How much is measured.

    `people` take so many `turns` in each number of guilds; the figures are asked for `seconds` in each of so many
    rounds, as voice is; signing happens once, for it changes what it measures.
    """

    guilds: tuple[int, ...]
    people: int
    turns: int
    few: History
    many: History
    sessions_signed: int
    receipts: int
    rounds: int
    seconds: float


FULL = AttendanceExtent(
    guilds=(1, 100, 5000),
    people=1000,
    turns=6,
    few=History(10_000, 8000),
    many=History(5_000_000, 8000),
    sessions_signed=100_000,
    receipts=10_000,
    rounds=2,
    seconds=1.0,
)
QUICK = AttendanceExtent(
    guilds=(1, 5),
    people=50,
    turns=4,
    few=History(500, 400),
    many=History(2000, 400),
    sessions_signed=300,
    receipts=20,
    rounds=1,
    seconds=0.2,
)


@dataclass(frozen=True)
class Found:
    """Everything that was measured."""

    voice: VoiceSamples
    figures: FigureSamples
    signing: Signing


def run(extent: AttendanceExtent, folder: Path, tell: Callable[[str], None]) -> Found:
    """Measure everything in a folder."""
    taken = _voice(extent, folder, tell)
    with stage.discord(folder / "discord") as discord:
        asked = _figures(extent, folder, discord, tell)
        sizes = {"sessions": extent.sessions_signed, "receipts": extent.receipts}
        return Found(taken, asked, signing.run(discord, folder / "signing", **sizes, tell=tell))


def _voice(extent: AttendanceExtent, folder: Path, tell: Callable[[str], None]) -> VoiceSamples:
    samples: VoiceSamples = {(guilds, taker): [] for guilds in extent.guilds for taker in Taker}
    for number in range(extent.rounds):
        tell(f"Voice events, round {number + 1} of {extent.rounds}")
        for guilds, taker in samples:
            place = folder / f"voice {number} {guilds} {taker.name}"
            taken = voice.measure(taker, guilds=guilds, people=extent.people, turns=extent.turns, folder=place)
            samples[guilds, taker].append(taken)
    return samples


def _figures(
    extent: AttendanceExtent, folder: Path, discord: stage.Stage, tell: Callable[[str], None]
) -> FigureSamples:
    samples: FigureSamples = {}
    with ExitStack() as stack:
        tell(f"Filling stores with {extent.few.sessions:,} and {extent.many.sessions:,} sessions")
        running = figures.contenders(discord, extent.few, extent.many, folder, stack)
        for number in range(extent.rounds):
            tell(f"Leaderboard and heatmap, round {number + 1} of {extent.rounds}")
            for asked, sample in figures.one_round(discord, running, extent.seconds):
                samples.setdefault(asked, []).append(sample)
    return samples
