"""What somebody has pressed or filled in, and whether the ticket that it is about is theirs."""

from collections.abc import Iterator, Mapping
from typing import Any

from guildhall.bot.tree import Interaction, actor_of
from guildhall.core.db import Tx
from guildhall.domains import tickets
from guildhall.domains.tickets import EVERYTHING, Ticket, errors


async def own_ticket(tx: Tx, interaction: Interaction, ticket_id: str) -> Ticket:
    """Return a ticket of whoever pressed, locked. Raises TicketNotFound, NotTicketOwner."""
    ticket = await tickets.access_ticket_to_change(tx, actor_of(interaction), ticket_id, sight=EVERYTHING)
    if ticket.user_id != str(interaction.user.id):
        raise errors.NotTicketOwner
    return ticket


def answers_in(components: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield what was entered into a form, by the names of its fields."""
    for each in components:
        inner = [*each.get("components", []), *([each["component"]] if "component" in each else [])]
        yield from answers_in(inner)
        if "value" in each:
            yield each["custom_id"], each["value"]
