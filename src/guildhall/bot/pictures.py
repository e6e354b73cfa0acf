"""Pictures for answers in Discord: bars of a board, and the hours of a week.

Each is written as SVG and drawn by resvg with a font of our own, so that it looks the same on every machine. They are
cards with a ground of their own, readable on Discord's dark and light; type is so large that a phone, which shows an
embed at a bit over half this width, still shows it at the size of its other text. Drawing takes some hundredths of a
second, so it happens in a thread, and resvg leaves the interpreter to others meanwhile.
"""

import asyncio
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from math import ceil, sqrt
from typing import Final

import fontpkg  # type: ignore[import-untyped]  # It has no types.
import resvg_py

WIDTH: Final = 600
SCALE: Final = 2
"""Pixels for each unit: screens of phones have two or three of theirs."""

MOST_BARS: Final = 15
LONGEST_NAME: Final = 40
HOURS, DAYS = 24, 7

GROUND, RAISED, LINE = "#1b1916", "#2a2621", "#3a352d"
INK, MUTED, ACCENT, BRASS = "#ece4d6", "#a89e8d", "#7cc9b4", "#d9aa58"
MEDALS: Final = {1: "#e6bd6a", 2: "#c3c7c9", 3: "#c98d5f"}
HEAT: Final = ("#2a2621", "#25463d", "#2f6a59", "#4a9a83", "#9be3cf")
"""From nothing to most: each step is lighter, so it needs no sense of colour."""

PADDING, ROW, GAP = 28, 66, 26
FOUR_DIGITS: Final = 1000

UNDRAWABLE: Final = re.compile(
    "[^ -~\u00a1-\u00ac\u00ae-\u017f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce"
    "\u0400-\u0482\u048a-\u0513\u05d0-\u05ea\u1ea0-\u1ef9\u2013\u2014\u2018-\u201e\u2022\u2026\u20ac]"
)
"""What Open Sans has no shape for: it has Latin, Greek, Cyrillic and Hebrew."""


@dataclass(frozen=True)
class Bar:
    """A line of a board: what is written, and how long its bar is beside the others.

    `own` is that of the person who asks; one that stands `apart` follows after lines which are left out.
    """

    rank: int
    name: str
    length: int
    label: str
    own: bool = False
    apart: bool = False


def drawable(name: str) -> str:
    """Return what can be drawn of a name; empty when that is less than half of what could be read.

    Letters that only look otherwise, as people like them in names, become plain ones; marks stacked on letters go.
    """
    plain = " ".join(unicodedata.normalize("NFKC", name[: 4 * LONGEST_NAME]).split())
    tidy = " ".join(UNDRAWABLE.sub("", plain).split())
    if 2 * sum(map(str.isalnum, tidy)) < max(1, sum(map(str.isalnum, plain))):
        return ""
    return tidy if len(tidy) <= LONGEST_NAME else f"{tidy[: LONGEST_NAME - 1].rstrip()}…"


async def draw_bars(bars: Sequence[Bar]) -> bytes:
    """Return a PNG of a board, the first of its bars on top. More than fifteen are not drawn."""
    return await asyncio.to_thread(_drawn, _bars(bars[:MOST_BARS]))


async def draw_week(seconds: Sequence[int], *, weekdays: Sequence[str], less: str, more: str, note: str) -> bytes:
    """Return a PNG of 168 hours, Monday 00 first; what has most of them is lightest, nothing is dark."""
    if len(seconds) != DAYS * HOURS:
        raise ValueError("a week has 168 hours")
    return await asyncio.to_thread(_drawn, _week(seconds, weekdays, less, more, note))


@dataclass(frozen=True)
class _Sheet:
    """What is drawn, and how high it is."""

    height: int
    parts: Sequence[str]


def _drawn(sheet: _Sheet) -> bytes:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{sheet.height}" font-family="Open Sans">'
        f'<rect width="{WIDTH}" height="{sheet.height}" rx="18" fill="{GROUND}"/>{"".join(sheet.parts)}</svg>'
    )
    png: bytes = resvg_py.svg_to_bytes(svg_string=svg, zoom=SCALE, skip_system_fonts=True, font_files=[_font()])
    return png


@cache
def _font() -> str:
    return str(fontpkg.path("Open Sans"))


