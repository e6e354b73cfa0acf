"""The audit log: who did what, through which app, to what, when. Append-only; every change writes to it."""

from guildhall.domains.audit.entries import record
from guildhall.domains.audit.models import AuditEntry
from guildhall.domains.audit.queries import page_of_entries

__all__ = ["AuditEntry", "page_of_entries", "record"]
