"""What is to be done once a ticket is closed, after the transaction that closes it."""

import msgspec

from guildhall.core.outbox import JobKind


class Ended(msgspec.Struct, frozen=True):
    """A ticket that was closed, after it had been opened again so many times."""

    ticket_id: str
    closing: int


HAND_OUT = JobKind("tickets.transcript", Ended)
"""Hand out the transcript of a ticket that was closed."""