def _bars(bars: Sequence[Bar]) -> _Sheet:
    longest = max((each.length for each in bars), default=1) or 1
    parts: list[str] = []
    top = PADDING - 8
    for each in bars:
        if each.apart:
            parts.append(_dots(top))
            top += GAP
        parts += _bar(each, top, longest)
        top += ROW
    return _Sheet(top + PADDING - 18, parts)


def _bar(bar: Bar, top: int, longest: int) -> Iterator[str]:
    left, right = PADDING + 52, WIDTH - PADDING
    if bar.own:
        yield f'<rect x="12" y="{top}" width="{WIDTH - 24}" height="{ROW - 2}" rx="12" fill="{RAISED}"/>'
    colour = MEDALS.get(bar.rank, MUTED)
    weight = 700 if bar.rank in MEDALS or bar.own else 600
    yield _text(
        str(bar.rank),
        left - 18,
        top + 42,
        size=26 if bar.rank < FOUR_DIGITS else 19,
        fill=colour,
        weight=700,
        anchor="end",
    )
    # A long name ends where the time begins; it fades, because a cut letter would look like a mistake.
    room = right - left - 13 * len(bar.label) - 14
    yield (
        f'<linearGradient id="f{top}" gradientUnits="userSpaceOnUse" x1="{left + room - 40}" x2="{left + room}">'
        f'<stop stop-color="{INK}"/><stop offset="1" stop-color="{INK}" stop-opacity="0"/></linearGradient>'
    )
    yield _text(bar.name, left, top + 32, size=24, fill=f"url(#f{top})", weight=weight)
    yield _text(bar.label, right, top + 32, size=22, fill=INK if bar.own else MUTED, anchor="end")
    filled = max(8, round((right - left) * bar.length / longest))
    yield f'<rect x="{left}" y="{top + 42}" width="{right - left}" height="8" rx="4" fill="{LINE}"/>'
    yield (
        f'<rect x="{left}" y="{top + 42}" width="{filled}" height="8" rx="4" fill="{BRASS if bar.own else ACCENT}"/>'
    )


def _dots(top: int) -> str:
    return "".join(
        f'<circle cx="{PADDING + 66 + step}" cy="{top + 12}" r="2.5" fill="{MUTED}"/>' for step in (0, 12, 24)
    )


def _week(seconds: Sequence[int], weekdays: Sequence[str], less: str, more: str, note: str) -> _Sheet:
    left, top, cell, high = PADDING + 56, PADDING + 28, 20.3, 32
    most = max(seconds) or 1
    parts = [_text(f"{hour:02}", left + hour * cell + 1, top - 12, size=19, fill=MUTED) for hour in range(0, HOURS, 6)]
    for day in range(DAYS):
        parts.append(_text(weekdays[day], left - 12, top + day * high + 22, size=20, fill=MUTED, anchor="end"))
        for hour in range(HOURS):
            x, y = left + hour * cell, top + day * high
            parts.append(_cell(x, y, _heat(seconds[day * HOURS + hour], most)))
    foot = top + DAYS * high + 32
    parts.append(_text(note, left, foot, size=19, fill=MUTED))
    parts += _legend(foot, less, more)
    return _Sheet(foot + PADDING - 6, parts)


def _legend(foot: int, less: str, more: str) -> Iterator[str]:
    right = WIDTH - PADDING
    yield _text(more, right, foot, size=19, fill=MUTED, anchor="end")
    x = right - 11 * len(more) - 10 - len(HEAT) * 21
    for step, colour in enumerate(HEAT):
        yield f'<rect x="{x + step * 21}" y="{foot - 16}" width="18" height="18" rx="4" fill="{colour}"/>'
    yield _text(less, x - 9, foot, size=19, fill=MUTED, anchor="end")


def _heat(seconds: int, most: int) -> str:
    # The root keeps an hour now and then visible beside the hours of every week.
    return HEAT[ceil((len(HEAT) - 1) * sqrt(seconds / most))]


def _cell(x: float, y: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y}" width="18" height="28" rx="4" fill="{colour}"/>'


def _text(text: str, x: float, y: float, *, size: int, fill: str, weight: int = 400, anchor: str = "start") -> str:
    # What XML cannot hold was taken out of names already; all other text is ours.
    return (
        f'<text x="{x:.1f}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{fill}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )
