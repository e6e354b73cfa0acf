"""Saying what was found of requests, as a section in Markdown."""

import os
import platform
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.load import CONNECTIONS, MOST_REQUESTS
from bench.rounds import Extent, Question, Samples, System

MOST_GROWTH = 1.3
LEAST_FOR_READS = 2.0
LEAST_FOR_WRITES = 1.5

PACKAGES = (
    "granian", "uvloop", "litestar", "msgspec", "sqlalchemy", "discord.py", "python-socketio", "cryptography",
    "fastapi", "pydantic", "aiosqlite",
)  # fmt: skip

FIGURES = ("rate", "p50", "p99", "cpu")

EXPLANATION = """\
Every server runs on Granian with the same settings, pinned to one core. The client has another
core, keeps {connections} connections open, and asks on each anew when its answer is there. In each of {rounds} rounds
each case is measured once, for {seconds:g} s or {most:,} requests, one after the other; other servers are stopped.
Figures are medians over the rounds; a ratio is the median of the ratios within each round.

The bare application answers fixed bytes, as little as an ASGI application can do. The FastAPI application, in
`bench/baseline`, does for these routes what the server does: it finds the app by the hash of its secret and the person
it acts for with their roles, computes the same free times, checks the same overlaps and places, and waits for the disk
at each commit in WAL. It has no audit log, request ids, metrics, rate limits or idempotency keys. Actions and logins of
devices it does not have. Each past day of shifts has 20 sign-ups.
"""


@dataclass(frozen=True)
class Ratio:
    """A figure of one case divided by the same figure of another, and the goal for it, if there is one."""

    text: str
    value: float
    goal: str = ""
    is_met: bool = True


def section(extent: Extent, samples: Samples) -> str:
    """Return what was found, without its heading."""
    explanation = EXPLANATION.format(
        connections=CONNECTIONS, rounds=extent.rounds, seconds=extent.seconds, most=MOST_REQUESTS
    )
    lines = [
        explanation,
        *conditions(),
        "",
        *_figures(samples, extent),
        "",
        *comparison(ratios(samples, extent)),
        "",
    ]
    return "\n".join(lines)


def conditions() -> Iterator[str]:
    """Say when this was measured, on what, and with which versions."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    yield f"{datetime.now(UTC):%Y-%m-%d}: {_machine()},"
    yield f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version},"
    yield f"{packages}."


def ratios(samples: Samples, extent: Extent) -> Sequence[Ratio]:
    """Return every ratio of interest, those with goals first."""
    rooms, shifts = (Question.SMALL, Question.LARGE), (Question.SHIFTS_SMALL, Question.SHIFTS_LARGE)
    growth = [_growth(samples, extent, *pair) for pair in (rooms, shifts)]
    return [*growth, *_against_fastapi(samples, extent), *_against_bare(samples, extent)]


def _growth(samples: Samples, extent: Extent, small: Question, large: Question) -> Ratio:
    pairs = zip(samples[small, System.GUILDHALL], samples[large, System.GUILDHALL], strict=True)
    value = median(before.rate / after.rate for before, after in pairs)
    text = f"time for {_named(large, extent)} / for {_named(small, extent)}"
    return Ratio(text, value, f"at most {MOST_GROWTH:g}", value <= MOST_GROWTH)


def _against_fastapi(samples: Samples, extent: Extent) -> Iterator[Ratio]:
    for question in Question:
        if (question, System.FASTAPI) not in samples:
            continue
        value = _times_as_fast(samples, question, System.FASTAPI)
        least = LEAST_FOR_WRITES if question in (Question.BOOKING, Question.SIGNUP) else LEAST_FOR_READS
        text = f"{_named(question, extent)}: requests/s, to FastAPI's"
        yield Ratio(text, value, f"at least {least:g}", value >= least)


def _against_bare(samples: Samples, extent: Extent) -> Iterator[Ratio]:
    for question in Question:
        value = _times_as_fast(samples, question, System.BARE)
        yield Ratio(f"{_named(question, extent)}: requests/s, to the bare application's", value)


def _times_as_fast(samples: Samples, question: Question, other: System) -> float:
    pairs = zip(samples[question, System.GUILDHALL], samples[question, other], strict=True)
    return median(ours.rate / theirs.rate for ours, theirs in pairs)


def _figures(samples: Samples, extent: Extent) -> Iterator[str]:
    yield "| | | requests/s | p50 ms | p99 ms | server CPU µs |"
    yield "|---|---|--:|--:|--:|--:|"
    for (question, system), taken in samples.items():
        rate, p50, p99, cpu = (median(getattr(sample, name) for sample in taken) for name in FIGURES)
        yield (
            f"| {_named(question, extent)} | {system} "
            f"| {rate:,.0f} | {p50 * 1e3:.2f} | {p99 * 1e3:.2f} | {cpu * 1e6:,.0f} |"
        )


def comparison(found: Sequence[Ratio]) -> Iterator[str]:
    """Return a table of ratios, with what became of their goals."""
    yield "| Guildhall's | ratio | goal | |"
    yield "|---|--:|---|---|"
    for ratio in found:
        verdict = ("met" if ratio.is_met else "**not met**") if ratio.goal else ""
        yield f"| {ratio.text} | {ratio.value:.2f} | {ratio.goal} | {verdict} |"


def _named(question: Question, extent: Extent) -> str:
    return {
        Question.HEALTH: "`GET /health`",
        Question.SMALL: f"`GET` availability, {extent.small.bookings:,} bookings",
        Question.LARGE: f"`GET` availability, {extent.large.bookings:,} bookings",
        Question.BOOKING: f"`POST` booking, {extent.large.bookings:,} bookings",
        Question.SHIFTS_SMALL: f"`GET` day of shifts, {extent.few_shifts.days:,} past days",
        Question.SHIFTS_LARGE: f"`GET` day of shifts, {extent.many_shifts.days:,} past days",
        Question.SIGNUP: f"`POST` sign-up, {extent.many_shifts.signups:,} sign-ups",
        Question.ACTION: "`POST` execution of a prepared sign-up",
        Question.POLL: f"`GET` poll of a login, {extent.many_shifts.devices:,} waiting",
    }[question]


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{model} with {os.cpu_count()} cores, {platform.system()} {platform.release()}"
