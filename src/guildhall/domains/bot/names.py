"""What people are called in a guild, and the guild itself: kept in the cache for a while, and stored nowhere.

Discord gives everything a number of its own, so a guild is kept beside its members.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

import msgspec

from guildhall.core.cache import Cache

KEPT: Final = timedelta(days=1)


class Name(msgspec.Struct, frozen=True):
    """What a member or a guild is called, and the address of a picture, None where there is none.

    `handle` is the name that Discord keeps unique and plain, empty where it was not told.
    """

    shown: str
    avatar: str | None = None
    handle: str = ""


async def remember_names(cache: Cache, guild_id: int, names: Mapping[int, Name]) -> None:
    """Keep what members are called, as Discord has just told."""
    for user_id, name in names.items():
        await cache.set(_key(guild_id, user_id), _encode(name), ttl=KEPT)


async def names_of(cache: Cache, guild_id: int, user_ids: Iterable[int]) -> dict[int, Name]:
    """Return what members are called, as far as the bot has seen them of late."""
    found = {user_id: await cache.get(_key(guild_id, user_id)) for user_id in user_ids}
    return {user_id: _decode(value) for user_id, value in found.items() if value is not None}


def _key(guild_id: int, user_id: int) -> str:
    return f"discord-name:{guild_id}:{user_id}"


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Name).decode
