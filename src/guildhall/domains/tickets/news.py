"""What faces are told after a commit, and the feed keeps: which ticket changed how, and which message came."""

from typing import Final

from guildhall.core import feed
from guildhall.core.db import Tx
from guildhall.domains.tickets.models import Message, Ticket

TOPIC: Final = "tickets"


def tell_of_ticket(tx: Tx, what: str, ticket: Ticket, *, close_message: str | None = None) -> None:
    """Tell that a ticket was opened, updated, closed, reopened or deleted.

    `close_message` is what its user was told at the end: the ticket may be open again before somebody reads it.
    """
    concerned = _concerned(ticket)
    tx.announce(TOPIC, what=f"ticket.{what}", close_message=close_message, **concerned)
    feed.tell(tx, f"ticket.{what}", **concerned)


def tell_of_message(tx: Tx, what: str, ticket: Ticket, message: Message) -> None:
    """Tell that a message was created, updated or deleted."""
    concerned = {**_concerned(ticket), "message_id": message.id, "kind": message.kind.value}
    tx.announce(TOPIC, what=f"message.{what}", **concerned)
    feed.tell(tx, f"message.{what}", **concerned)


def tell_of_delivery(tx: Tx, ticket: Ticket, message: Message) -> None:
    """Tell that a message was delivered or was not: it is updated, and `delivery` says that it reads as before."""
    concerned = {**_concerned(ticket), "message_id": message.id, "kind": message.kind.value}
    tx.announce(TOPIC, what="message.updated", delivery=message.delivery, **concerned)
    feed.tell(tx, "message.updated", **concerned)


def _concerned(ticket: Ticket) -> dict[str, str | int | None]:
    return {"ticket_id": ticket.id, "user_id": ticket.user_id, "category_id": ticket.category_id}
