"""Pictures are drawn whatever people are called, and show what they are about."""

import struct
import zlib
from functools import partial
from pathlib import Path

import fontpkg  # type: ignore[import-untyped]  # It has no types.
import pytest

from guildhall.bot.pictures import HEAT, LONGEST_NAME, MOST_BARS, UNDRAWABLE, Bar, draw_bars, draw_week, drawable

WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def size_of(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def pixels_of(png: bytes) -> int:
    """How many bytes the picture has before it is packed; fails for one that is damaged."""
    at, packed = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + length]
        at += 12 + length
    return len(zlib.decompress(packed))


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("Rosa", "Rosa"),
        ("  Żółć\tÖffi\n", "Żółć Öffi"),
        ("Дмитрий Ελλάδα", "Дмитрий Ελλάδα"),
        ("שלום", "שלום"),
        ("\U0001d4e1\U0001d4f8\U0001d4fc\U0001d4ea", "Rosa"),
        ("Bo 🎉🎉", "Bo"),
        ("R̷o̸s̵a̶", "Rosa"),
        ("田中さん", ""),
        ("田中さん x", ""),
        ("مرحبا", ""),
        ("🎉", ""),
        ("---", ""),
        ("", ""),
        ("\x00\x1b\ud800\ufffe", ""),
        ("a" * 400, "a" * (LONGEST_NAME - 1) + "…"),
        ("\u202eevil", "evil"),
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_of_a_name_is_drawn_what_the_font_has(name: str, drawn: str) -> None:
    assert drawable(name) == drawn


def letters_of(font: bytes) -> set[int]:
    """The characters that a font has shapes for, as its map of them says (format 4)."""
    tables = {font[at : at + 4]: struct.unpack(">I", font[at + 8 : at + 12])[0] for at in range(12, 12 + 16 * 40, 16)}
    start = tables[b"cmap"]
    (count,) = struct.unpack(">H", font[start + 2 : start + 4])
    for number in range(count):
        (offset,) = struct.unpack(">I", font[start + 8 + 8 * number : start + 12 + 8 * number])
        form, _, _, double = struct.unpack(">4H", font[start + offset : start + offset + 8])
        if form == 4:
            ends = struct.unpack(f">{double // 2}H", font[start + offset + 14 : start + offset + 14 + double])
            at = start + offset + 16 + double
            starts = struct.unpack(f">{double // 2}H", font[at : at + double])
            return {code for first, last in zip(starts, ends, strict=True) for code in range(first, last + 1)}
    raise AssertionError("the font has no map of the expected form")


def test_every_sign_that_counts_as_drawable_is_in_the_font() -> None:
    known = letters_of(Path(fontpkg.path("Open Sans")).read_bytes())
    drawn = [chr(code) for code in range(0x20, 0x10000) if not UNDRAWABLE.fullmatch(chr(code))]
    assert len(drawn) > 700
    assert [f"{ord(each):04x}" for each in drawn if ord(each) not in known] == []


async def test_bars_are_drawn_for_any_board_and_never_too_many() -> None:
    nasty = '<svg onload="x">&amp;]]>' + "W" * 300
    bars = [
        Bar(10**rank, nasty, 10**rank % 97, f"{10**rank} h 00 min", own=rank == 3, apart=rank == 5) for rank in range(9)
    ]
    png = await draw_bars(bars)
    width, height = size_of(png)
    assert pixels_of(png) == height * (width * 4 + 1)
    many = size_of(await draw_bars([Bar(each, "x", 0, "0 s") for each in range(1, 5000)]))
    assert many == size_of(await draw_bars([Bar(each, "x", 0, "0 s") for each in range(1, MOST_BARS + 1)]))
    assert size_of(await draw_bars([]))[0] == width


async def test_a_week_is_drawn_from_its_168_hours() -> None:
    draw = partial(draw_week, weekdays=WEEKDAYS, less="less", more="more", note="Buenos Aires")
    nothing, busy = await draw([0] * 168), await draw(list(range(168)))
    assert size_of(nothing) == size_of(busy)
    assert nothing != busy
    with pytest.raises(ValueError, match="168"):
        await draw([0] * 24)
    assert len(set(HEAT)) == 5
