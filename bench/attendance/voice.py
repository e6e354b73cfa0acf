"""How many voice events are taken in, from the gateway of the simulator to the committed row.

The simulator runs in this process, and each contender in one of its own on the other core. So many events are on their
way at any time as a guild's lane holds with ease; the next is sent as soon as one of them is seen in the contender's
database. A measurement ends when the last is there, and fails when one is missing.
"""

import asyncio
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench import servers
from bench.attendance.crowd import SEEN_BY, STAGES, Crowd, Deed, story
from bench.servers import Contender
from guildhall.simulator.discord import DiscordSimulator, simulate

ON_THE_WAY = 200
"""At most; and never two events of one person, for clients of discord.py are shown the later of them twice."""

LOOK_AGAIN = 0.001
PATIENCE = 300.0
SETTINGS = {"ADMIN_PASSWORD": "a password of the bench"}


class Taker(StrEnum):
    """Who takes events in."""

    LIMIT = "discord.py that keeps nothing: the limit of the arrangement"
    GUILDHALL = "Guildhall"
    BOT = "discord.py + aiosqlite"


@dataclass(frozen=True)
class Taken:
    """Events a second, and processor seconds of the taker for each."""

    rate: float
    cpu: float


VoiceSamples = dict[tuple[int, Taker], list[Taken]]
"""The samples of each number of guilds, one for each round."""


@dataclass(frozen=True)
class _Store:
    """The questions that tell how far a taker is: how many guilds it knows, and what it has kept."""

    name: str
    guilds: str
    kept: str


def _ends(table: str) -> str:
    """Count the beginnings and ends of sessions: no row is ever removed, so the newest has the number of all."""
    return f"SELECT 2 * max(rowid) - (SELECT count(*) FROM {table} WHERE left_at IS NULL) FROM {table}"  # noqa: S608 (two names)


IS_READY = "SELECT user_version FROM pragma_user_version"
STORES = {
    Taker.GUILDHALL: _Store(
        "guildhall.db", "SELECT count(*) FROM attendance_guilds WHERE watched", _ends("attendance_sessions")
    ),
    Taker.BOT: _Store("voice.db", IS_READY, _ends("sessions")),
    Taker.LIMIT: _Store("voice.db", IS_READY, "SELECT events FROM heard"),
}


def measure(taker: Taker, *, guilds: int, people: int, turns: int, folder: Path) -> Taken:
    """Start one taker in a folder that is not there yet, send it everything, and stop it. Raises RuntimeError."""
    return asyncio.run(_measured(taker, guilds, people, story(people, turns), folder))


async def _measured(taker: Taker, guilds: int, people: int, deeds: list[Deed], folder: Path) -> Taken:
    async with simulate() as discord:
        crowd = Crowd(discord, guilds=guilds, people=people)
        with _running(taker, discord, folder) as contender:
            store = STORES[taker]
            known = crowd.guilds if taker is Taker.GUILDHALL else 1
            await _until(lambda: _asked(contender, store, store.guilds) >= known, "to know all guilds")
            if taker is Taker.GUILDHALL:
                _track_everything(contender)
            cpu = contender.cpu_seconds()
            seconds = await _send(crowd, deeds, contender, taker, min(ON_THE_WAY, people // len(STAGES)))
            return Taken(len(deeds) / seconds, (contender.cpu_seconds() - cpu) / len(deeds))


async def _send(crowd: Crowd, deeds: list[Deed], contender: Contender, taker: Taker, on_the_way: int) -> float:
    """Send everything, and return the seconds until the last event is stored."""
    store = STORES[taker]
    # The event after which a taker has kept that much, by number.
    told = [number for number, deed in enumerate(deeds) for _ in range(_traces(taker, deed))]
    with closing(_opened(contender, store)) as database:

        def kept() -> int:
            return int(database.execute(store.kept).fetchone()[0] or 0)

        begun, known = time.perf_counter(), 0
        for number, deed in enumerate(deeds):
            while known < len(told) and number >= (told[known - 1] if known else 0) + on_the_way:
                if time.perf_counter() - begun > PATIENCE:
                    raise RuntimeError(f"{taker} has kept {known} of {len(told)}")
                await asyncio.sleep(LOOK_AGAIN)
                known = kept()
            crowd.does(deed)
        await _until(lambda: kept() == len(told), "to keep every event")
        return time.perf_counter() - begun


def _traces(taker: Taker, deed: Deed) -> int:
    return 1 if taker is Taker.LIMIT else SEEN_BY[deed.stage]


async def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"it took too long {what}")
        await asyncio.sleep(LOOK_AGAIN)


@contextmanager
def _running(taker: Taker, discord: DiscordSimulator, folder: Path) -> Iterator[Contender]:
    if taker is Taker.GUILDHALL:
        with servers.guildhall(folder, {**SETTINGS, **discord.settings}) as contender:
            yield contender
        return
    kind = "idle" if taker is Taker.LIMIT else "keep"
    place = str(folder / STORES[taker].name)
    module = "bench.baseline.voice_bot"
    command = [sys.executable, "-m", module, kind, discord.api_base, discord.gateway_url, discord.token, place]
    with servers.program(folder, command) as contender:
        yield contender


def _opened(contender: Contender, store: _Store) -> sqlite3.Connection:
    return sqlite3.connect(contender.folder / store.name, isolation_level=None, timeout=30)


def _asked(contender: Contender, store: _Store, question: str) -> int:
    """Ask a store that may not be there yet."""
    try:
        with closing(sqlite3.connect(f"file:{contender.folder / store.name}?mode=ro", uri=True)) as database:
            return int(database.execute(question).fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def _track_everything(contender: Contender) -> None:
    with closing(_opened(contender, STORES[Taker.GUILDHALL])) as database:
        database.execute("UPDATE attendance_guilds SET mode = 'All'")
