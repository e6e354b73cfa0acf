"""One bot, from its login to its end: discord.py with the house's ears."""

import asyncio
import contextlib
import math
import random
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import discord
from discord.ext import commands
from discord.gateway import ReconnectWebSocket

from guildhall.bot.attendance import Admin, Attendance
from guildhall.bot.backoff import Backoff
from guildhall.bot.banning import BanWatch
from guildhall.bot.cogs import Memory
from guildhall.bot.desk import Desk
from guildhall.bot.desk.auditing import GuildLogs
from guildhall.bot.desk.commands import handle, slash_commands
from guildhall.bot.desk.commands.turns import Turns
from guildhall.bot.errors import Away, Refused
from guildhall.bot.gateway import PASSING_FAULTS, Pulse, over, point_at, socket_for
from guildhall.bot.intake import Intake
from guildhall.bot.keeper import CommandKeeper
from guildhall.bot.presence import Presence, presence_of
from guildhall.bot.speech import Translator
from guildhall.bot.tree import HouseTree
from guildhall.bot.voice import name_in, picture_of, seen_in
from guildhall.core import ids
from guildhall.core.db import StoreUnavailable
from guildhall.core.log import get_logger
from guildhall.domains import bot as bot_domain
from guildhall.domains.attendance import Picture, Watch
from guildhall.domains.bot import Figures, Name, Phase
from guildhall.domains.identity import community
from guildhall.domains.site import TOKEN
from guildhall.web.house import House

if TYPE_CHECKING:
    from datetime import datetime

log = get_logger(__name__)

Told: TypeAlias = Mapping[str, Any]
"""The content of an event as Discord sends it."""

LONGEST_WAIT: Final = 60.0
"""Seconds that a call waits for its turn at Discord by itself; whoever made it decides about more."""

CONNECT_WITHIN: Final = 60.0
CLOSE_WITHIN: Final = 5.0
INTENTS: Final = discord.Intents(
    guilds=True,
    # Whoever gets another role, leaves or joins counts as that at once. No member is kept for it: what was asked of
    # Discord about them is forgotten, so that a large guild costs no more memory than a small one. What a ban needs is
    # remembered of so many members and no more.
    members=True,
    voice_states=True,
    moderation=True,
    guild_messages=True,
    dm_messages=True,
    message_content=True,
    guild_reactions=True,
    dm_reactions=True,
    guild_typing=True,
    dm_typing=True,
)

# The bot hears who is in voice and never speaks there itself, so the library need not miss at each start what it would
# encrypt speech with.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False


class Tell(Protocol):
    """Hears how the bot does, and why."""

    def __call__(self, phase: Phase, reason: str, /) -> None:
        """Take in the phase that the bot is in from now on."""


