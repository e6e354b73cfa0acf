"""What faces are told after a commit: which ticket changed how, and which message came."""

from typing import Final

from guildhall.core.db import Tx
from guildhall.domains.tickets.models import Message, Ticket

TOPIC: Final = "tickets"


def tell_of_ticket(tx: Tx, what: str, ticket: Ticket) -> None:
    """Tell that a ticket was opened, updated, closed, reopened or deleted."""
    tx.announce(
        TOPIC, what=f"ticket.{what}", ticket_id=ticket.id, user_id=ticket.user_id, category_id=ticket.category_id
    )


def tell_of_message(tx: Tx, what: str, ticket: Ticket, message: Message) -> None:
    """Tell that a message was created, updated or deleted."""
    tx.announce(
        TOPIC,
        what=f"message.{what}",
        ticket_id=ticket.id,
        user_id=ticket.user_id,
        category_id=ticket.category_id,
        message_id=message.id,
        kind=message.kind.value,
    )
