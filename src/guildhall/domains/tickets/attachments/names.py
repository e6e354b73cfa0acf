"""What files are called: names and types that come from strangers and end in headers, pages and folders."""

import re
import unicodedata
from typing import Final
from urllib.parse import quote

LONGEST_NAME: Final = 150
LONGEST_ENDING: Final = 20
UNNAMED: Final = "file"
UNKNOWN_TYPE: Final = "application/octet-stream"

MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
PLAIN: Final = re.compile(r"[^A-Za-z0-9 ._()+-]")


def clean_name(name: str) -> str:
    """Return a file's name without folders, control characters, and marks that turn the direction of writing.

    Too long a name keeps its ending. One of which nothing is left is called `file`.
    """
    bare = re.split(r"[/\\]", name)[-1]
    # Categories that begin with C are controls, marks of direction, and what has no meaning at all.
    shown = "".join(char for char in bare if not unicodedata.category(char).startswith("C"))
    tidy = " ".join(shown.split()).strip(". ")
    if len(tidy) <= LONGEST_NAME:
        return tidy or UNNAMED
    stem, dot, ending = tidy.rpartition(".")
    if not stem or len(ending) > LONGEST_ENDING:
        return tidy[:LONGEST_NAME]
    return stem[: LONGEST_NAME - len(ending) - 1] + dot + ending


def clean_type(content_type: str | None) -> str:
    """Return a media type without parameters; for what is none, that of plain bytes."""
    bare = (content_type or "").partition(";")[0].strip().lower()
    return bare if MEDIA_TYPE.fullmatch(bare) else UNKNOWN_TYPE


def disposition(name: str, *, inline: bool) -> str:
    """Return the header by which browsers show a file in place, or save it under its name in any script."""
    plain = PLAIN.sub("_", name)
    manner = "inline" if inline else "attachment"
    return f"{manner}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def size_words(size: int) -> str:
    """Return a number of bytes as people read it: 512 B, 1.5 KB, 24 MB."""
    amount, units = float(size), ["B", "KB", "MB", "GB"]
    while amount >= 1024 and len(units) > 1:  # noqa: PLR2004 (the step between units)
        amount, units = amount / 1024, units[1:]
    return f"{amount:.1f} {units[0]}" if amount < 10 and units[0] != "B" else f"{amount:.0f} {units[0]}"  # noqa: PLR2004 (a second digit is enough)
