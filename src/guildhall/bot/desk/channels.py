"""Channels of tickets: made once for each that is opening, also when the program was killed in between."""

import contextlib
from typing import TYPE_CHECKING, Final

import discord

from guildhall.bot.desk.names import channel_name
from guildhall.bot.desk.places import guild_of
from guildhall.bot.gateway import PASSING_FAULTS
from guildhall.core.actor import SYSTEM
from guildhall.core.log import get_logger
from guildhall.domains import tickets
from guildhall.domains.identity import Permission, desk
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.tickets import EVERYTHING, Ticket, Transport, categories, echoes, errors
from guildhall.domains.tickets.relay import Post, Say, queue_for_log, queue_for_user, queue_name

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

MOST_IN_CATEGORY: Final = 50
MOST_CHANNELS: Final = 500
WORKS: Final = frozenset({Permission.VIEW_TICKETS, Permission.MANAGE_TICKETS})
"""Whoever holds one of these by a role sees the channels of tickets."""


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
        found = await self._find(guild, ticket)
        channel = found or await self._create(guild, ticket)
        if found is not None and ticket.reopen_count:
            await self._let_talk(found)
        async with self._house.database.write() as tx:
            fresh = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=EVERYTHING)
            noted = await tickets.note_channel(tx, fresh, channel.id)
            if channel.name != self._name_of(noted):
                # It was claimed meanwhile, or the channel is from before.
                await queue_name(tx, noted, now=self._house.clock.now())
        if noted.channel_id != channel.id:
            # It was closed meanwhile, and nobody else knows of the channel.
            await channel.delete()
        elif found is not None:
            # Whoever made it died before it was known, and people may have written there since.
            self._bot.desk.read_up(channel.id)

    async def _find(self, guild: discord.Guild, ticket: Ticket) -> discord.TextChannel | None:
        """Return the channel that names the ticket in its topic, if it is there still: the library may not know yet."""
        for each in guild.text_channels:
            if each.topic and ticket.id in each.topic:
                with contextlib.suppress(discord.NotFound):
                    await self._bot.fetch_channel(each.id)
                    return each
        return None

    async def _create(self, guild: discord.Guild, ticket: Ticket) -> discord.TextChannel:
        if len(guild.channels) >= MOST_CHANNELS:
            raise ChannelRefused("The server has as many channels as it may")
        try:
            parent = await self._parent(guild, ticket)
            return await guild.create_text_channel(
                self._name_of(ticket),
                category=parent,
                topic=topic_of(ticket),
                overwrites=await self._overwrites(guild, parent, ticket),
            )
        except discord.HTTPException as fault:
            if fault.status in {400, 403, 404} and fault.code:
                raise ChannelRefused(fault.text or f"Discord refuses with {fault.code}") from fault
            raise

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

    async def _overwrites(
        self, guild: discord.Guild, parent: discord.CategoryChannel | None, ticket: Ticket
    ) -> dict[discord.Role | discord.Member | discord.Object, discord.PermissionOverwrite]:
        """Return who sees the channel: the staff, by what the category says and by the roles that may see tickets."""
        talks = discord.PermissionOverwrite(view_channel=True, send_messages=True, read_message_history=True)
        async with self._house.database.read() as tx:
            known = await categories.list_categories(tx)
            grants = await desk.list_grants(tx)
        viewers = next((set(each.viewer_role_ids) for each in known if each.id == ticket.category_id), set())
        named = self._house.desk_rules
        workers = {str(each) for each in named.super_roles | named.ticket_roles} | {
            each.subject_id for each in grants if each.subject_kind is SubjectKind.ROLE and each.permission in WORKS
        }
        seen_by = viewers or workers
        rules: dict[discord.Role | discord.Member | discord.Object, discord.PermissionOverwrite] = {}
        if parent is not None and not viewers:
            rules |= parent.overwrites
        rules[guild.default_role] = discord.PermissionOverwrite(view_channel=False)
        rules |= {role: talks for role in guild.roles if str(role.id) in seen_by and not role.is_default()}
        rules[guild.me] = talks
        if ticket.transport is Transport.DIRECT and ticket.user_id.isdecimal():
            rules[discord.Object(int(ticket.user_id), type=discord.Member)] = talks
        return rules

    async def _let_talk(self, channel: discord.TextChannel) -> None:
        """Take back what archiving has done to a channel whose ticket is open again."""
        rules = channel.overwrites_for(channel.guild.default_role)
        if rules.send_messages is False:
            rules.update(send_messages=None)
            name = channel.name.removeprefix("closed-")
            await channel.edit(name=name, overwrites={**channel.overwrites, channel.guild.default_role: rules})

    def _name_of(self, ticket: Ticket) -> str:
        return channel_name(ticket, self._house.site.now.document.thread.name_template)

    async def _give_up(self, ticket: Ticket, reason: str) -> None:
        """Let a ticket go that can have no channel; one that had one before is closed again and keeps its words."""
        now = self._house.clock.now()
        async with self._house.database.write() as tx:
            try:
                fresh = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=EVERYTHING)
            except errors.TicketNotFound:
                return
            if fresh.transport is Transport.DIRECT:
                # Its user goes on by the way they came.
                await tickets.note_channel(tx, fresh, None)
            elif fresh.reopen_count:
                await tickets.close_ticket(tx, SYSTEM, fresh, by="channel_refused", reason=reason, now=now)
            else:
                await tickets.discard_ticket(tx, SYSTEM, fresh, reason=reason, now=now)
                await queue_for_user(tx, ticket.user_id, Post(say=Say.WORDS, words="desk.discarded"), now=now)
            fields = {"user": ticket.user_name, "number": str(ticket.number), "reason": reason}
            post = Post(say=Say.WORDS, words="desk.log.refused", fields=fields)
            await queue_for_log(tx, post, now=now)


def topic_of(ticket: Ticket) -> str:
    """Return what the topic of a ticket's channel says, by which it is known again."""
    return f"{ticket.user_name} ({ticket.user_id}), {ticket.id}"
