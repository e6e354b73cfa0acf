"""What is given at the desk, and the keys with which other systems come to it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec
from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, Table, Text, UniqueConstraint

from guildhall.core.db import JsonDoc, UtcTime, metadata, stored
from guildhall.domains.identity.permissions import Permission

# Numbers are never given again: the audit log goes on naming grants and keys by them when they are gone.
desk_grants = Table(
    "desk_grants",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("permission", Text, nullable=False),
    Column("granted_by", Text),
    Column("granted_at", UtcTime, nullable=False),
    CheckConstraint("subject_kind IN ('user', 'role')", name="subject_kind"),
    UniqueConstraint("subject_kind", "subject_id", "permission"),
    sqlite_autoincrement=True,
)

integration_keys = Table(
    "integration_keys",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("key_hash", Text, nullable=False, unique=True),
    Column("scopes", JsonDoc, nullable=False),
    Column("created_by", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("last_used_at", UtcTime),
    Column("revoked_at", UtcTime),
    sqlite_autoincrement=True,
)

PREVIEW: Final = 12


class SubjectKind(StrEnum):
    """To whom something is given: one user of Discord, or everybody with a role on the staff server."""

    USER = "user"
    ROLE = "role"


@stored(desk_grants)
class NewGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A grant before the database has numbered it. `granted_by` is a person's id, None for the house itself."""

    subject_kind: SubjectKind
    subject_id: str
    permission: Permission
    granted_by: str | None
    granted_at: datetime


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A permission that somebody holds at the desk. `subject_id` is Discord's id of the user or role."""

    id: int
    subject_kind: SubjectKind
    subject_id: str
    permission: Permission


class ShownGrant(Grant, frozen=True, kw_only=True):
    """A grant with who gave it, by Discord's id for them or else their public one; None for the house itself."""

    granted_by: str | None
    giver: str | None
    granted_at: datetime


class KeyScope(StrEnum):
    """What a key may do. Two generations of clients spell it differently, and each is shown what it asked for."""

    READ = "read:tickets"
    WRITE = "write:tickets"
    READ_TICKETS = "READ_TICKETS"
    CREATE_TICKET = "CREATE_TICKET"
    UPDATE_TICKET = "UPDATE_TICKET"


OPENED_BY: Final[Mapping[KeyScope, frozenset[Permission]]] = MappingProxyType(
    {
        KeyScope.READ: frozenset({Permission.INTEGRATION_READ}),
        KeyScope.WRITE: frozenset({Permission.INTEGRATION_CREATE, Permission.INTEGRATION_UPDATE}),
        KeyScope.READ_TICKETS: frozenset({Permission.INTEGRATION_READ}),
        KeyScope.CREATE_TICKET: frozenset({Permission.INTEGRATION_CREATE}),
        KeyScope.UPDATE_TICKET: frozenset({Permission.INTEGRATION_UPDATE}),
    }
)


@stored(integration_keys)
class NewIntegrationKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key before the database has numbered it."""

    name: str
    key_hash: str
    scopes: list[KeyScope]
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None


class IntegrationKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key of another system; of its value only a hash is kept."""

    id: int
    name: str
    key_hash: str
    scopes: list[KeyScope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def is_active(self, now: datetime) -> bool:
        """Tell whether the key opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def preview(self) -> str:
        """The beginning of the hash, by which people tell keys apart."""
        return self.key_hash[:PREVIEW]

    @property
    def permissions(self) -> frozenset[Permission]:
        """What its scopes open."""
        return frozenset().union(*(OPENED_BY[scope] for scope in self.scopes))


class ShownIntegrationKey(IntegrationKey, frozen=True, kw_only=True):
    """A key with who made it, as in a grant."""

    created_by: str | None
