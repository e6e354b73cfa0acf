"""Answers of several lines, within what one message of Discord holds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from guildhall.bot.words import Words

LONGEST: Final = 4000
ROOM: Final = 60
"""What is kept free for saying how many lines are left out."""


def fitting(lines: Sequence[str], words: Words, *, none: str = "commands.said.nothing") -> str:
    """Return the lines, or what is said under `none` when there are none; what does not fit is counted."""
    if not lines:
        return words(none)
    shown: list[str] = []
    free = LONGEST - ROOM
    for each in lines:
        if len(each) >= free:
            break
        shown.append(each)
        free -= len(each) + 1
    if len(shown) < len(lines):
        shown.append(words("commands.said.more", number=len(lines) - len(shown)))
    return "\n".join(shown)


def instant(moment: datetime, style: str = "f") -> str:
    """Return an instant as Discord shows it to each reader in their own zone and language."""
    return f"<t:{int(moment.timestamp())}:{style}>"
