"""The board and the heatmap over HTTP, in a store with little history and in one with much."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle
from pathlib import Path

from bench import servers
from bench.attendance import histories
from bench.attendance.histories import History
from bench.attendance.stage import Stage
from bench.rounds import Sample, System, measure
from bench.servers import Contender

PATHS = {"leaderboard": "leaderboard", "heatmap": "analytics/heatmap"}


class Figure(StrEnum):
    """What is asked for."""

    BOARD = "leaderboard"
    HEATMAP = "heatmap"


@dataclass(frozen=True)
class Asked:
    """One case: what, of whom, in a store with how many sessions."""

    figure: Figure
    sessions: int
    system: System


FigureSamples = dict[Asked, list[Sample]]
"""The samples of each case, one for each round."""


def contenders(
    stage: Stage, few: History, many: History, folder: Path, stack: ExitStack
) -> dict[tuple[System, int], Contender]:
    """Fill every store, and start the servers, which rest until they are asked."""
    bare = stack.enter_context(servers.baseline("bare", folder / "bare figures"))
    found = {(System.BARE, few.sessions): bare, (System.BARE, many.sessions): bare}
    for history in (few, many):
        place = folder / f"figures of {history.sessions}"
        histories.fill_guildhall(place, stage.guild_id, history)
        found[System.GUILDHALL, history.sessions] = stack.enter_context(servers.guildhall(place, stage.settings))
        beside = folder / f"baseline of {history.sessions}"
        with servers.baseline("fastapi", beside):
            pass
        histories.fill_baseline(beside / "rooms.db", stage.guild_id, history)
        found[System.FASTAPI, history.sessions] = stack.enter_context(
            servers.baseline("fastapi", beside, stage.settings)
        )
    for each in {contender.port: contender for contender in found.values()}.values():
        each.rest()
    return found


def one_round(
    stage: Stage, running: dict[tuple[System, int], Contender], seconds: float
) -> Iterator[tuple[Asked, Sample]]:
    """Ask every server everything once."""
    for figure in Figure:
        for (system, sessions), contender in running.items():
            request = f"GET {stage.path(PATHS[figure])} HTTP/1.1\r\nHost: bench\r\n"
            request += f"Authorization: Bearer {stage.token()}\r\n\r\n"
            yield Asked(figure, sessions, system), measure(contender, cycle([request.encode()]), seconds)
