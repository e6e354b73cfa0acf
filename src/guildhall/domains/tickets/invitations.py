"""The one message on the server from which people open tickets: where it is, and what it shows.

It is noted before it is posted, so that whoever dies in between makes no second one.
"""

from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, update

from guildhall.core import ids
from guildhall.core.db import Tx, command, insert_or_replace
from guildhall.domains.tickets.relay.models import Invitation, ticket_invitations
from guildhall.domains.tickets.relay.queries import INVITATION

NONCE_LENGTH: Final = 20

BEGIN = insert_or_replace(ticket_invitations)
NOTE = command(
    update(ticket_invitations)
    .where(ticket_invitations.c.nonce == bindparam("posted_under"))
    .values(message_id=bindparam("message"), looks=bindparam("content"))
)
FORGET = command(delete(ticket_invitations))


async def invitation_of(tx: Tx) -> Invitation | None:
    """Return the message that is there, or is being posted; None when there is none."""
    return await tx.one(INVITATION)


async def begin_invitation(tx: Tx, channel_id: int) -> Invitation:
    """Note that a message is about to be posted in a channel, in place of any other."""
    begun = Invitation(channel_id=channel_id, nonce=ids.base62(NONCE_LENGTH))
    await tx.run(BEGIN, **msgspec.structs.asdict(begun))
    return begun


async def note_invitation(tx: Tx, invitation: Invitation, message_id: int, *, looks: str) -> None:
    """Note that the message is there, and what it shows."""
    await tx.run(NOTE, posted_under=invitation.nonce, message=message_id, content=looks)


async def forget_invitation(tx: Tx) -> None:
    """Note that there is no message any more."""
    await tx.run(FORGET)
