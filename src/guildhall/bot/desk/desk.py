"""The desk of one bot: hears what people write, and does for each of them one thing after another."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import discord

from guildhall.bot.backoff import Backoff
from guildhall.bot.desk import handmade
from guildhall.bot.desk.channels import ChannelMaker
from guildhall.bot.desk.courier import Courier
from guildhall.bot.desk.features import Inviter
from guildhall.bot.desk.fetching import FileFetcher
from guildhall.bot.desk.leaving import Leavers
from guildhall.bot.desk.mirroring import mirror_reaction, mirror_typing
from guildhall.bot.desk.places import guild_of
from guildhall.bot.desk.pressing import is_ours, lane_of, press
from guildhall.bot.desk.reading import incoming_of, is_said, text_of
from guildhall.bot.desk.staffside import write_in_channel, write_waiting
from guildhall.bot.gateway import PASSING_FAULTS
from guildhall.bot.lanes import Deed, Lanes
from guildhall.bot.speech import words_among
from guildhall.core.actor import SYSTEM
from guildhall.core.db import StoreUnavailable
from guildhall.core.log import get_logger
from guildhall.domains import tickets
from guildhall.domains.attendance.errors import NotMember
from guildhall.domains.tickets import echoes, intake
from guildhall.domains.tickets.intake import Guest, Rules

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

RETRY: Final = 30.0
LOOK: Final = 1.0
"""Seconds between two looks at what is due, and at most between a ticket and its channel."""

PAUSE: Final = 2.0
"""Seconds until Discord is asked once more for a file that it did not hand out."""

LONGEST_STOP: Final = 5.0
REMEMBERED: Final = timedelta(days=90)
"""How long ago somebody may have written whose direct messages are read after an outage."""

EARLIER: Final = 50
EARLIER_WITHIN: Final = timedelta(days=7)
"""How much is read of what somebody wrote before the bot first heard of them."""

EDITED: Final = 50
"""Of how many messages a recovery compares what they say now."""


Offer: TypeAlias = Callable[[discord.Message], Awaitable[bool]]
"""Takes a message for a command, or leaves it, which it says by False, to be what somebody says."""


Beside: TypeAlias = discord.RawTypingEvent | discord.RawReactionActionEvent


class Desk:
    """Brings to the house what people write to the bot and in channels of tickets, and keeps its courier at work.

    What concerns one channel is done in order. Nothing here waits while the gateway is being read. Each message is
    offered as a command to those in `offers`, before it counts as something that somebody says.
    """

    def __init__(self, bot: "HouseBot") -> None:
        self.bot = bot
        self.house = bot.house
        self._lanes = Lanes(self._catch_up, backoff=partial(Backoff, longest=RETRY))
        self._courier = Courier(bot)
        self.maker = ChannelMaker(bot)
        self._inviter = Inviter(bot)
        self.files = FileFetcher(bot)
        self.leavers = Leavers(bot)
        self._look_now = asyncio.Event()
        self._later: dict[int, asyncio.TimerHandle] = {}
        self._people: dict[int, discord.abc.User] = {}
        self._new_session = False
        self._read_up: set[int] = set()
        self.offers: list[Offer] = []

    async def keep(self) -> None:
        """Make channels, go on where people take too long, and take out what is to be said, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._courier.keep())
            tasks.create_task(self._listen())
            tasks.create_task(self._keep_looking())
            tasks.create_task(self.leavers.keep())
            tasks.create_task(self._inviter.keep())

    def do_later(self, channel_id: int, deed: Deed) -> None:
        """Do something in a channel after a pause, in which nobody waits for it; one thing at most."""
        if channel_id not in self._later:
            self._later[channel_id] = asyncio.get_running_loop().call_later(PAUSE, self._do_now, channel_id, deed)

    def do_beside(self, interaction_id: int, deed: Deed) -> None:
        """Go on with what somebody has pressed, while nobody waits for it."""
        self._lanes.add(interaction_id, deed)

    def _do_now(self, channel_id: int, deed: Deed) -> None:
        del self._later[channel_id]
        self._lanes.add(channel_id, deed)

    async def stop(self) -> None:
        """Let what has begun come to its end; what is stored and not worked on yet is, at the next start."""
        for each in self._later.values():
            each.cancel()
        if not await self._lanes.drain(within=LONGEST_STOP):
            log.warning("The desk stopped before all it heard was worked on; it goes on at the next start")

    def begin_session(self) -> None:
        """Hear that a session with Discord begins: what was missed is read, as soon as somebody looks."""
        self._new_session, self._read_up = True, set()
        self._look_now.set()
        self._inviter.look_anew()
        self.leavers.look_at_all()

    def look_now(self) -> None:
        """Look at once whether there is something to do: a guild has come."""
        self._look_now.set()

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Hear an event of Discord's, in the order of its happening."""
        if event == "message":
            self._hear_message(args[0])
        elif event == "raw_message_edit":
            self._hear_edit(args[0])
        elif event == "raw_message_delete":
            self._hear_deletions(args[0].channel_id, {args[0].message_id})
        elif event == "raw_bulk_message_delete":
            self._hear_deletions(args[0].channel_id, args[0].message_ids)
        elif event == "raw_typing":
            self._beside(args[0], mirror_typing)
        elif event in {"raw_reaction_add", "raw_reaction_remove"}:
            self._beside(args[0], mirror_reaction)
        elif event == "interaction" and is_ours(args[0]):
            self._lanes.add(lane_of(args[0]), partial(press, self, args[0]))
        else:
            self._hear_of_place(event, args)

    def _hear_of_place(self, event: str, args: tuple[Any, ...]) -> None:
        """Hear that a channel or thread has come or gone."""
        if event == "raw_thread_delete":
            self._lanes.add(args[0].thread_id, partial(self._lose_channel, args[0].thread_id))
        elif event == "guild_channel_delete":
            self._lanes.add(args[0].id, partial(self._lose_channel, args[0].id))
        elif event == "guild_channel_create":
            self._lanes.add(args[0].id, partial(handmade.ask_whose, self, args[0]))

    def _hear_message(self, message: discord.Message) -> None:
        if message.webhook_id is not None or not is_said(message):
            return
        if message.guild is None:
            self._people[message.channel.id] = message.author
        self._lanes.add(message.channel.id, partial(self._take_message, message))

    async def _take_message(self, message: discord.Message) -> None:
        """Take in what was just said, but first what was missed there: this one moves on how far the place was read."""
        if message.channel.id not in self._read_up:
            await self._read_missed(message)
        if message.guild is None:
            await self._take_dm(message)
        else:
            await write_in_channel(self, message)

    async def _read_missed(self, message: discord.Message) -> None:
        channel_id, read_up = message.channel.id, self._read_up
        async with self.house.database.read() as tx:
            cursor = await echoes.cursor_of(tx, channel_id)
            ticket = await tickets.ticket_of_channel(tx, channel_id)
        if cursor is not None or ticket is not None:
            await self._catch_up(channel_id, before=message)
        read_up.add(channel_id)

    def _beside(self, payload: Beside, mirror: Callable[["Desk", Any], Awaitable[None]]) -> None:
        if self.bot.user is not None and payload.user_id != self.bot.user.id:
            self._lanes.add(payload.channel_id, partial(mirror, self, payload))

    def _hear_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        if not payload.message.author.bot:
            self._lanes.add(payload.channel_id, partial(self._take_edit, payload.message))

    def _hear_deletions(self, channel_id: int, message_ids: set[int]) -> None:
        self._inviter.hear_deletions(message_ids)
        for each in message_ids:
            self._lanes.add(channel_id, partial(self._take_deletion, each))

    async def guest_of(self, user: discord.abc.User, language: str) -> Guest:
        """Return somebody as the desk knows them. Raises BotNotInGuild, DiscordUnavailable."""
        try:
            profile = await self.house.directory.profile_of_member(self.house.discord.guild_id, user.id)
        except NotMember:
            return Guest(str(user.id), user.display_name, language, None)
        roles = frozenset(map(str, profile.role_ids))
        return Guest(str(user.id), user.display_name, language, roles, profile.joined_at)

    async def _take_dm(self, message: discord.Message) -> None:
        """Store what somebody wrote to the bot, with what came before if nothing is known of them, and work on it."""
        if await self.is_command(message):
            return
        author, now = message.author, self.house.clock.now()
        async with self.house.database.read() as tx:
            is_known = await echoes.cursor_of(tx, message.channel.id) is not None
        earlier = [] if is_known else await self._earlier_than(message)
        async with self.house.database.write() as tx:
            for each in (*earlier, message):
                heard = incoming_of(each, lane=author.id, now=now)
                await intake.store_incoming(tx, heard, user_id=str(author.id))
        await self._take_in(author, message.channel.id)

    async def is_command(self, message: discord.Message) -> bool:
        """Offer a message as a command, and tell whether it was taken for one."""
        for offer in self.offers:
            if await offer(message):
                return True
        return False

    async def _earlier_than(self, message: discord.Message) -> list[discord.Message]:
        """Return what somebody wrote since the bot last said something to them, and not long ago."""
        found: list[discord.Message] = []
        async for each in message.channel.history(limit=EARLIER, before=message):
            if each.author.id != message.author.id or message.created_at - each.created_at > EARLIER_WITHIN:
                break
            found.append(each)
        return found[::-1]

    async def _take_in(self, author: discord.abc.User, channel_id: int) -> None:
        """Fetch the files of what somebody wrote and was not worked on yet, and do what is to be done about it."""
        if not await self.files.fetch_waiting(author.id):
            self.do_later(channel_id, partial(self._take_in, author, channel_id))
        document = self.house.site.now.document
        async with self.house.database.read() as tx:
            chosen = await tickets.language_of(tx, str(author.id))
        guest = await self.guest_of(author, words_among(document.language, chosen).language)
        async with self.house.database.write() as tx:
            await intake.take_in(tx, guest, Rules(document, self.house.discord.guild_id), now=self.house.clock.now())

    async def _take_edit(self, message: discord.Message) -> None:
        async with self.house.database.write() as tx:
            await echoes.hear_edit(tx, message.id, text_of(message), now=self.house.clock.now())

    async def _take_deletion(self, message_id: int) -> None:
        async with self.house.database.write() as tx:
            await echoes.hear_deletion(tx, message_id, now=self.house.clock.now())

    async def _lose_channel(self, channel_id: int) -> None:
        now = self.house.clock.now()
        async with self.house.database.write() as tx:
            ticket = await tickets.ticket_of_channel(tx, channel_id)
            if ticket is not None:
                await echoes.hear_channel_gone(tx, SYSTEM, ticket, channel_id, now=now)

    async def _listen(self) -> None:
        async with self.house.events.subscribe(tickets.TOPIC) as told:
            async for _ in told:
                self._look_now.set()

    async def _keep_looking(self) -> None:
        with self.house.site.watching(self._look_at_all):
            while True:
                self._look_now.clear()
                try:
                    await self._look()
                except StoreUnavailable as fault:
                    log.warning("The desk waits for the database", reason=fault.message)
                except PASSING_FAULTS as fault:
                    log.info("The desk waits for Discord", reason=str(fault))
                except Exception:
                    log.exception("The desk stumbled, and goes on")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await self._look_now.wait()

    def _look_at_all(self) -> None:
        """Look again at whoever waits: the configuration may let them in now."""
        self._new_session = True
        self._look_now.set()

    async def _look(self) -> None:
        if not self.bot.is_live:
            return
        if self._new_session:
            await self._begin_anew()
        document, now = self.house.site.now.document, self.house.clock.now()
        async with self.house.database.write() as tx:
            rules = Rules(document, self.house.discord.guild_id)
            await intake.end_due_intakes(tx, rules, now=now)
            await intake.go_on_writing(tx, rules, now=now)
        await self.maker.make_all()

    async def _begin_anew(self) -> None:
        """Recover what a new session has missed, and when that fails, at the next look."""
        self._new_session = False
        try:
            await self._recover()
        except BaseException:
            self._new_session = True
            raise

    async def _recover(self) -> None:
        """Read what was written while nobody listened: to the bot, and in the channels of open tickets."""
        since = self.house.clock.now() - REMEMBERED
        async with self.house.database.read() as tx:
            direct = await echoes.direct_cursors(tx, since=since)
            open_ones = await echoes.tickets_with_channels(tx)
            waiting = await echoes.channels_that_wait(tx)
        channels = {each.channel_id for each in direct} | set(waiting)
        for made in handmade.left_waiting(self):
            self._lanes.add(made.id, partial(handmade.ask_whose, self, made))
        # Threads that rest are not known to the library, so whether one is there shows when it is read.
        channels |= {each.channel_id for each in open_ones if each.channel_id is not None}
        for channel_id in sorted(channels):
            self._lanes.add(channel_id, partial(self._catch_up, channel_id))

    def read_up(self, channel_id: int) -> None:
        """Read what was said in a channel before it was known for a ticket's."""
        self._lanes.add(channel_id, partial(self._catch_up, channel_id))

    async def _catch_up(self, channel_id: int, *, before: discord.Message | None = None) -> None:
        """Read what was said in a channel after what is known, and what became of the last things before it.

        The ticket of a channel that is gone ends.
        """
        read_up = self._read_up
        async with self.house.database.read() as tx:
            cursor = await echoes.cursor_of(tx, channel_id)
            ticket = await tickets.ticket_of_channel(tx, channel_id)
        user = await self._person_in(channel_id, cursor.user_id if cursor else None)
        after = discord.Object(cursor.last_seen if cursor else channel_id)
        guild_id = guild_of(self.house, ticket) if ticket is not None else None
        place = self.bot.get_channel(channel_id) or self.bot.get_partial_messageable(channel_id, guild_id=guild_id)
        if not isinstance(place, discord.abc.Messageable):
            return
        try:
            async for message in place.history(limit=None, after=after, before=before, oldest_first=True):
                if user is not None and message.author.id == user.id:
                    await self._take_dm(message)
                elif user is None and ticket is not None and is_said(message):
                    await write_in_channel(self, message)
            async for message in place.history(limit=EDITED, before=discord.Object(after.id + 1)):
                if message.edited_at is not None and not message.author.bot:
                    await self._take_edit(message)
        except discord.NotFound:
            await self._lose_channel(channel_id)
            return
        if user is not None:
            await self._take_in(user, channel_id)
        elif ticket is not None and not ticket.closed:
            await write_waiting(self, ticket, channel_id)
        # A session that began meanwhile has a set of its own.
        read_up.add(channel_id)

    async def _person_in(self, channel_id: int, user_id: str | None) -> discord.abc.User | None:
        """Return whose direct messages are in a channel, None for the channel of a ticket."""
        if channel_id not in self._people and user_id is not None:
            self._people[channel_id] = await self.bot.fetch_user(int(user_id))
        return self._people.get(channel_id)
