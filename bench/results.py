"""The page of results: a section for each part, so that one can be measured again and the others stay as they are."""

import re
from collections.abc import Mapping
from enum import StrEnum

TITLE = """\
# Results

Made by `make bench`; one part alone by `make bench ARGS="--only attendance"`. Each part says when it was measured.
"""
HEADING = re.compile(r"^## (.*)$", re.MULTILINE)


class Part(StrEnum):
    """What can be measured by itself, by the name that the command line has for it."""

    REQUESTS = "requests"
    ATTENDANCE = "attendance"
    DESK = "desk"


HEADINGS = {Part.REQUESTS: "Requests", Part.ATTENDANCE: "Attendance", Part.DESK: "Front desk"}


def page(before: str, sections: Mapping[Part, str]) -> str:
    """Return a page with these sections, and from the page before all others."""
    found = {**_sections(before), **{HEADINGS[part]: text for part, text in sections.items()}}
    order = [*HEADINGS.values(), *(name for name in found if name not in HEADINGS.values())]
    return TITLE + "".join(f"\n## {name}\n\n{found[name].strip()}\n" for name in order if name in found)


def _sections(text: str) -> dict[str, str]:
    _, *parts = HEADING.split(text)
    return dict(zip(parts[::2], parts[1::2], strict=True))
