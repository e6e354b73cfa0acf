"""Bans, as the bot sees them happen: with the names and roles that somebody had until then.

Discord tells of a ban when the member is gone already, so the bot remembers what it was last told of each.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from guildhall.bot.backoff import Backoff
from guildhall.bot.gateway import PASSING_FAULTS
from guildhall.bot.lanes import Lanes
from guildhall.core.log import get_logger
from guildhall.domains import bans
from guildhall.domains.bans import Sighting

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

Told: TypeAlias = Mapping[str, Any]

ROOM: Final = 20_000
"""Members that are remembered, those of whom something was heard last; a larger guild is not read as a whole, so that
it costs no more memory."""

AT_ONCE: Final = timedelta(minutes=1)
"""How long before a ban its member may be told to have left, when that is one and the same."""

PAGE: Final = 1000
RETRY: Final = 30.0
LONGEST_STOP: Final = 5.0


class Place(NamedTuple):
    """What somebody is in a guild: their nickname, the ids of their roles, and since when, as Discord writes it.

    `left_at` is when they left; those who are banned leave at that moment.
    """

    nickname: str | None
    role_ids: tuple[int, ...]
    joined_at: str | None
    left_at: datetime | None = None


OUTSIDE: Final = Place(None, (), None)
"""What somebody is who was no member any more."""


class BanWatch:
    """Keeps each ban that the gateway tells of in one of our guilds, with what the member was there."""

    def __init__(self, bot: "HouseBot") -> None:
        self._bot = bot
        self._house = bot.house
        self._places: OrderedDict[tuple[int, int], Place] = OrderedDict()
        self._unsaved: dict[int, list[Sighting]] = {}
        self._lanes = Lanes(self._save, backoff=partial(Backoff, longest=RETRY))
        self._unread: asyncio.Queue[int] = asyncio.Queue()

    def ears(self) -> dict[str, Callable[[Told], None]]:
        """Return what hears which event of the gateway."""
        return {
            "GUILD_CREATE": self._hear_guild,
            "GUILD_MEMBER_ADD": self._hear_member,
            "GUILD_MEMBER_UPDATE": self._hear_member,
            "GUILD_MEMBER_REMOVE": self._hear_gone,
            "VOICE_STATE_UPDATE": self._hear_beside,
            "MESSAGE_CREATE": self._hear_message,
            "GUILD_BAN_ADD": self._hear_ban,
        }

    async def keep(self) -> None:
        """Read who is in our guilds when a session begins, as far as Discord lists them, until cancelled."""
        while True:
            guild_id = await self._unread.get()
            try:
                await self._read_members(guild_id)
            except PASSING_FAULTS as fault:
                log.info("Members are known as far as something is heard of them", guild=guild_id, reason=str(fault))

    async def stop(self) -> None:
        """Let what was seen be kept."""
        if not await self._lanes.drain(within=LONGEST_STOP):
            log.warning("The bot stopped before each ban that it saw was kept")

    async def _read_members(self, guild_id: int) -> None:
        after, page = 0, PAGE
        while page == PAGE:
            found = await self._bot.http.get_members(guild_id, PAGE, after)
            for each in found:
                self._see(guild_id, int(each["user"]["id"]), each)
                after = max(after, int(each["user"]["id"]))
            page = len(found)

    def _hear_guild(self, told: Told) -> None:
        guild_id = int(told["id"])
        if guild_id not in self._house.discord.guild_ids:
            return
        for each in told.get("members", []):
            self._see(guild_id, int(each["user"]["id"]), each)
        if int(told.get("member_count") or 0) <= ROOM:
            self._unread.put_nowait(guild_id)

    def _hear_member(self, told: Told) -> None:
        self._see(int(told["guild_id"]), int(told["user"]["id"]), told)

    def _hear_gone(self, told: Told) -> None:
        key = int(told["guild_id"]), int(told["user"]["id"])
        if key in self._places:
            self._places[key] = self._places[key]._replace(left_at=self._house.clock.now())

    def _hear_beside(self, told: Told) -> None:
        if told.get("guild_id") and told.get("member"):
            self._see(int(told["guild_id"]), int(told["user_id"]), told["member"])

    def _hear_message(self, told: Told) -> None:
        self._hear_beside({**told, "user_id": told["author"]["id"]})

    def _see(self, guild_id: int, user_id: int, member: Told) -> None:
        if guild_id not in self._house.discord.guild_ids:
            return
        roles = tuple(map(int, member.get("roles") or ()))
        self._places[guild_id, user_id] = Place(member.get("nick"), roles, member.get("joined_at"))
        self._places.move_to_end((guild_id, user_id))
        if len(self._places) > ROOM:
            self._places.popitem(last=False)

    def _hear_ban(self, told: Told) -> None:
        guild_id, user = int(told["guild_id"]), told["user"]
        if guild_id not in self._house.discord.guild_ids:
            return
        now, place = self._house.clock.now(), self._places.pop((guild_id, int(user["id"])), None)
        if place is not None and place.left_at is not None and now - place.left_at > AT_ONCE:
            place = OUTSIDE
        sighting = Sighting(
            guild_id=guild_id,
            user_id=int(user["id"]),
            seen_at=now,
            username=user["username"],
            global_name=user.get("global_name"),
            avatar=user.get("avatar"),
            nickname=place.nickname if place else None,
            roles=self._named(guild_id, place.role_ids) if place else None,
            joined_at=datetime.fromisoformat(place.joined_at) if place and place.joined_at else None,
        )
        self._unsaved.setdefault(guild_id, []).append(sighting)
        self._lanes.add(guild_id, partial(self._save, guild_id))

    def _named(self, guild_id: int, role_ids: tuple[int, ...]) -> list[str]:
        """Return the names of roles, the highest first."""
        guild = self._bot.get_guild(guild_id)
        roles = [guild.get_role(each) for each in role_ids] if guild is not None else []
        known = sorted((each for each in roles if each is not None), key=lambda role: role.position, reverse=True)
        return [each.name for each in known]

    async def _save(self, guild_id: int) -> None:
        """Keep what was seen in a guild and is not kept yet."""
        waiting = list(self._unsaved.setdefault(guild_id, []))
        async with self._house.database.write() as tx:
            for each in waiting:
                await bans.note_sighting(tx, each)
        del self._unsaved[guild_id][: len(waiting)]
