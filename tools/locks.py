"""Whether the lock files fit pyproject.toml: `python -m tools.locks`.

The files alone are asked, so the answer needs no network and does not change when somewhere a newer version appears.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

GROUPS_OF_LOCK: dict[str, tuple[str, ...]] = {
    "run": (),
    "test": ("test",),
    "bootstrap": ("bootstrap",),
    "radicale": ("radicale",),
}
"""The dependency groups that each file in `requirements/` answers, beside what the project itself needs."""

STANDS_ALONE = {"bootstrap", "radicale"}
"""The lock files that answer their groups only."""

ENTRY = re.compile(
    r"^(?P<requirement>\w[^\\\n]*?)(?P<hashes>(?: \\\n +--hash=\S+)*)\n(?P<origin>(?: +#.*\n)*)", re.MULTILINE
)
ASKED_HERE = re.compile(r"guildhall \(pyproject\.toml")
ADDRESS = re.compile(r"://|--(?:extra-)?index-url|--find-links|--trusted-host|(?:^|\s)/")


@dataclass(frozen=True)
class Entry:
    """One package of a lock file."""

    requirement: Requirement
    hashes: tuple[str, ...]
    asked_here: bool
    """Whether pyproject.toml named it when the file was made, rather than another package."""

    @property
    def name(self) -> str:
        """The name as package indexes compare it."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str | None:
        """The one version it is pinned to; None when it leaves a choice."""
        pins = [each for each in self.requirement.specifier if each.operator == "==" and "*" not in each.version]
        return pins[0].version if len(pins) == len(self.requirement.specifier) == 1 else None


def read_lock(text: str) -> dict[str, Entry]:
    """Return the packages of a lock file by name."""
    entries = (
        Entry(
            requirement=Requirement(found["requirement"]),
            hashes=tuple(re.findall(r"--hash=(\S+)", found["hashes"])),
            asked_here=ASKED_HERE.search(found["origin"]) is not None,
        )
        for found in ENTRY.finditer(text)
    )
    return {entry.name: entry for entry in entries}


def asked_for(pyproject: dict[str, Any], lock: str) -> list[Requirement]:
    """Return what pyproject.toml itself asks a lock file to hold."""
    own = [] if lock in STANDS_ALONE else pyproject["project"]["dependencies"]
    asked = [*own, *(each for group in GROUPS_OF_LOCK[lock] for each in _members(pyproject, group))]
    return [Requirement(each) for each in asked]


def direct_dependencies(pyproject: dict[str, Any]) -> set[str]:
    """Return the names of all packages that pyproject.toml names."""
    return {canonicalize_name(each.name) for lock in GROUPS_OF_LOCK for each in asked_for(pyproject, lock)}


def faults(root: Path) -> list[str]:
    """Return what is wrong with the lock files of a checkout, one sentence each; none when they fit."""
    pyproject = tomllib.loads((root / "pyproject.toml").read_text())
    texts = {lock: (root / "requirements" / f"{lock}.txt").read_text() for lock in GROUPS_OF_LOCK}
    locks = {lock: read_lock(text) for lock, text in texts.items()}
    found = [fault for lock, text in texts.items() for fault in _addresses(lock, text)]
    for lock, entries in locks.items():
        found += _unpinned(lock, entries)
        found += _unanswered(lock, entries, asked_for(pyproject, lock))
    return found + list(_disagreements(locks["run"], locks["test"]))


def main() -> int:
    """Print the faults; the exit code is 1 when there are any."""
    found = faults(Path())
    print("\n".join(found) or "The lock files fit pyproject.toml.")
    if found:
        print("After a change of pyproject.toml, `make lock` makes them again.")
    return int(bool(found))


def _members(pyproject: dict[str, Any], group: str) -> Iterator[str]:
    for each in pyproject["dependency-groups"][group]:
        if isinstance(each, str):
            yield each
        else:
            yield from _members(pyproject, each["include-group"])


def _addresses(lock: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        if ADDRESS.search(line):
            yield f"{lock}.txt, line {number}: names an index or a place on one machine"


def _unpinned(lock: str, entries: dict[str, Entry]) -> Iterator[str]:
    for name, entry in entries.items():
        if entry.version is None:
            yield f"{lock}.txt: {name} is not pinned to one version"
        if not entry.hashes or not all(each.startswith("sha256:") for each in entry.hashes):
            yield f"{lock}.txt: {name} has no SHA-256 hash"


def _unanswered(lock: str, entries: dict[str, Entry], asked: list[Requirement]) -> Iterator[str]:
    for requirement in asked:
        entry = entries.get(canonicalize_name(requirement.name))
        if entry is None:
            yield f"{lock}.txt: {requirement.name} is missing"
        elif entry.version is not None and not requirement.specifier.contains(entry.version, prereleases=True):
            yield f"{lock}.txt: {requirement.name} is at {entry.version}, but pyproject.toml asks for {requirement}"
    names = {canonicalize_name(each.name) for each in asked}
    for name, entry in entries.items():
        if entry.asked_here and name not in names:
            yield f"{lock}.txt: {name} is locked for pyproject.toml, which no longer names it"


def _disagreements(run: dict[str, Entry], test: dict[str, Entry]) -> Iterator[str]:
    for name, entry in run.items():
        if name not in test or test[name].version != entry.version:
            yield f"run.txt: {name} is at {entry.version}, which is not what the tests run with"


if __name__ == "__main__":
    sys.exit(main())
