"""What a ticket's channel begins with: who its user is, and what they filled in."""

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord

from guildhall.bot.desk.rendering import Part
from guildhall.bot.words import Words
from guildhall.core.db import Tx
from guildhall.domains import tickets
from guildhall.domains.tickets import Details, Ticket, Transport, categories
from guildhall.domains.tickets.categories import Category, FormAnswer

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot


@dataclass(frozen=True)
class Recap:
    """What the house knows of a ticket that begins."""

    ticket: Ticket
    details: Details
    answers: list[FormAnswer]
    category: Category | None

    async def part(self, bot: "HouseBot", words: Words) -> Part:
        """Return what the channel begins with; the roles of its category are pinged."""
        ticket = self.ticket
        colour = int(bot.house.site.now.document.thread.system_message_color, 16)
        embed = discord.Embed(title=words("desk.recap.title", number=ticket.number), colour=colour)
        embed.description = ticket.subject or None
        await self._add_user(embed, bot, words)
        embed.add_field(name=words("desk.recap.earlier"), value=str(self.details.previous_tickets))
        if ticket.category_name:
            embed.add_field(name=words("desk.recap.category"), value=ticket.category_name)
        for answer in self.answers:
            embed.add_field(name=answer.label, value=answer.value[:1024], inline=False)
        roles = tuple(map(int, self.category.role_ids if self.category else ()))
        if not roles and ticket.transport is Transport.DIRECT:
            roles = tuple(sorted(bot.house.desk_rules.ticket_roles))
        return Part(" ".join(f"<@&{each}>" for each in roles), embed, None, roles)

    async def _add_user(self, embed: discord.Embed, bot: "HouseBot", words: Words) -> None:
        """Add whose ticket it is, since when they are at Discord and in the community, and their roles there."""
        ticket = self.ticket
        embed.set_author(name=ticket.user_name)
        if not ticket.user_id.isdecimal():
            return
        user_id = int(ticket.user_id)
        embed.add_field(name=words("desk.recap.user"), value=f"<@{user_id}> `{user_id}`")
        made = discord.utils.format_dt(discord.utils.snowflake_time(user_id), "R")
        embed.add_field(name=words("desk.recap.account"), value=made)
        guild, member = bot.get_guild(ticket.guild_id), None
        if guild is not None:
            with contextlib.suppress(discord.NotFound):
                member = await guild.fetch_member(user_id)
        if member is None:
            embed.add_field(name=words("desk.recap.joined"), value=words("desk.recap.left"))
            return
        if member.joined_at is not None:
            embed.add_field(name=words("desk.recap.joined"), value=discord.utils.format_dt(member.joined_at, "R"))
        roles = [role.name for role in member.roles if not role.is_default()]
        if roles:
            embed.add_field(name=words("desk.recap.roles"), value=", ".join(reversed(roles))[:1024], inline=False)


async def recap_of(tx: Tx, ticket: Ticket) -> Recap:
    """Return what the house knows of a ticket."""
    known = await categories.list_categories(tx) if ticket.category_id else []
    return Recap(
        ticket,
        await tickets.details_of(tx, ticket),
        await categories.answers_of(tx, ticket.id),
        next((each for each in known if each.id == ticket.category_id), None),
    )
