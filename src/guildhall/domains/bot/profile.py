"""The bot's account at Discord: its name and its pictures."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from guildhall.domains.bot.errors import InvalidImage

LARGEST_IMAGE: Final = 8 * 1024 * 1024
LONGEST_TEXT: Final = LARGEST_IMAGE * 4 // 3 + 1024
"""Characters of an image of that size in base64, with what may stand before it."""

BEGINNINGS: Final[Mapping[bytes, str]] = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
"""How files of the kinds begin that Discord takes."""


@dataclass(frozen=True)
class Profile:
    """What everybody sees of the account; the pictures are addresses."""

    id: str
    username: str
    discriminator: str
    avatar_url: str | None
    banner_url: str | None


class BotAccount(Protocol):
    """Discord's side of the account."""

    async def profile(self) -> Profile:
        """Return the account as it is now. Raises BotOffline."""

    async def change(self, changes: Mapping[str, str | None]) -> Profile:
        """Set `username`, `avatar` and `banner`, the latter as data URIs or None for no picture.

        Raises BotOffline without a bot, BotUnreachable, ProfileRefused.
        """


def data_uri(text: str) -> str:
    """Return an image, which came in base64 or as a data URI, as the data URI of what it is. Raises InvalidImage."""
    if len(text) > LONGEST_TEXT:
        raise InvalidImage
    try:
        content = b64decode("".join(text.rpartition("base64,")[2].split()), validate=True)
    except (binascii.Error, ValueError) as fault:
        raise InvalidImage from fault
    # What it is called counts for nothing: its first bytes say what it is.
    kind = next((kind for beginning, kind in BEGINNINGS.items() if content.startswith(beginning)), None)
    if kind is None or len(content) > LARGEST_IMAGE:
        raise InvalidImage
    return f"data:{kind};base64,{b64encode(content).decode()}"
