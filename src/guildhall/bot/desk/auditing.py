"""Discord's audit logs, brought to staff: what the gateway tells, and what was missed while nobody listened."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import discord

from guildhall.bot.backoff import Backoff
from guildhall.bot.desk.deeds import Told, people_in, read_deed
from guildhall.bot.desk.places import guild_log_channel_of
from guildhall.bot.lanes import Lanes
from guildhall.core.log import get_logger
from guildhall.domains import bot as bot_domain
from guildhall.domains.tickets import guildlog

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

PAGE: Final = 100
"""Entries that Discord lists at once."""

RETRY: Final = 30.0
LONGEST_STOP: Final = 5.0


class GuildLogs:
    """Takes in the entries of the audit logs of our guilds, each once; what they say goes out as any other log line.

    The first thing in each session with Discord is to read what was missed. Only then the gateway's entries count, so
    that none of them moves on how far the log was read before that.
    """

    def __init__(self, bot: "HouseBot") -> None:
        self._bot = bot
        self._house = bot.house
        self._lanes = Lanes(self._catch_up, backoff=partial(Backoff, longest=RETRY))
        self._read_up: set[int] = set()
        self._first_heard: dict[int, int] = {}
        self._moved = asyncio.Event()
        self._known = self._wished()

    def ears(self) -> dict[str, Callable[[Told], None]]:
        """Return what hears which event of the gateway."""
        return {
            "READY": self._hear_ready,
            "GUILD_CREATE": self._hear_guild,
            "GUILD_AUDIT_LOG_ENTRY_CREATE": self._hear_entry,
        }

    async def keep(self) -> None:
        """Begin and end as the configuration says, until cancelled."""
        with self._house.site.watching(self._moved.set):
            while True:
                if self._known != self._wished():
                    self._known = self._wished()
                    self._look_at(self._house.discord.guild_ids)
                await self._moved.wait()
                self._moved.clear()

    async def stop(self) -> None:
        """Let what has begun come to its end; the rest is read at the next start."""
        if not await self._lanes.drain(within=LONGEST_STOP):
            log.warning("The bot stopped before all of the audit log was taken in; it goes on at the next start")

    def _is_wanted(self) -> bool:
        return guild_log_channel_of(self._house.site.now.document) is not None

    def _wished(self) -> tuple[bool, frozenset[int]]:
        return self._is_wanted(), self._house.discord.guild_ids

    def _look_at(self, guild_ids: Iterable[int]) -> None:
        for each in guild_ids:
            self._lanes.add(each, partial(self._catch_up, each))

    def _hear_ready(self, _: Told) -> None:
        # A new set, so that what still runs of the session before does not count for this one.
        self._read_up = set()

    def _hear_guild(self, told: Told) -> None:
        self._look_at({int(told["id"])} & self._house.discord.guild_ids)

    def _hear_entry(self, told: Told) -> None:
        guild_id = int(told["guild_id"])
        if guild_id in self._house.discord.guild_ids and self._is_wanted():
            self._first_heard.setdefault(guild_id, int(told["id"]))
            self._lanes.add(guild_id, partial(self._take_heard, guild_id, told))

    async def _take_heard(self, guild_id: int, entry: Told) -> None:
        """Take in an entry that the gateway told, after what was missed before it."""
        if not self._is_wanted():
            return
        if guild_id not in self._read_up:
            await self._catch_up(guild_id)
        if guild_id in self._read_up:
            await self._take(guild_id, [entry], [])

    async def _catch_up(self, guild_id: int) -> None:
        """Read what was missed, all of it; from now on where nobody wanted to be told before."""
        read_up = self._read_up
        if not self._is_wanted():
            read_up.discard(guild_id)
            self._first_heard.pop(guild_id, None)
            async with self._house.database.write() as tx:
                await guildlog.end_log(tx, guild_id)
            return
        try:
            await self._read_missed(guild_id)
        except (discord.Forbidden, discord.NotFound):
            log.warning("The audit log cannot be read; give the bot's role View Audit Log", guild=guild_id)
        else:
            read_up.add(guild_id)

    async def _read_missed(self, guild_id: int) -> None:
        async with self._house.database.read() as tx:
            cursor = await guildlog.cursor_of(tx, guild_id)
        if cursor is None:
            await self._begin(guild_id)
            return
        after = cursor.read_after
        while found := await self._page(guild_id, after):
            entries, users = found
            await self._take(guild_id, entries, users)
            if len(entries) < PAGE:
                return
            after = int(entries[-1]["id"])

    async def _begin(self, guild_id: int) -> None:
        """Begin after the latest entry that there is, but before any that was heard since this is wanted."""
        listed = await self._bot.http.get_audit_logs(guild_id, limit=1)
        latest = max((int(each["id"]) for each in listed["audit_log_entries"]), default=0)
        after = min(latest, self._first_heard.get(guild_id, latest + 1) - 1)
        async with self._house.database.write() as tx:
            await guildlog.begin_log(tx, guild_id, after=after)

    async def _page(self, guild_id: int, after: int) -> tuple[list[Told], list[Told]]:
        """Return entries after one, the oldest first, and the users in them."""
        listed: Any = await self._bot.http.get_audit_logs(guild_id, limit=PAGE, after=after)
        return sorted(listed["audit_log_entries"], key=lambda each: int(each["id"])), listed["users"]

    async def _take(self, guild_id: int, entries: list[Told], users: list[Told]) -> None:
        names = await self._names_in(guild_id, entries, users)
        guild, document = self._bot.get_guild(guild_id), self._house.site.now.document
        me = str(self._bot.user.id) if self._bot.user is not None else ""
        wanted, names_guild = set(document.logs.audit_log_actions), len(self._house.discord.guild_ids) > 1
        now = self._house.clock.now()
        async with self._house.database.write() as tx:
            for each in entries:
                deed = read_deed(each, guild, lambda user_id: names.get(user_id, ""), names_guild=names_guild)
                # What the bot does itself, such as its channels of tickets, would drown what people do.
                is_told = each.get("user_id") != me and (not wanted or deed.action in wanted)
                await guildlog.note_deed(tx, guild_id, deed, is_told=is_told, now=now)

    async def _names_in(self, guild_id: int, entries: list[Told], users: list[Told]) -> dict[str, str]:
        """Return what the people in some entries are called."""
        names = {str(each["id"]): str(each.get("global_name") or each["username"]) for each in users}
        lacking = set().union(*map(people_in, entries)) - names.keys()
        seen = await bot_domain.names_of(self._house.cache, guild_id, map(int, lacking))
        names |= {str(user_id): name.shown for user_id, name in seen.items()}
        for user_id in lacking - names.keys():
            try:
                names[user_id] = (await self._bot.fetch_user(int(user_id))).display_name
            except discord.NotFound:
                names[user_id] = ""
        return names
