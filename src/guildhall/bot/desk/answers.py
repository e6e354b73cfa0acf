"""What somebody has pressed or filled in, and whether the ticket that it is about is theirs."""

from collections.abc import Iterator, Mapping
from typing import Any

from guildhall.bot.speech import words_among
from guildhall.bot.tree import Interaction, actor_of
from guildhall.bot.words import Words
from guildhall.core.db import Tx
from guildhall.domains import tickets
from guildhall.domains.tickets import EVERYTHING, Ticket, errors
from guildhall.web.house import House


async def own_ticket(tx: Tx, interaction: Interaction, ticket_id: str) -> Ticket:
    """Return a ticket of whoever pressed, locked. Raises TicketNotFound, NotTicketOwner."""
    ticket = await tickets.access_ticket_to_change(tx, actor_of(interaction), ticket_id, sight=EVERYTHING)
    if ticket.user_id != str(interaction.user.id):
        raise errors.NotTicketOwner
    return ticket


async def words_of(house: House, interaction: Interaction) -> Words:
    """Return the words of whoever pressed: of the language they chose here, else of the one they set at Discord."""
    async with house.database.read() as tx:
        chosen = await tickets.language_of(tx, str(interaction.user.id))
    return words_among(house.site.now.document.language, chosen, interaction.locale.value)


def name_of(interaction: Interaction) -> str:
    """Return the id of what was pressed."""
    data: Mapping[str, Any] = interaction.data or {}
    return str(data.get("custom_id", ""))


def values_of(interaction: Interaction) -> list[str]:
    """Return what was chosen."""
    data: Mapping[str, Any] = interaction.data or {}
    return [str(each) for each in data.get("values", [])]


def entered_in(interaction: Interaction) -> dict[str, str]:
    """Return what was entered into a form, by the names of its fields."""
    data: Mapping[str, Any] = interaction.data or {}
    return dict(answers_in(data.get("components", [])))


def answers_in(components: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield what was entered into a form, by the names of its fields."""
    for each in components:
        inner = [*each.get("components", []), *([each["component"]] if "component" in each else [])]
        yield from answers_in(inner)
        if "value" in each:
            yield each["custom_id"], each["value"]
        for chosen in each.get("values", []):
            yield each["custom_id"], chosen
