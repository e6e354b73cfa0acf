"""The report at the end of a run: how much of each contract was answered, and the bar that the whole suite must reach.

Loaded by the root conftest. With xdist each worker hands its records to the controller when it ends.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.documents import DIALECTS, Operation, document
from tests.contract.recorder import BARS, recorder

SOURCES = ("reference", "reference+decision", "decision")
"""The values of `x-source`, from what existing clients rely on to what was added."""

_HAND_OVER = "contract"
_NARROWING = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "stepwise", "collectonly")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the records over, or judge the run when this is the process that was started by hand."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_HAND_OVER] = recorder.export()
    elif session.exitstatus == pytest.ExitCode.OK and _shortfall(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401  a WorkerController of xdist, which has no types
    """Take what a worker recorded; one that crashed has nothing to say."""
    output = getattr(node, "workeroutput", {})
    if _HAND_OVER in output:
        recorder.merge(output[_HAND_OVER])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write the table, and what is missing from it."""
    whole = is_whole_suite(config)
    touched = {name.partition(".")[0] for name in recorder.answered}
    shown = [dialect for dialect in DIALECTS if whole or dialect in touched]
    if shown:
        terminalreporter.section("contract: operations answered with a success, of all")
        for line in table(shown):
            terminalreporter.write_line(line)
    for line in _shortfall(config):
        terminalreporter.write_line(line, red=True)


def is_whole_suite(config: pytest.Config) -> bool:
    """Whether the run was asked for every test: no selection, no path below the test folder."""
    narrowed = any(config.getoption(option, default=None) for option in _NARROWING)
    everything = {config.rootpath, config.rootpath / "tests"}
    asked = {(config.invocation_params.dir / argument).resolve() for argument in config.args}
    return not narrowed and asked <= {Path(path).resolve() for path in everything}


def table(dialects: Iterable[str]) -> Iterator[str]:
    """Write a line for each dialect: covered / total by source and in all, and how many only ever answered errors."""
    heads = ("dialect", *SOURCES, "all", "only errors")
    yield _row(heads)
    for dialect in dialects:
        operations = document(dialect).operations
        by_source = (_share([each for each in operations if each.source == source]) for source in SOURCES)
        failing = [each for each in operations if each.name in recorder.answered and not recorder.covered(each.name)]
        yield _row((dialect, *by_source, _share(operations), str(len(failing))))


def _row(cells: Iterable[str]) -> str:
    first, *rest = cells
    return f"{first:<12}" + "".join(f"{cell:>20}" for cell in rest)


def _share(operations: Iterable[Operation]) -> str:
    covered = [recorder.covered(operation.name) for operation in operations]
    return f"{sum(covered)}/{len(covered)}"


def _shortfall(config: pytest.Config) -> list[str]:
    """Why the run does not pass: violations always count, operations below the bar only in a run of the whole suite."""
    lines = [f"contract violated: {violation}" for violation in recorder.violations]
    missing = recorder.missing() if is_whole_suite(config) else []
    if missing:
        bar = sum(len(operations) for operations in BARS.values())
        lines.append(f"contract: {len(missing)} of {bar} required operations never succeeded: {', '.join(missing)}")
    return lines
