"""What channels of tickets are called: the name follows from the ticket."""

import re
from typing import Final

from guildhall.domains.tickets import Ticket, TicketState

LONGEST_NAME: Final = 100
FIELD: Final = re.compile(r"\{(user|number|category|label|state)\}")


def channel_name(ticket: Ticket, template: str) -> str:
    """Return the name of a ticket's channel; label and state stand before it where the template does not name them."""
    state = "hold" if ticket.state is TicketState.ON_HOLD else "claimed" if ticket.claimed_by else ""
    fields = {
        "user": ticket.user_name,
        "number": str(ticket.number),
        "category": ticket.category_name or "",
        "label": ticket.label or "",
        "state": state,
    }
    for each in ("label", "state"):
        if f"{{{each}}}" not in template:
            template = f"{{{each}}}-{template}"
    name = FIELD.sub(lambda found: fields[found[1]], template)
    return re.sub(r"[\s-]+", "-", name).strip("-").lower()[:LONGEST_NAME] or str(ticket.number)


def thread_name(ticket: Ticket, template: str) -> str:
    """Return the name of a ticket's thread, which always has the number: nothing else tells whose thread it is."""
    return channel_name(ticket, template if "{number}" in template else f"{template}-{{number}}")
