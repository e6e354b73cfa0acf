"""Where Discord shows the pictures of people."""

from typing import Final

PICTURES: Final = "https://cdn.discordapp.com"
DEFAULT_PICTURES: Final = 6


def picture_address(discord_id: int | str, avatar: str | None) -> str:
    """Return where Discord shows a picture, or the one that it gives to whoever has none."""
    if avatar is None:
        return f"{PICTURES}/embed/avatars/{(int(discord_id) >> 22) % DEFAULT_PICTURES}.png"
    moves = "gif" if avatar.startswith("a_") else "png"
    return f"{PICTURES}/avatars/{discord_id}/{avatar}.{moves}"
