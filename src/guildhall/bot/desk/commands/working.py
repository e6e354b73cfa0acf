"""Working on a ticket: who has it, where it stands, how it is sorted, and who sees its channel."""

from typing import Final

import discord
from discord.abc import GuildChannel

from guildhall.bot.desk import threads
from guildhall.bot.desk.commands.callers import caller_of
from guildhall.bot.desk.commands.errors import NoTicketHere, UnreadableWord
from guildhall.bot.desk.commands.menu import CATEGORY, NONE, category_named
from guildhall.bot.desk.commands.model import Argument, Command, Kind, Subject, Telling, Use
from guildhall.bot.desk.commands.people import guild_of, member_of
from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import Person, Priority, TicketState
from guildhall.domains.tickets.errors import NotStaff

MANAGE: Final = Permission.MANAGE_TICKETS
TAGS: Final = Argument("tags", Kind.TEXT)
SUBJECT: Final = Argument("subject", Kind.SUBJECT)


async def take(use: Use) -> str:
    """Claim the ticket."""
    async with use.change_ticket() as (tx, ticket):
        await tickets.claim_ticket(tx, use.actor, ticket, use.person, now=use.now)
    return use.words("commands.said.take", number=ticket.number)


async def release(use: Use) -> str:
    """Give the ticket back."""
    async with use.change_ticket() as (tx, ticket):
        await tickets.release_ticket(tx, use.actor, ticket, now=use.now)
    return use.words("commands.said.release", number=ticket.number)


async def assign(use: Use) -> str:
    """Give the ticket to somebody of the staff."""
    house, user_id = use.house, use.values["user"]
    member = await member_of(use.bot, house.discord.staff_guild_id, user_id)
    person = Person(str(user_id), member.display_name)
    standing = await house.staff.standing_of(user_id)
    async with use.change_ticket() as (tx, ticket):
        if not (await caller_of(house, tx, person, standing)).actor.may(MANAGE):
            raise NotStaff
        await tickets.assign_ticket(tx, use.actor, ticket, person, now=use.now)
    return use.words("commands.said.assign", number=ticket.number, user=f"<@{user_id}>")


async def hold(use: Use) -> str:
    """Let the ticket rest until the user writes, or go on with one that rests."""
    async with use.change_ticket() as (tx, ticket):
        rests = ticket.state is not TicketState.ON_HOLD
        await tickets.hold_ticket(tx, use.actor, ticket, on_hold=rests, now=use.now)
    return use.words("commands.said.hold" if rests else "commands.said.hold.over", number=ticket.number)


async def move(use: Use) -> str:
    """Put the ticket into another category, or into none."""
    name = use.values["category"]
    async with use.change_ticket() as (tx, ticket):
        category = None if name == NONE else await category_named(tx, name)
        category_id, category_name = (category.id, category.name) if category else (None, None)
        await tickets.move_ticket(
            tx, use.actor, ticket, category_id=category_id, category_name=category_name, now=use.now
        )
    if category is None:
        return use.words("commands.said.move.none", number=ticket.number)
    return use.words("commands.said.move", number=ticket.number, category=category.name)


async def rename(use: Use) -> str:
    """Give the ticket a label, or take its label away."""
    label = use.values["label"].strip()
    async with use.change_ticket() as (tx, ticket):
        label = None if label == NONE else label
        await tickets.sort_ticket(
            tx, use.actor, ticket, label=label, priority=ticket.priority, subject=ticket.subject, now=use.now
        )
    return use.words(
        "commands.said.rename" if label else "commands.said.rename.none", number=ticket.number, label=label
    )


async def prioritise(use: Use) -> str:
    """Say how much the ticket presses."""
    priority = Priority(use.values["priority"])
    async with use.change_ticket() as (tx, ticket):
        await tickets.sort_ticket(
            tx, use.actor, ticket, label=ticket.label, priority=priority, subject=ticket.subject, now=use.now
        )
    return use.words("commands.said.priority", number=ticket.number, priority=use.words(f"commands.choice.{priority}"))


