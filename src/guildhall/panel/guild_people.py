"""People of a guild as its pages show them.

Their pictures are not loaded: a page that fetched them from Discord would tell it who is looked at, and when.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from guildhall.core.log import get_logger
from guildhall.domains import bot
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable, NotMember
from guildhall.domains.bot import Name
from guildhall.panel.guild_door import Place
from guildhall.web.house import House

log = get_logger(__name__)

WHEEL: Final = 360
STEP: Final = 47
MOST_ASKED: Final = 10
PATIENCE: Final = 1.0
"""Seconds that a page waits for names that only Discord knows."""


@dataclass(frozen=True)
class Member:
    """Somebody by their name, or their number where nobody has heard it lately; the hue is always theirs."""

    user_id: int
    name: str
    path: str

    @property
    def letters(self) -> str:
        """Up to two letters that stand for them."""
        words = [word for word in self.name.split() if word[:1].isalnum()] or ["?"]
        return "".join(word[0] for word in (words[0], *words[1:][-1:])).upper()

    @property
    def hue(self) -> int:
        """The colour that stands for them."""
        return self.user_id * STEP % WHEEL


async def members_of(house: House, place: Place, user_ids: Iterable[int]) -> dict[int, Member]:
    """Return people by their ids. Discord may be asked for names, so nothing must be locked meanwhile."""
    wanted = list(dict.fromkeys(user_ids))
    names = await bot.names_of(house.cache, place.guild_id, wanted)
    if not place.trouble:
        names |= await _asked(house, place.guild_id, [each for each in wanted if each not in names][:MOST_ASKED])
    return {
        user_id: Member(
            user_id,
            names[user_id].shown if user_id in names else f"{user_id}",
            f"{place.path}/board/people/{user_id}",
        )
        for user_id in wanted
    }


async def _asked(house: House, guild_id: int, user_ids: Sequence[int]) -> dict[int, Name]:
    """Return names that the bot has not heard, and keep them; whoever has left the guild is called by their number.

    Names are not worth waiting for: what is not told soon is asked for again with the next page.
    """
    found: dict[int, Name] = {}
    try:
        async with asyncio.timeout(PATIENCE):
            for user_id in user_ids:
                found[user_id] = Name(await _name(house, guild_id, user_id))
    except (TimeoutError, BotNotInGuild, DiscordUnavailable) as fault:
        log.info("Some people are shown by their numbers", guild=guild_id, reason=type(fault).__name__)
    await bot.remember_names(house.cache, guild_id, found)
    return found


async def _name(house: House, guild_id: int, user_id: int) -> str:
    try:
        return await house.directory.name_of_member(guild_id, user_id)
    except NotMember:
        return f"{user_id}"
