"""Giving and taking permissions at the desk."""

import re
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command, insert_if_new
from guildhall.domains import audit
from guildhall.domains.identity.desk.errors import InvalidPermission, InvalidSubject
from guildhall.domains.identity.desk.models import Grant, SubjectKind, desk_grants
from guildhall.domains.identity.desk.policy import access_grant, check_may_give
from guildhall.domains.identity.desk.queries import SAME_GRANT
from guildhall.domains.identity.permissions import DESK, Permission

SNOWFLAKE: Final = re.compile(r"[0-9]{1,20}")

GIVE = insert_if_new(desk_grants)
TAKE = command(delete(desk_grants).where(desk_grants.c.id == bindparam("grant_id")))


async def grant(
    tx: Tx, actor: Actor, *, subject_kind: SubjectKind, subject_id: str, permission: Permission, now: datetime
) -> tuple[Grant, bool]:
    """Give a permission to a user or role of Discord; return the grant, and whether it is new.

    The same twice at once makes one. Raises InvalidSubject, InvalidPermission, CannotGrant.
    """
    if not SNOWFLAKE.fullmatch(subject_id):
        raise InvalidSubject(field="subject_id")
    if permission not in DESK:
        raise InvalidPermission(field="permission")
    check_may_give(actor, permission)
    subject = str(int(subject_id))
    found, made = None, 0
    while found is None:  # Somebody may take back, between the two statements, what was there before.
        made = await tx.run(
            GIVE,
            subject_kind=subject_kind.value,
            subject_id=subject,
            permission=permission.value,
            granted_by=actor.user_id,
            granted_at=now,
        )
        found = await tx.one(SAME_GRANT, kind=subject_kind.value, subject=subject, wanted=permission.value)
    if made:
        await audit.record(tx, actor, "desk_grant.made", str(found.id), now=now, **_details(found))
    return found, bool(made)


async def withdraw(tx: Tx, actor: Actor, grant_id: int, *, now: datetime) -> None:
    """Take a permission back. Raises GrantNotFound, CannotGrant."""
    found = await access_grant(tx, actor, grant_id)
    await tx.run(TAKE, grant_id=found.id)
    await audit.record(tx, actor, "desk_grant.withdrawn", str(found.id), now=now, **_details(found))


def _details(given: Grant) -> dict[str, object]:
    return {
        "subject_type": given.subject_kind.value,
        "subject_id": given.subject_id,
        "permission": given.permission.value,
    }
