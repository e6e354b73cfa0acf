"""Transcripts as JSON documents, in the form `guildhall.transcript.v1`: for programs, and the same in every dialect."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from guildhall.domains.tickets.attachments import Links
from guildhall.domains.tickets.models import Ticket
from guildhall.domains.tickets.ratings import Rating
from guildhall.domains.tickets.transcripts.gathering import Audience, Said, Transcript

FORMAT: Final = "guildhall.transcript.v1"
_AS_THEY_ARE: Final = (
    "id", "user_id", "user_name", "message_count", "number", "state", "subject", "category_id", "category_name",
    "origin", "transport", "label", "priority", "claimed_by", "assigned_to", "last_message_by", "user_left",
    "closed_by", "close_reason", "reopen_count",
)  # fmt: skip


def as_json(transcript: Transcript, links: Links) -> bytes:
    """Return a transcript as a document; files are addresses for whoever may see the ticket."""
    details = transcript.details
    document = {
        "format": FORMAT,
        "ticket": {
            **_ticket(transcript.ticket),
            "tags": details.tags,
            "participants": [{"id": p.person_id, "name": p.name, "role": p.role} for p in details.participants],
            "form_answers": transcript.answers,
            "rating": _rating(details.rating),
            "previous_tickets": details.previous_tickets,
        },
        "messages": [_message(each, transcript.audience, links) for each in transcript.said],
        "events": [
            {"at": _utc(each.at), "kind": each.kind, "actor_id": each.actor_id, "detail": each.detail}
            for each in transcript.happenings
        ],
        "generated_at": _utc(transcript.made_at),
    }
    return msgspec.json.encode(document)


def _ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        **{name: getattr(ticket, name) for name in _AS_THEY_ARE},
        "channel_id": str(ticket.channel_id) if ticket.channel_id else None,
        "status": int(not ticket.closed),
        "created_at": _utc(ticket.created_at),
        "last_message_at": _utc(ticket.last_message_at),
        "closed_at": _utc(ticket.closed_at),
        "scheduled_close_at": _utc(ticket.close_at),
    }


def _rating(rating: Rating | None) -> dict[str, Any] | None:
    if rating is None:
        return None
    return {"score": rating.score, "comment": rating.comment, "rated_at": _utc(rating.rated_at)}


def _message(said: Said, audience: Audience, links: Links) -> dict[str, Any]:
    message = said.message
    shown = {
        "id": message.id,
        "ticket_id": message.ticket_id,
        "number": message.number,
        "kind": message.kind,
        "author_id": message.author_id,
        "author_name": message.author_name,
        "anonymous": message.anonymous,
        "content": message.content,
        "created_at": _utc(message.created_at),
        "edited_at": _utc(message.edited_at),
        "deleted_at": _utc(message.deleted_at),
        "attachments": [
            {
                "id": file.id,
                "filename": file.name,
                "content_type": file.content_type,
                "size": file.size,
                "sha256": file.sha256,
                "url": links.of(file.id),
                "stored": True,
            }
            for file in said.files
        ],
        "delivery": message.delivery or "none",
        "delivery_error": message.delivery_error,
    }
    if audience is Audience.STAFF:
        shown["revisions"] = [{"content": each.content, "edited_at": _utc(each.at)} for each in said.revisions]
    return shown


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
