"""Private threads that tickets are talked about in: making them, letting people in, waking those that rest."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar

import discord

from guildhall.domains import tickets
from guildhall.domains.tickets import Ticket

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

Minutes: TypeAlias = Literal[60, 1440, 4320, 10080]
T = TypeVar("T")

RESTS: Final = 50083
"""What Discord says when something is changed in a thread that it has put away."""

SKEW: Final = timedelta(minutes=5)
"""How far the clocks of the house and of Discord may be apart."""

CALLED_AT_ONCE: Final = 50
"""Roles that one message has room for."""

QUIETLY: Final = "\N{HORIZONTAL ELLIPSIS}"


async def make_thread(
    parent: discord.TextChannel,
    name: str,
    *,
    minutes: Minutes,
    members: Iterable[int] = (),
    roles: Sequence[discord.Role] = (),
) -> discord.Thread:
    """Make a private thread with these members and whoever has these roles in it; nobody in it can bring others.

    Discord puts it out of sight after so many minutes of silence. Raises discord.HTTPException, and then there is none:
    without the people whom it is for it is of no use.
    """
    thread = await parent.create_thread(name=name, auto_archive_duration=minutes, invitable=False)
    try:
        await let_in(thread, members=members, roles=roles)
    except discord.HTTPException:
        await thread.delete()
        raise
    return thread


async def let_in(thread: discord.Thread, *, members: Iterable[int] = (), roles: Sequence[discord.Role] = ()) -> None:
    """Let people into a thread, and without a sound whoever has one of these roles.

    Who is mentioned by a change of a message is let in as with a new one, and not notified. Discord does so for roles
    with up to a hundred people. Raises discord.HTTPException.
    """
    for each in members:
        await thread.add_user(discord.Object(each))
    if not roles:
        return
    called = await thread.send(QUIETLY, silent=True)
    try:
        for start in range(0, len(roles), CALLED_AT_ONCE):
            some = roles[start : start + CALLED_AT_ONCE]
            allowed = discord.AllowedMentions(everyone=False, users=False, roles=some)
            await called.edit(content=" ".join(each.mention for each in some), allowed_mentions=allowed)
    finally:
        await called.delete()


async def let_out(thread: discord.Thread, *, members: Iterable[int] = (), roles: Sequence[discord.Role] = ()) -> None:
    """Put people out of a thread, and whoever has one of these roles, but not the bot. Raises discord.HTTPException."""
    there = await thread.fetch_members() if roles else []
    holders = [each.id for each in there if await _holds_any(thread.guild, each.id, roles)]
    for each in [*members, *holders]:
        await thread.remove_user(discord.Object(each))


async def _holds_any(guild: discord.Guild, user_id: int, roles: Sequence[discord.Role]) -> bool:
    return user_id != guild.me.id and not set(roles).isdisjoint((await guild.fetch_member(user_id)).roles)


async def find_thread(
    bot: "HouseBot", guild: discord.Guild, ticket: Ticket, names: Collection[str]
) -> discord.Thread | None:
    """Return the thread of a ticket that is open again, or one that was made for it and that nobody took note of.

    A thread says nothing about itself but its name, so the bot's own are looked at that have one of these names and are
    no other ticket's.
    """
    if ticket.channel_id is not None:
        return await thread_there(bot, ticket.channel_id)
    for each in guild.threads:
        is_ours = each.owner_id == guild.me.id and each.name in names
        if is_ours and discord.utils.snowflake_time(each.id) > ticket.created_at - SKEW:
            async with bot.house.database.read() as tx:
                taken = await tickets.ticket_of_channel(tx, each.id)
            if taken is None and (found := await thread_there(bot, each.id)) is not None:
                return found
    return None


async def thread_there(bot: "HouseBot", thread_id: int) -> discord.Thread | None:
    """Return a thread as Discord has it, also one that rests; None when it is gone, out of sight, or no thread."""
    try:
        found = await bot.fetch_channel(thread_id)
    except (discord.NotFound, discord.Forbidden):
        return None
    return found if isinstance(found, discord.Thread) else None


async def awake(bot: "HouseBot", channel_id: int, deed: Callable[[], Awaitable[T]]) -> T:
    """Do something in a channel; a thread that rests is woken when that is needed, and it is done then."""
    try:
        return await deed()
    except discord.HTTPException as fault:
        if fault.code != RESTS:
            raise
    thread = await thread_there(bot, channel_id)
    if thread is not None:
        await thread.edit(archived=False)
    return await deed()
