"""People of a guild as its pages show them.

Their pictures are not loaded: a page that fetched them from Discord would tell it who is looked at, and when.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from guildhall.domains import bot
from guildhall.panel.guild_door import Place
from guildhall.web.house import House

WHEEL: Final = 360
STEP: Final = 47


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
    """Return people by their ids."""
    wanted = list(dict.fromkeys(user_ids))
    names = await bot.names_of(house.cache, place.guild_id, wanted)
    return {
        user_id: Member(
            user_id,
            names[user_id].shown if user_id in names else f"{user_id}",
            f"{place.path}/board/people/{user_id}",
        )
        for user_id in wanted
    }
