"""Looking things up: earlier tickets, words in tickets, ids, bans, one's own tickets."""

from typing import Final

from guildhall.bot.desk.commands.lines import fitting, instant
from guildhall.bot.desk.commands.model import Argument, Command, Kind, Telling, Use
from guildhall.domains import bans, tickets
from guildhall.domains.bans import Ban
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import Sight, Ticket, Wanted
from guildhall.domains.tickets.relay import CHANNEL, Post, Say, queue_post

VIEW: Final = Permission.VIEW_TICKETS
SHOWN: Final = 15
USER: Final = Argument("user", Kind.USER)


async def logs(use: Use) -> str:
    """List the tickets of somebody, by default of the user whose ticket this is, with links to the panel."""
    user_id = str(use.values["user"]) if "user" in use.values else use.ticket().user_id
    return await _listed(use, Wanted(user_id=user_id))


async def search(use: Use) -> str:
    """List the tickets in which words were said."""
    return await _listed(use, Wanted(words=use.values["words"]))


async def own(use: Use) -> str:
    """List the caller's own tickets, without what only staff see of them."""
    async with use.house.database.read() as tx:
        page = await tickets.list_tickets(tx, Wanted(), sight=Sight(own=use.person.id), limit=SHOWN)
    return fitting([_line(use, each) for each in page.tickets], use.words, none="commands.said.tickets.none")


async def ids(use: Use) -> str:
    """Show the ids of the ticket and of those in it."""
    ticket = use.ticket()
    return use.words(
        "commands.said.id", number=ticket.number, ticket=ticket.id, user=ticket.user_id, channel=use.channel_id
    )


async def transcript(use: Use) -> str:
    """Have the transcript of the ticket posted in its channel."""
    async with use.change_ticket() as (tx, ticket):
        await queue_post(tx, ticket, to=CHANNEL, post=Post(say=Say.TRANSCRIPT), now=use.now)
    return use.words("commands.said.transcript")


async def ban_info(use: Use) -> str:
    """Show the bans of somebody that the house knows of."""
    user_id = use.values["user"]
    async with use.house.database.read() as tx:
        found = await bans.bans_of(tx, user_id)
    return fitting([_ban(use, each) for each in found], use.words, none="commands.said.baninfo.none")


async def _listed(use: Use, wanted: Wanted) -> str:
    async with use.house.database.read() as tx:
        page = await tickets.find_tickets(use.house.database, tx, wanted, sight=await use.sight(tx), limit=SHOWN)
    lines = [f"{_line(use, each)} · [{each.user_name}]({_address(use, each)})" for each in page.tickets]
    if page.total > len(lines):
        lines.append(use.words("commands.said.more", number=page.total - len(lines)))
    return fitting(lines, use.words, none="commands.said.logs.none")


def _line(use: Use, ticket: Ticket) -> str:
    state = use.words(f"commands.state.{ticket.state}")
    return f"**#{ticket.number}** · {state} · {instant(ticket.created_at, 'd')}"


def _address(use: Use, ticket: Ticket) -> str:
    return f"{use.house.settings.public_url}/panel/desk/{ticket.id}"


def _ban(use: Use, ban: Ban) -> str:
    by = ban.banned_by_name or use.words("commands.said.baninfo.somebody")
    said = use.words(
        "commands.said.baninfo", user=ban.username, when=instant(ban.banned_at), by=by, reason=ban.reason or "-"
    )
    roles = use.words("commands.said.baninfo.roles", roles=", ".join(ban.roles)) if ban.roles else ""
    return f"{said} · {roles}" if roles else said


COMMANDS: Final = (
    Command("logs", logs, VIEW, (Argument("user", Kind.USER, required=False),), telling=Telling.ANSWER),
    Command("search", search, VIEW, (Argument("words", Kind.TEXT),), telling=Telling.ANSWER),
    Command("transcript", transcript, VIEW, telling=Telling.ANSWER),
    Command("id", ids, VIEW, telling=Telling.ANSWER),
    Command("baninfo", ban_info, Permission.VIEW_BANS, (USER,), ("bi",), telling=Telling.ANSWER),
    Command("tickets", own, None, telling=Telling.ANSWER),
)
