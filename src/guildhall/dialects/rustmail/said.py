"""What was said in tickets, with its files, as the dialect shows it."""

from collections.abc import Mapping, Sequence

from msgspec import UNSET

from guildhall.core.db import Tx
from guildhall.dialects.rustmail.ticket_wire import AttachmentReply, MessageReply
from guildhall.domains.tickets import Message, Revision
from guildhall.domains.tickets.attachments import attachments_of
from guildhall.web.house import House


async def shown(
    tx: Tx,
    house: House,
    messages: Sequence[Message],
    revisions: Mapping[int, list[Revision]] | None = None,
    *,
    signed: bool = False,
) -> list[MessageReply]:
    """Return messages with their files; `signed` gives links that need no session, for whoever has none."""
    links, now = house.links, house.clock.now()
    files = await attachments_of(tx, (each.id for each in messages))
    return [
        MessageReply.of(
            each,
            UNSET if revisions is None else revisions[each.id],
            files=[
                AttachmentReply.of(file, links.signed(file.id, now=now) if signed else links.of(file.id))
                for file in files[each.id]
            ],
        )
        for each in messages
    ]
