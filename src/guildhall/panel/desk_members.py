"""Who has written to the desk: their earlier tickets, what stops them, and what the house and Discord know of them."""

from dataclasses import dataclass
from typing import Final

from guildhall.core.db import Tx
from guildhall.domains import identity, tickets
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable, NotMember
from guildhall.domains.identity import Permission, User
from guildhall.domains.identity.desk.granting import SNOWFLAKE
from guildhall.domains.tickets import Sight, Ticket, Wanted, blocks, categories
from guildhall.domains.tickets.blocks import Block
from guildhall.domains.tickets.categories import sight_of
from guildhall.panel.conversation import STATES
from guildhall.panel.forms import show
from guildhall.panel.pages import page
from guildhall.web.answers import Answer
from guildhall.web.calls import Call
from guildhall.web.house import House

MEMBER: Final = "/panel/desk/{ticket_id}/member"
MOST_EARLIER: Final = 5
MOST_ON_PAGE: Final = 50


@dataclass(frozen=True)
class Member:
    """What the house knows of a ticket's person; `others` are their newest other tickets, of `total` in all."""

    others: list[Ticket]
    total: int
    blocks: list[Block]
    closed_to: dict[str, str]
    """The names of the categories that a block is about, by their ids."""
    account: User | None
    roles: list[str]


@dataclass(frozen=True)
class OnDiscord:
    """What Discord tells of a member: their user name, what they are called on the server, and their roles there."""

    username: str
    name: str
    roles: list[str]


async def member_of(tx: Tx, house: House, ticket: Ticket, *, sight: Sight, most: int = MOST_EARLIER) -> Member:
    """Return what the house knows of whoever a ticket is from, for somebody who sees these tickets."""
    own = Wanted(user_id=ticket.user_id)
    found = await tickets.list_tickets(tx, own, sight=sight, limit=most + 1)
    in_force = await blocks.list_blocks(tx, now=house.clock.now(), subject_id=ticket.user_id)
    account = await identity.person_at_desk(tx, ticket.user_id)
    limited = any(each.only_category for each in in_force)
    return Member(
        others=[each for each in found.tickets if each.id != ticket.id][:most],
        total=found.total - 1,
        blocks=in_force,
        closed_to={each.id: each.name for each in await categories.list_categories(tx)} if limited else {},
        account=account,
        roles=await identity.public_roles_of(tx, account.id) if account else [],
    )


@show(MEMBER, permission=Permission.VIEW_TICKETS, transaction="none")
async def show_member(ticket_id: str, call: Call, house: House) -> Answer:
    """Show all that is known of a ticket's person; Discord is asked before anything is read."""
    async with house.database.read() as tx:
        sight = await sight_of(tx, call.actor)
        ticket = await tickets.access_ticket(tx, call.actor, ticket_id, sight=sight)
        member = await member_of(tx, house, ticket, sight=sight, most=MOST_ON_PAGE)
    discord, silence = await _ask_discord(house, ticket.user_id)
    return page(
        call,
        "desk_member.html",
        title=ticket.user_name,
        ticket=ticket,
        path=f"/panel/desk/{ticket.id}",
        member=member,
        states=STATES,
        discord=discord,
        silence=silence,
    )


async def _ask_discord(house: House, person_id: str) -> tuple[OnDiscord | None, str]:
    """Return what Discord tells of somebody, or in a sentence why it tells nothing."""
    if not SNOWFLAKE.fullmatch(person_id):
        return None, "They have no account on Discord that the house knows."
    guild_id = house.discord.guild_id
    try:
        profile = await house.directory.profile_of_member(guild_id, int(person_id))
        guild = await house.directory.guild(guild_id)
    except NotMember:
        return None, "They are not on the server any more."
    except (BotNotInGuild, DiscordUnavailable):
        return None, "Discord does not tell now. Look again in a moment."
    roles = [role for role in guild.roles if role.id in profile.role_ids and role.id != guild_id]
    named = [role.name for role in sorted(roles, key=lambda role: role.position, reverse=True)]
    return OnDiscord(profile.username, profile.name, named), ""
