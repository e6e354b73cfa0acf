"""The choice of a snippet for a ticket: each as it would be sent there."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import Ticket, snippets
from guildhall.domains.tickets.categories import sight_of
from guildhall.domains.tickets.snippets import Snippet, render_snippet, values_for
from guildhall.domains.tickets.snippets.rendering import ARGUMENTS
from guildhall.panel.face import viewer_of
from guildhall.panel.forms import show
from guildhall.panel.pages import page
from guildhall.web.answers import Answer
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.snippet_texts import community_name

MENU: Final = "/panel/desk/{ticket_id}/snippets"
BLANKS: Final = tuple(f"{{{{{name}}}}}" for name in ARGUMENTS)
"""What stands where a snippet needs a word: its own variables, which whoever sends it replaces."""


class Box(StrEnum):
    """Where a snippet goes: into the reply, or into the note."""

    REPLY = "reply"
    NOTE = "note"


class Menu(QueryString, frozen=True, kw_only=True):
    """For which box one is chosen, and a part of its key or text."""

    box: Box = Box.REPLY
    q: str = ""


@dataclass(frozen=True)
class Choice:
    """A snippet, and what it says in a ticket."""

    snippet: Snippet
    text: str

    def has(self, words: str) -> bool:
        """Tell whether words stand in its key or its text."""
        return words.strip().casefold() in f"{self.snippet.key} {self.text}".casefold()


async def choices_for(call: Call, ticket: Ticket) -> list[Choice]:
    """Return every snippet as whoever looks would send it in a ticket; no transaction should be open."""
    house, community = call.house, await community_name(call.house)
    at = house.clock.now().astimezone(ZoneInfo(house.site.now.document.bot.timezone))
    values = values_for(ticket, staff=viewer_of(call).person.name, guild=community, at=at)
    async with house.database.read() as tx:
        found = await snippets.list_snippets(tx)
    return [Choice(each, render_snippet(each.content, values, BLANKS)) for each in found]


@show(MENU, permission=Permission.MANAGE_TICKETS, transaction="none")
async def show_menu(ticket_id: str, query: Menu, call: Call, house: House) -> Answer:
    """List snippets with their variables filled in; each leads back to the ticket with its text in the box."""
    async with house.database.read() as tx:
        ticket = await tickets.access_ticket(tx, call.actor, ticket_id, sight=await sight_of(tx, call.actor))
    choices = await choices_for(call, ticket)
    return page(
        call,
        "desk_snippet_menu.html",
        title="Snippets",
        path=f"/panel/desk/{ticket.id}",
        box=query.box,
        query=query,
        any=bool(choices),
        choices=[each for each in choices if each.has(query.q)],
    )