class HouseBot(commands.Bot):
    """A bot that connects by itself again and again while Discord wants it, and tells the house what it hears.

    It is used once: after its end a new one is made, for what the library remembers of a session is not to be trusted.
    """

    def __init__(self, house: House, tell: Tell, *, may_identify: Callable[[], Awaitable[bool]]) -> None:
        super().__init__(
            commands.when_mentioned,
            intents=INTENTS,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            max_ratelimit_timeout=LONGEST_WAIT,
            help_command=None,
            tree_cls=HouseTree,
        )
        self.house = house
        self._tell = tell
        self._may_identify = may_identify
        self._pulse = Pulse(house.clock)
        self._socket = socket_for(self._pulse, self._count_faulty)
        self._live = False
        self._bots: set[int] = set()
        self._heard_at: datetime | None = None
        self._reconnects = 0
        self._faulty = 0
        self._presence_due = asyncio.Event()
        self._shown: Presence | None = None
        self.activity, self.status = presence_of(house.site.now.document)
        self.was_connected = False
        self._arrived = asyncio.Event()
        self.keeper = CommandKeeper(self)
        self.turns = Turns()
        self._watch = Watch(ids.ulid())
        self._intake = Intake(
            house.database,
            house.clock,
            self._watch,
            scene=house.scene,
            look=self._look,
            remember=partial(bot_domain.remember_names, house.cache),
        )
        self.desk = Desk(self)
        self.desk.offers.append(partial(handle, self))
        self.guild_logs = GuildLogs(self)
        self.bans = BanWatch(self)
        self._listen()

    async def live(self) -> None:
        """Log in and stay connected. Raises Refused, or Away when the connection never came to be."""
        point_at(self.house.settings.discord)
        try:
            await self.login(self.house.site.now.secret(TOKEN))
        except (discord.LoginFailure, *PASSING_FAULTS) as fault:
            raise over(fault) from fault
        await self.connect()

    async def keep_watch(self) -> None:
        """Write down at intervals that all is well, as long as Discord acknowledges the heartbeats."""
        while True:
            await asyncio.sleep(self.house.settings.attendance.checkpoint_seconds)
            await self._pulse.well.wait()
            if self._live:
                await self.checkpoint()

    async def keep_presence(self) -> None:
        """Let members see what the configuration says of the bot, for as long as it lives."""
        with self.house.site.watching(self._presence_due.set):
            while True:
                await self._presence_due.wait()
                self._presence_due.clear()
                await self._show_presence()

    async def _show_presence(self) -> None:
        wanted = presence_of(self.house.site.now.document)
        if wanted == self._shown or not self._live:
            return
        # A session that begins later says so by itself.
        self.activity, self.status = wanted.activity, wanted.status
        try:
            await self.change_presence(activity=wanted.activity, status=wanted.status)
        except PASSING_FAULTS as fault:
            # The connection is ending, and the next one begins with a look at this.
            log.info("What members see of the bot is shown later", reason=str(fault))
        else:
            self._shown = wanted

    async def checkpoint(self) -> None:
        """Write down that all is well."""
        try:
            await self._intake.checkpoint()
        except StoreUnavailable as fault:
            log.warning("The bot cannot store that all is well", reason=fault.message)

    async def setup_hook(self) -> None:
        """Give the bot its own commands, before it connects."""
        await self.tree.set_translator(Translator())
        await self.add_cog(Attendance())
        await self.add_cog(Admin())
        for each in slash_commands():
            self.tree.add_command(each)

    async def keep_commands(self) -> None:
        """Do what is asked of cogs, and let Discord know the commands that follow, for as long as the bot lives."""
        await self._arrived.wait()
        await self.keeper.keep()

    async def keep_desk(self) -> None:
        """Make channels of tickets and take out what is to be said, for as long as the bot lives."""
        await self._arrived.wait()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.desk.keep())
            tasks.create_task(self.guild_logs.keep())
            tasks.create_task(self.bans.keep())

    @property
    def is_live(self) -> bool:
        """Whether the bot is connected at this moment."""
        return self._live

    def memory_of(self, cog: str) -> Memory:
        """Return what a cog keeps in the database, under a name that the cog chooses and keeps."""
        return Memory(self.house.database, cog)

    async def leave(self) -> None:
        """Say goodbye to Discord, and leave all sessions open as they were seen last."""
        self._live = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN):
                await self.close()
                await self._socket.part()
        await self.desk.stop()
        await self.guild_logs.stop()
        await self.bans.stop()
        await self.http.close()
        await self._intake.stop()

    def figures(self) -> Figures:
        """Return how the bot does in numbers."""
        latency = self.latency if self._live else math.nan
        return Figures(
            latency_ms=round(latency * 1000) if math.isfinite(latency) else None,
            heard_at=self._heard_at,
            reconnects=self._reconnects,
            guilds=sum(not guild.unavailable for guild in self.guilds),
            faulty_events=self._faulty,
        )

    async def connect(self, *, reconnect: bool = True) -> None:
        """Stay connected until the bot is closed: resume what can be resumed, and begin anew where Discord asks for it.

        The library's own loop dies of the first failure, retries without an end what cannot succeed, and does not say
        whether a connection ended in order. Raises Refused, and Away while no session has begun or none may begin.
        """
        del reconnect
        backoff = Backoff()
        way: dict[str, Any] = {"initial": True}
        while not self.is_closed():
            try:
                self.ws = await asyncio.wait_for(self._socket.from_client(self, **way), CONNECT_WITHIN)
                while True:
                    await self.ws.poll_event()
            except ReconnectWebSocket:
                end: Exception = Away("Discord closed the connection.")
            except PASSING_FAULTS as fault:
                end = over(fault)
            if self.is_closed():
                return
            if self._part():
                backoff.reset()
            if isinstance(end, Refused) or not self.was_connected:
                raise end
            wait = backoff.next()
            self._tell(Phase.WAITING, f"{end} Connecting again in {math.ceil(wait)} s.")
            await asyncio.sleep(wait)
            way = self._way_back()

    def _way_back(self) -> dict[str, Any]:
        if self.ws.session_id is None:
            return {"initial": False}
        return {
            "initial": False,
            "resume": True,
            "session": self.ws.session_id,
            "sequence": self.ws.sequence,
            "gateway": self.ws.gateway,
        }

    def _part(self) -> bool:
        """Take in that the connection is over. Returns whether it had been of use."""
        self._pulse.beat()
        if not self._live:
            return False
        self._live = False
        self._reconnects += 1
        in_order = getattr(self.ws, "ended_in_order", False)
        now = self.house.clock.now()
        witnessed = now if in_order else self._pulse.acknowledged or now
        self._intake.lost([guild.id for guild in self.guilds], witnessed=witnessed)
        return True

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait a little before a new session, as Discord asks for, and count it. Raises Away when none is left."""
        del shard_id
        if not initial:
            await asyncio.sleep(random.uniform(1, 5))  # noqa: S311 (nobody gains by guessing it)
        if not await self._may_identify():
            raise Away("All sessions that Discord allows in a day are used.")

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (the library's signature)
        """Tell cogs of an event, and remember when Discord last said something."""
        if event == "socket_event_type":
            self._heard_at = self.house.clock.now()
        self.desk.hear(event, args)
        super().dispatch(event, *args, **kwargs)

    def _listen(self) -> None:
        """Hear events as they come in: the library tells of guilds seconds later, and of others in no fixed order."""
        parsers = self._connection.parsers
        for name, react in {
            "READY": self._hear_ready,
            "RESUMED": self._hear_resumed,
            "GUILD_CREATE": self._hear_guild,
            "GUILD_UPDATE": self._hear_guild_changed,
            "GUILD_DELETE": self._hear_guild_gone,
            "GUILD_MEMBER_ADD": self._hear_membership,
            "GUILD_MEMBER_UPDATE": self._hear_member,
            "GUILD_MEMBER_REMOVE": self._hear_membership,
            "GUILD_ROLE_CREATE": self._hear_roles_changed,
            "GUILD_ROLE_DELETE": self._hear_roles_changed,
            "GUILD_ROLE_UPDATE": self._hear_roles_changed,
            "CHANNEL_DELETE": self._hear_channel_gone,
            "VOICE_STATE_UPDATE": self._hear_voice,
        }.items():
            parsers[name] = partial(_one_after_the_other, parsers[name], react)
        for ears in (self.guild_logs.ears(), self.bans.ears()):
            for name, hear in ears.items():
                parsers[name] = partial(_in_any_case, parsers[name], hear)

    def _hear_ready(self, _: Told) -> None:
        self._go_live("Connected to Discord.")
        self.desk.begin_session()

    def _hear_resumed(self, _: Told) -> None:
        self._go_live("Connected to Discord, where it had been interrupted.")
        # What was replayed is known by its outcome only.
        for guild in self.guilds:
            picture = self._look(guild.id)
            if picture is not None:
                self._intake.see(guild.id, picture)

    def _go_live(self, words: str) -> None:
        self._live = self.was_connected = True
        self._arrived.set()
        self._shown = None
        self._presence_due.set()
        self._tell(Phase.CONNECTED, words)

    def _hear_guild(self, told: Told) -> None:
        guild_id = int(told["id"])
        self.keeper.look_now()
        self.desk.look_now()
        self._meet(guild_id, told.get("members", []), {guild_id: Name(told["name"])})
        picture = self._look(guild_id)
        if picture is not None:
            self._intake.see(guild_id, picture)

    def _hear_roles_changed(self, told: Told) -> None:
        """Take in that somebody may do something else now: what Discord said of the guild before is outdated."""
        guild_id = int(told["guild_id"])
        self._intake.meanwhile(guild_id, partial(self.house.directory.forget, guild_id))

    def _hear_member(self, told: Told) -> None:
        """Take in that somebody may have other roles now."""
        guild_id, user_id = int(told["guild_id"]), int(told["user"]["id"])
        self._intake.meanwhile(guild_id, partial(self.house.directory.forget_member, guild_id, user_id))
        self._intake.meanwhile(guild_id, partial(community.look_anew, self.house.community, guild_id, user_id))

    def _hear_membership(self, told: Told) -> None:
        """Take in that somebody has come or has left."""
        self._hear_member(told)
        self.desk.leavers.look_at(int(told["user"]["id"]))

    def _hear_guild_changed(self, told: Told) -> None:
        self._hear_roles_changed({"guild_id": told["id"]})
        afk = told.get("afk_channel_id")
        if self._live:
            self._intake.afk_channel(int(told["id"]), int(afk) if afk else None)

    def _hear_guild_gone(self, told: Told) -> None:
        guild_id = int(told["id"])
        self.keeper.look_now()
        if told.get("unavailable"):
            self._intake.lost([guild_id], witnessed=self.house.clock.now())
        else:
            self._intake.removed(guild_id)

    def _hear_channel_gone(self, told: Told) -> None:
        guild_id = int(told["guild_id"])
        picture = self._look(guild_id)
        if picture is not None:
            self._intake.look_again(guild_id, picture)

    def _hear_voice(self, told: Told) -> None:
        if told.get("guild_id") is None:
            return
        guild_id = int(told["guild_id"])
        if told.get("member"):
            self._meet(guild_id, [told["member"]], {})
        if self._live:
            self._intake.voice(guild_id, seen_in(told, self._bots))

    def _meet(self, guild_id: int, members: list[Told], names: Mapping[int, Name]) -> None:
        """Remember what members are called, beside other names, and which of them are bots."""
        self._bots |= {int(each["user"]["id"]) for each in members if each["user"].get("bot")}
        self._intake.meet(guild_id, {**names, **{int(each["user"]["id"]): name_in(each) for each in members}})

    def _look(self, guild_id: int) -> Picture | None:
        """Return who is in voice in a guild, None when it cannot be seen at this moment."""
        guild = self.get_guild(guild_id)
        if guild is None or guild.unavailable or not self._live:
            return None
        return picture_of(guild, self._bots)

    def _count_faulty(self) -> None:
        self._faulty += 1


def _one_after_the_other(parse: Callable[[Told], None], react: Callable[[Told], None], told: Told) -> None:
    parse(told)
    react(told)


def _in_any_case(parse: Callable[[Told], None], hear: Callable[[Told], None], told: Told) -> None:
    """Let something be heard that the library may not be able to make sense of."""
    try:
        parse(told)
    finally:
        hear(told)
