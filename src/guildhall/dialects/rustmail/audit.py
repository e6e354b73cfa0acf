"""The audit log, as the desk reads it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec

from guildhall.core.actor import ActorKind
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid
from guildhall.dialects.rustmail.wire import REFUSED, SESSION, InvalidParameter, page_length, utc
from guildhall.domains import audit, identity
from guildhall.domains.audit import AuditEntry
from guildhall.domains.identity import Permission, desk
from guildhall.domains.identity.desk import KnownPerson
from guildhall.web.bodies import QueryString
from guildhall.web.routing import route

MOST: Final = 200
SOURCES: Final = {ActorKind.USER: "panel", ActorKind.APP: "api", ActorKind.OPERATOR: "api", ActorKind.ANONYMOUS: "web"}
"""Where an act came from; what is not listed here is the house's own."""


class AuditQuery(QueryString, frozen=True, kw_only=True):
    """Which entries."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {"limit": InvalidParameter, "before": InvalidParameter}

    limit: int = 50
    before: int | None = None
    actor_id: str = ""
    action: str = ""
    target_id: str = ""


class EntryReply(msgspec.Struct, frozen=True, kw_only=True):
    """An act. `actor_id` is Discord's id, else that of the house, or `key:` and the number of an API key."""

    id: int
    at: str
    actor_id: str | None
    actor_name: str | None
    action: str
    target_type: str | None
    target_id: str | None
    source: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, entry: AuditEntry, people: Mapping[str, KnownPerson]) -> "EntryReply":
        """Show an entry."""
        person = people.get(entry.user_id or "")
        return cls(
            id=entry.seq,
            at=utc(entry.at),
            actor_id=person.shown_id if person else entry.app_id,
            actor_name=person.display_name if person else None,
            action=entry.action,
            target_type=entry.action.partition(".")[0] if entry.target else None,
            target_id=entry.target,
            source="api" if entry.app_id else SOURCES.get(ActorKind(entry.actor), "system"),
            detail=entry.details,
        )


class AuditList(msgspec.Struct, frozen=True):
    """A page of entries, and before which the next one ends."""

    entries: list[EntryReply]
    next_before: int | None


@route(
    "GET", "/api/admin/audit", permission=Permission.SEE_AUDIT, accepts=SESSION, refusals=(*REFUSED, InvalidParameter)
)  # fmt: skip
async def list_audit_entries(query: AuditQuery, tx: Tx) -> AuditList:
    """Read the audit log, newest first."""
    limit = page_length(query.limit, most=MOST)
    if query.before is not None and query.before < 1:
        raise InvalidParameter("before is at least 1", field="before")
    found = await audit.page_of_entries(
        tx,
        limit=limit + 1,
        before=query.before,
        action=query.action,
        target=query.target_id,
        **await _by(tx, query.actor_id),
    )
    shown = found[:limit]
    people = await desk.known_people(tx, (each.user_id for each in shown if each.user_id))
    return AuditList([EntryReply.of(each, people) for each in shown], shown[-1].seq if len(found) > limit else None)


async def _by(tx: Tx, actor_id: str) -> dict[str, str]:
    """Return the filter for one actor."""
    if not actor_id:
        return {}
    person = await identity.user_known_as(tx, actor_id, provider="discord")
    return {"user_id": person.id} if person else {"app_id": actor_id}
