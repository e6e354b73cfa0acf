"""People who leave the community while they have a ticket."""

from datetime import datetime

from msgspec.structs import replace
from sqlalchemy import bindparam, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.domains import audit
from guildhall.domains.tickets.closing import close_ticket
from guildhall.domains.tickets.conversation import write_line
from guildhall.domains.tickets.models import Ticket, tickets
from guildhall.domains.tickets.news import tell_of_ticket
from guildhall.domains.tickets.relay.models import CHANNEL, Button, Post, Say
from guildhall.domains.tickets.relay.queueing import in_discord, queue_post

LEFT = "user_left_server"
"""By what a ticket is closed whose user has left, where that is wanted."""

NOTE_LEFT = command(update(tickets).where(tickets.c.id == bindparam("ticket")).values(user_left=bindparam("has_left")))


async def note_membership(
    tx: Tx, actor: Actor, ticket: Ticket, *, is_member: bool, closes: bool, now: datetime
) -> Ticket:
    """Take in whether the user of a ticket is a member. The ticket is locked.

    One whose user has left is closed where that is wanted; else staff are asked once whether it stays open.
    """
    if ticket.closed or ticket.user_left is not is_member:
        return ticket
    noted = replace(ticket, user_left=not is_member)
    await tx.run(NOTE_LEFT, ticket=ticket.id, has_left=noted.user_left)
    await audit.record(tx, actor, "ticket.user_back" if is_member else "ticket.user_left", ticket.id, now=now)
    tell_of_ticket(tx, "updated", noted)
    if is_member:
        await write_line(tx, noted, f"{ticket.user_name} is a member again", now=now)
    elif closes:
        return await close_ticket(tx, actor, noted, by=LEFT, now=now)
    elif in_discord(noted):
        post = Post(
            say=Say.WORDS, words="desk.left", fields={"user": ticket.user_name}, buttons=[Button.CLOSE, Button.KEEP]
        )
        await queue_post(tx, noted, to=CHANNEL, post=post, now=now)
    return noted