async def add_tags(use: Use) -> str:
    """Put tags on the ticket."""
    given = use.values["tags"].lower().split()
    async with use.change_ticket() as (tx, ticket):
        before = (await tickets.details_of(tx, ticket)).tags
        now_there = await tickets.tag_ticket(tx, use.actor, ticket, [*before, *given], now=use.now)
    return _tags(use, now_there)


async def remove_tags(use: Use) -> str:
    """Take tags off the ticket; one that is not there is no fault."""
    given = use.values["tags"].lower().split()
    async with use.change_ticket() as (tx, ticket):
        before = (await tickets.details_of(tx, ticket)).tags
        left = [each for each in before if each not in given]
        await tickets.tag_ticket(tx, use.actor, ticket, left, now=use.now)
    return _tags(use, left)


async def list_tags(use: Use) -> str:
    """Show the tags of the ticket."""
    async with use.house.database.read() as tx:
        return _tags(use, (await tickets.details_of(tx, use.ticket())).tags)


def _tags(use: Use, tags: list[str]) -> str:
    if not tags:
        return use.words("commands.said.tags.none")
    return use.words("commands.said.tags", tags=" ".join(f"`{each}`" for each in tags))


async def let_in(use: Use) -> str:
    """Let somebody, or everybody with a role, see the ticket's channel and write there."""
    return await _change_access(use, allowed=True)


async def keep_out(use: Use) -> str:
    """Take that back."""
    return await _change_access(use, allowed=False)


async def _change_access(use: Use, *, allowed: bool) -> str:
    subject: Subject = use.values["subject"]
    use.ticket()
    await _give_access(use, subject, allowed=allowed)
    async with use.change_ticket() as (tx, ticket):
        await tickets.note_access(
            tx, use.actor, ticket, subject=subject.id, is_role=subject.is_role, allowed=allowed, now=use.now
        )
    return use.words("commands.said.addmod" if allowed else "commands.said.delmod", subject=subject.mention)


async def _give_access(use: Use, subject: Subject, *, allowed: bool) -> None:
    channel, guild = use.bot.get_channel(use.channel_id), guild_of(use.bot, use.guild_id)
    role = guild.get_role(subject.id) if subject.is_role else None
    if subject.is_role and role is None:
        raise UnreadableWord(name="subject")
    if isinstance(channel, discord.Thread):
        # A private thread is open to people one by one, so a role stands for whoever has it now.
        change = threads.let_in if allowed else threads.let_out
        await change(channel, members=[] if role else [subject.id], roles=[role] if role else [])
        return
    if not isinstance(channel, GuildChannel):
        raise NoTicketHere
    target = role or await member_of(use.bot, guild.id, subject.id)
    seen = discord.PermissionOverwrite(view_channel=True, send_messages=True, read_message_history=True)
    await channel.set_permissions(target, overwrite=seen if allowed else None, reason=use.person.name)


COMMANDS: Final = (
    Command("take", take, MANAGE, (), ("claim",)),
    Command("release", release, MANAGE),
    Command("assign", assign, MANAGE, (Argument("user", Kind.USER),)),
    Command("hold", hold, MANAGE),
    Command("move", move, MANAGE, (CATEGORY,), ("mv",)),
    Command("rename", rename, MANAGE, (Argument("label", Kind.TEXT),), ("rn",)),
    Command("tag add", add_tags, MANAGE, (TAGS,)),
    Command("tag remove", remove_tags, MANAGE, (TAGS,)),
    Command("tag list", list_tags, MANAGE, telling=Telling.ANSWER),
    Command("priority", prioritise, MANAGE, (Argument("priority", Kind.WORD, choices=tuple(Priority)),)),
    Command("addmod", let_in, MANAGE, (SUBJECT,), ("am",)),
    Command("delmod", keep_out, MANAGE, (SUBJECT,), ("dm",)),
)
