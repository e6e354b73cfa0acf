"""Channels of tickets: made once for each that is opening, also when the program was killed in between."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import discord
from msgspec.structs import replace

from guildhall.bot.desk.names import channel_name, thread_name
from guildhall.bot.desk.places import guild_of, home_of_threads, wants_thread
from guildhall.bot.desk.threads import find_thread, let_in, make_thread
from guildhall.bot.gateway import PASSING_FAULTS
from guildhall.core.actor import SYSTEM
from guildhall.core.log import get_logger
from guildhall.domains import tickets
from guildhall.domains.identity import Permission, desk
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.tickets import EVERYTHING, Origin, Ticket, Transport, categories, echoes, errors
from guildhall.domains.tickets.relay import Post, Say, queue_for_log, queue_for_user, queue_name

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

MOST_IN_CATEGORY: Final = 50
SERVER_FULL: Final = 30013
"""What Discord says when a server has all the channels that it may have."""

WORKS: Final = frozenset({Permission.VIEW_TICKETS, Permission.MANAGE_TICKETS})
"""Whoever holds one of these by a role sees the channels of tickets."""


Place: TypeAlias = discord.TextChannel | discord.Thread


class ChannelRefused(Exception):
    """Discord will not make the channel, however often it is asked."""


class ChannelMaker:
    """Makes the channels of tickets that are opening."""

    def __init__(self, bot: "HouseBot") -> None:
        self._bot = bot
        self._house = bot.house

    async def make_all(self) -> None:
        """Make the channel of every ticket that waits for one; what Discord cannot do now is tried again later."""
        async with self._house.database.read() as tx:
            waiting = await echoes.opening_tickets(tx)
        for ticket in waiting:
            try:
                await self._make(ticket)
            except ChannelRefused as fault:
                log.warning("The channel of a ticket is refused", ticket=ticket.id, reason=str(fault))
                await self._give_up(ticket, str(fault))
            except PASSING_FAULTS as fault:
                log.info("The channel of a ticket is made later", ticket=ticket.id, reason=str(fault))

    async def _make(self, ticket: Ticket) -> None:
        guild = self._bot.get_guild(guild_of(self._house, ticket))
        if guild is None or guild.unavailable:
            return
        with _refusals():
            found = await self._find(guild, ticket)
            channel = found or await self._create(guild, ticket)
            if found is not None:
                await self._let_talk(found, ticket)
        async with self._house.database.write() as tx:
            fresh = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=EVERYTHING)
            noted = await tickets.note_channel(tx, fresh, channel.id)
            if channel.name != self._name_of(noted, channel):
                # It was claimed meanwhile, or the channel is from before.
                await queue_name(tx, noted, now=self._house.clock.now())
        if noted.channel_id != channel.id:
            # It was closed meanwhile, and nobody else knows of the channel.
            await channel.delete()
        elif found is not None and ticket.channel_id is None:
            # Whoever made it died before it was known, and people may have written there since.
            self._bot.desk.read_up(channel.id)

    async def _find(self, guild: discord.Guild, ticket: Ticket) -> Place | None:
        """Return the channel that names the ticket in its topic, if it is there still: the library may not know yet.

        Threads have no topic: theirs is known by the ticket, or by its name.
        """
        for each in guild.text_channels:
            if each.topic and ticket.id in each.topic:
                with contextlib.suppress(discord.NotFound):
                    await self._bot.fetch_channel(each.id)
                    return each
        template = self._house.site.now.document.thread.name_template
        # It may have been claimed after its thread was made.
        names = {thread_name(each, template) for each in (ticket, replace(ticket, claimed_by=None))}
        return await find_thread(self._bot, guild, ticket, names)

    async def _create(self, guild: discord.Guild, ticket: Ticket) -> Place:
        """Make a channel, or a thread where that is wanted or the server has no room for a further channel."""
        document = self._house.site.now.document
        home = home_of_threads(guild, ticket, document)
        if home is not None and wants_thread(ticket, document):
            return await self._create_thread(home, ticket)
        try:
            return await self._create_channel(guild, ticket)
        except discord.HTTPException as fault:
            if fault.code != SERVER_FULL or home is None:
                raise
        return await self._create_thread(home, ticket)

    async def _create_channel(self, guild: discord.Guild, ticket: Ticket) -> discord.TextChannel:
        parent = await self._parent(guild, ticket)
        return await guild.create_text_channel(
            self._name_of(ticket),
            category=parent,
            topic=topic_of(ticket),
            overwrites=await self._overwrites(guild, parent, ticket.category_id, _users_of(ticket)),
        )

    async def _create_thread(self, home: discord.TextChannel, ticket: Ticket) -> discord.Thread:
        rules = self._house.site.now.document.thread
        return await make_thread(
            home,
            thread_name(ticket, rules.name_template),
            minutes=rules.auto_archive_duration,
            members=_users_of(ticket),
            roles=await self._called_in(home, ticket),
        )

    async def _parent(self, guild: discord.Guild, ticket: Ticket) -> discord.CategoryChannel | None:
        """Return the category where the channel goes; when it is full, the next one of the same name with a number."""
        wanted = [await self._category_of(ticket), self._house.site.now.document.thread.inbox_category_id]
        found = (guild.get_channel(int(each)) for each in wanted if each)
        parent = next((each for each in found if isinstance(each, discord.CategoryChannel)), None)
        number = 2
        first = parent
        while first is not None and parent is not None and len(parent.channels) >= MOST_IN_CATEGORY:
            name = f"{first.name[:95]} {number}"
            parent = next((each for each in guild.categories if each.name == name), None)
            if parent is None:
                return await guild.create_category(name, overwrites=first.overwrites)
            number += 1
        return parent

    async def _category_of(self, ticket: Ticket) -> str | None:
        if ticket.category_id is None:
            return None
        async with self._house.database.read() as tx:
            known = await categories.list_categories(tx)
        return next((each.discord_category_id for each in known if each.id == ticket.category_id), None)

    async def close_to_others(self, channel: discord.TextChannel) -> None:
        """Let a channel that somebody made by hand be seen by the staff alone, and by whom it was made for."""
        rules = await self._overwrites(channel.guild, channel.category, None, ())
        await channel.edit(overwrites={**channel.overwrites, **rules})

    async def _overwrites(
        self,
        guild: discord.Guild,
        parent: discord.CategoryChannel | None,
        category_id: str | None,
        users: Sequence[int],
    ) -> dict[discord.Role | discord.Member | discord.Object, discord.PermissionOverwrite]:
        """Return who sees the channel: the staff, by what the category says and by the roles that may see tickets."""
        talks = discord.PermissionOverwrite(view_channel=True, send_messages=True, read_message_history=True)
        rules: dict[discord.Role | discord.Member | discord.Object, discord.PermissionOverwrite] = {}
        if parent is not None and not await self._viewers(category_id):
            rules |= parent.overwrites
        rules[guild.default_role] = discord.PermissionOverwrite(view_channel=False)
        rules |= dict.fromkeys(await self._readers(guild, category_id), talks)
        rules[guild.me] = talks
        rules |= {discord.Object(each, type=discord.Member): talks for each in users}
        return rules

    async def _viewers(self, category_id: str | None) -> set[str]:
        """Return the roles for which alone a category is; none where it is for all of the staff."""
        async with self._house.database.read() as tx:
            known = await categories.list_categories(tx)
        return next((set(each.viewer_role_ids) for each in known if each.id == category_id), set())

    async def _readers(self, guild: discord.Guild, category_id: str | None) -> list[discord.Role]:
        """Return the roles whose holders see the tickets of a category."""
        async with self._house.database.read() as tx:
            grants = await desk.list_grants(tx)
        named = self._house.desk_rules
        workers = {str(each) for each in named.super_roles | named.ticket_roles} | {
            each.subject_id for each in grants if each.subject_kind is SubjectKind.ROLE and each.permission in WORKS
        }
        seen_by = await self._viewers(category_id) or workers
        return [role for role in guild.roles if str(role.id) in seen_by and not role.is_default()]

    async def _called_in(self, home: discord.TextChannel, ticket: Ticket) -> list[discord.Role]:
        """Return the roles whose holders belong into a ticket's thread: those that see it, and those that see its home.

        As with the category of a channel, who is allowed to see the place counts where the ticket is for all of the
        staff; but not where members come by.
        """
        roles = await self._readers(home.guild, ticket.category_id)
        if ticket.transport is Transport.RELAY and not await self._viewers(ticket.category_id):
            let_in_there = (each for each, rules in home.overwrites.items() if rules.view_channel)
            roles += [each for each in let_in_there if isinstance(each, discord.Role) and not each.is_bot_managed()]
        return [each for each in dict.fromkeys(roles) if not each.is_default()]

    async def _let_talk(self, place: Place, ticket: Ticket) -> None:
        """Take back what the end of a ticket has done to where it was talked about, and let in who belongs there."""
        if isinstance(place, discord.Thread):
            if place.archived or place.locked:
                await place.edit(archived=False, locked=False)
            home = place.parent
            roles = await self._called_in(home, ticket) if isinstance(home, discord.TextChannel) else []
            await let_in(place, members=_users_of(ticket), roles=roles)
        elif ticket.reopen_count:
            await self._open_up(place)

    async def _open_up(self, channel: discord.TextChannel) -> None:
        rules = channel.overwrites_for(channel.guild.default_role)
        if rules.send_messages is False:
            rules.update(send_messages=None)
            name = channel.name.removeprefix("closed-")
            await channel.edit(name=name, overwrites={**channel.overwrites, channel.guild.default_role: rules})

    def _name_of(self, ticket: Ticket, place: Place | None = None) -> str:
        template = self._house.site.now.document.thread.name_template
        return thread_name(ticket, template) if isinstance(place, discord.Thread) else channel_name(ticket, template)

    async def _give_up(self, ticket: Ticket, reason: str) -> None:
        """Let a ticket go that can have no channel; one that had one before is closed again and keeps its words."""
        now = self._house.clock.now()
        async with self._house.database.write() as tx:
            try:
                fresh = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=EVERYTHING)
            except errors.TicketNotFound:
                return
            if fresh.transport is Transport.DIRECT and fresh.origin is not Origin.BUTTON:
                # Its user goes on by the way they came, which is none from a button.
                await tickets.note_channel(tx, fresh, None)
            elif fresh.reopen_count:
                await tickets.close_ticket(tx, SYSTEM, fresh, by="channel_refused", reason=reason, now=now)
            else:
                await tickets.discard_ticket(tx, SYSTEM, fresh, reason=reason, now=now)
                await queue_for_user(tx, ticket.user_id, Post(say=Say.WORDS, words="desk.discarded"), now=now)
            fields = {"user": ticket.user_name, "number": str(ticket.number), "reason": reason}
            post = Post(say=Say.WORDS, words="desk.log.refused", fields=fields)
            await queue_for_log(tx, post, now=now)


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Tell what Discord refuses for good from what passes. Raises ChannelRefused."""
    try:
        yield
    except discord.HTTPException as fault:
        if fault.status in {400, 403, 404} and fault.code:
            raise ChannelRefused(fault.text or f"Discord refuses with {fault.code}") from fault
        raise


def _users_of(ticket: Ticket) -> list[int]:
    """Return who sees a ticket's channel beside the staff: its user, where both sides write in one place."""
    return [int(ticket.user_id)] if ticket.transport is Transport.DIRECT and ticket.user_id.isdecimal() else []


def topic_of(ticket: Ticket) -> str:
    """Return what the topic of a ticket's channel says, by which it is known again."""
    return f"{ticket.user_name} ({ticket.user_id}), {ticket.id}"
