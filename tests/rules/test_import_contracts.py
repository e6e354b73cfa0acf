"""Every import contract in pyproject.toml is kept, and notices when it is broken."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

VIOLATIONS = {
    "one-direction": ("core/clock.py", "import guildhall.web"),
    "tiers": ("domains/audit/__init__.py", "import guildhall.domains.rooms"),
    "dialects": ("dialects/veza/__init__.py", "import guildhall.dialects.commonshub"),
    "no-transport": ("domains/rooms/__init__.py", "import httpx"),
    "client": ("client/wire.py", "import guildhall.core.clock"),
    "strange-simulator": ("simulator/http.py", "import guildhall.domains"),
    "no-sql-in-faces": ("panel/__init__.py", "import sqlalchemy"),
    "door-to-blobs": ("domains/rooms/__init__.py", "import obstore.store"),
    "door-to-redis": ("core/clock.py", "import redis"),
    "door-to-socketio": ("core/clock.py", "import socketio"),
    "door-to-eth-account": ("adapters/evm.py", "import eth_account"),
    "door-to-jobs": ("core/clock.py", "from dbos import DBOS"),
    "door-to-postgresql": ("core/clock.py", "import asyncpg"),
}
NEWCOMERS = {"one-direction": "newcomer/__init__.py", "tiers": "domains/newcomer/__init__.py"}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    shutil.copytree(REPOSITORY / "src", tmp_path / "src")
    return tmp_path / "src" / "guildhall"


def broken_contracts(copy: Path) -> set[str]:
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=copy.parents[1],
        env={"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert {contract["id"] for contract in contracts} == set(VIOLATIONS)
    verdicts = [line.rsplit(" ", 1) for line in found.stdout.splitlines() if line.endswith((" KEPT", " BROKEN"))]
    assert {name for name, _ in verdicts} == {contract["name"] for contract in contracts}, found.stdout
    broken = {name for name, verdict in verdicts if verdict == "BROKEN"}
    return {contract["id"] for contract in contracts if contract["name"] in broken}


def test_each_contract_notices_an_import_that_breaks_it(copy: Path) -> None:
    assert broken_contracts(copy) == set()
    for place, line in VIOLATIONS.values():
        with (copy / place).open("a") as module:
            module.write(f"\n{line}\n")
    assert broken_contracts(copy) == set(VIOLATIONS)


def test_a_newcomer_must_be_given_its_place(copy: Path) -> None:
    for place in NEWCOMERS.values():
        (copy / place).parent.mkdir()
        (copy / place).write_text("")
    assert broken_contracts(copy) == set(NEWCOMERS)
