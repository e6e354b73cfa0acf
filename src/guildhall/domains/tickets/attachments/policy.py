"""Fetch and authorise in one step: who may have which file."""

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains.tickets.attachments.errors import AttachmentNotFound
from guildhall.domains.tickets.attachments.models import PlacedAttachment
from guildhall.domains.tickets.attachments.queries import ATTACHMENT
from guildhall.domains.tickets.models import SPOKEN
from guildhall.domains.tickets.policy import Sight
from guildhall.domains.tickets.queries import TICKET


async def access_attachment(tx: Tx, actor: Actor, attachment_id: str, *, sight: Sight) -> PlacedAttachment:
    """Return a file for looking at; whoever sees only their own tickets gets none of a note or of what was deleted.

    Raises AttachmentNotFound.
    """
    del actor  # What they see was found out with their permissions.
    found = await tx.one(ATTACHMENT, id=attachment_id)
    ticket = await tx.one(TICKET, id=found.ticket_id) if found else None
    if found is None or ticket is None or not sight.covers(ticket):
        raise AttachmentNotFound
    if sight.own is not None and (found.kind not in SPOKEN or found.deleted_at is not None):
        raise AttachmentNotFound
    return found


async def attachment_of_link(tx: Tx, attachment_id: str) -> PlacedAttachment:
    """Return the file of a link whose signature was good. Raises AttachmentNotFound, also once it was deleted."""
    found = await tx.one(ATTACHMENT, id=attachment_id)
    if found is None or found.deleted_at is not None:
        raise AttachmentNotFound
    return found
