"""Who may do what at the front desk: grants to people and roles on Discord, and the keys of other systems."""

from guildhall.domains.identity.desk.granting import grant, withdraw
from guildhall.domains.identity.desk.integration_keys import (
    actor_with_integration_key,
    create_integration_key,
    delete_integration_key,
    key_of,
    revoke_integration_key,
)
from guildhall.domains.identity.desk.models import (
    Grant,
    IntegrationKey,
    KeyScope,
    ShownGrant,
    ShownIntegrationKey,
    SubjectKind,
)
from guildhall.domains.identity.desk.port import StaffMember, StaffRole, StaffServer, Standing
from guildhall.domains.identity.desk.queries import KnownPerson, known_people, list_grants, list_integration_keys
from guildhall.domains.identity.desk.staff import DeskRules, Staff, at_desk

__all__ = [
    "DeskRules",
    "Grant",
    "IntegrationKey",
    "KeyScope",
    "KnownPerson",
    "ShownGrant",
    "ShownIntegrationKey",
    "Staff",
    "StaffMember",
    "StaffRole",
    "StaffServer",
    "Standing",
    "SubjectKind",
    "actor_with_integration_key",
    "at_desk",
    "create_integration_key",
    "delete_integration_key",
    "grant",
    "key_of",
    "known_people",
    "list_grants",
    "list_integration_keys",
    "revoke_integration_key",
    "withdraw",
]
