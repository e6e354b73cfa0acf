"""A configuration file in TOML: what it says, and on which line it says it. Pure: text in, values out.

Whoever owns a section of the file reads it with its own types. A fault names the line in question, for whoever has to
repair the file sees the file and not our structs.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

import msgspec

from guildhall.core.errors import Invalid

HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
SETTING = re.compile(r"\s*([\w.\"'-]+)\s*=\s*(.*)")
FAULT_PLACE = re.compile(r" - at `(?:key in )?\$([^`]*)`$")
UNKNOWN = re.compile(r"unknown field `(.+?)`")
STEP = re.compile(r"\.?(\w+)|\[(\d+)\]")

T = TypeVar("T")
Place: TypeAlias = tuple[str | int, ...]
"""Where a value stands: names of tables and keys, and positions in lists from 0 on."""


class FileFaulty(Invalid):
    """A configuration file cannot be used; the text names the line and what is wrong there."""

    code = "file_faulty"


class TomlFile:
    """A file that was read: its sections, and the line of everything in it."""

    def __init__(self, text: str) -> None:
        try:
            self._content = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as fault:
            raise FileFaulty(f"The file is not valid TOML: {fault}") from fault
        self._lines = _lines_of(text)

    def check_sections(self, known: Iterable[str]) -> None:
        """Refuse what nobody reads. Raises FileFaulty."""
        for name in self._content:
            if name not in known:
                raise self.fault((name,), "is not a setting of this file")

    def has(self, section: str) -> bool:
        """Tell whether the file has a section."""
        return section in self._content

    def names(self, section: str) -> list[str]:
        """Return the names of the tables in a section, in the order of the file. Raises FileFaulty."""
        return list(self.read((section,), dict[str, dict[str, Any]])) if section in self._content else []

    def count(self, section: str) -> int:
        """Return how many entries the list of a section has. Raises FileFaulty."""
        return len(self.read((section,), list[dict[str, Any]])) if section in self._content else 0

    def read(self, path: Place, kind: type[T]) -> T:
        """Return the value at a place as a type. Raises FileFaulty, and KeyError for a place that is not there."""
        value: Any = self._content
        for step in path:
            value = value[step]
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as fault:
            place = FAULT_PLACE.search(str(fault))
            unknown = UNKNOWN.search(str(fault))
            within = _steps(place[1].partition("[...]")[0]) if place else ()
            within += (unknown[1],) if unknown else ()
            raise self.fault((*path, *within), FAULT_PLACE.sub("", str(fault))) from fault

    @contextmanager
    def blaming(self, *path: str | int) -> Iterator[None]:
        """Turn a refusal of what stands at a place, and its `details.field` below it, into one that names the line."""
        try:
            yield
        except FileFaulty:
            raise
        except Invalid as fault:
            raise self.fault((*path, *_steps(str(fault.details.get("field", "")))), fault.message) from fault

    def fault(self, path: Place, reason: str) -> FileFaulty:
        """Return a refusal that points at the line of a place, or of the nearest thing around it."""
        around = (path[:length] for length in range(len(path), 0, -1))
        line = next((self._lines[each] for each in around if each in self._lines), 1)
        return FileFaulty(f"Line {line}: {'.'.join(step for step in path if isinstance(step, str))}: {reason}")


def _steps(place: str) -> Place:
    """Return the steps of a place that is written `.slots[2].start` or `slots.2.start`."""
    return tuple(int(number or name) if number or name.isdigit() else name for name, number in STEP.findall(place))


def _lines_of(text: str) -> dict[Place, int]:
    """Return the line of each header, setting and table in a list, as far as each has a line of its own."""
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    header: Place = ()
    listed: Place = ()
    begun = 0
    for number, line in enumerate(text.splitlines(), 1):
        if found := HEADER.match(line):
            header, listed = _table(found[2], counts, starts_another=found[1] == "[["), ()
            for length in range(1, len(header) + 1):
                lines.setdefault(header[:length], number)
        elif not listed and (found := SETTING.match(line)):
            place = (*header, *_names(found[1]))
            lines.setdefault(place, number)
            listed = place if found[2].startswith("[") and found[2].count("[") > found[2].count("]") else ()
            begun = found[2].count("{")
        elif listed and not line.lstrip().startswith("#"):
            last = begun + line.count("{")
            lines.update({(*listed, position): number for position in range(begun, last)})
            begun = last
            listed = () if line.lstrip().startswith("]") else listed
    return lines


def _table(name: str, counts: dict[Place, int], *, starts_another: bool) -> Place:
    """Return the place of a header: below a list of tables it is in the last of them."""
    place: Place = ()
    names = _names(name)
    for position, each in enumerate(names):
        place = (*place, each)
        if starts_another and position == len(names) - 1:
            counts[place] = counts.get(place, 0) + 1
        if place in counts:
            place = (*place, counts[place] - 1)
    return place


def _names(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]
