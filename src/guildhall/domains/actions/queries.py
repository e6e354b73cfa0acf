"""Reads of prepared actions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, literal_column, or_, select

from guildhall.core.db import Tx, query
from guildhall.domains.actions.models import PreparedAction, prepared_actions
from guildhall.domains.identity.models import apps, users

MOST_PENDING = 50
MOST_SHOWN = 50

_named: dict[str, ColumnElement[Any]] = {"alias": users.c.alias, "app_name": apps.c.name.label("app_name")}
# The state stands in the text: the index over pending actions serves only statements that name it.
_pending = prepared_actions.c.state == literal_column("'pending'")


def _actions() -> Select[tuple[object, ...]]:
    columns = {**{column.name: column for column in prepared_actions.c}, **_named}
    return (
        select(*(columns[name] for name in PreparedAction.__struct_fields__))
        .join_from(prepared_actions, users, users.c.id == prepared_actions.c.user_id)
        .outerjoin(apps, apps.c.id == prepared_actions.c.app_id)
    )


ACTION = query(PreparedAction, _actions().where(prepared_actions.c.id == bindparam("id")))
PENDING_OF = query(
    PreparedAction,
    _actions()
    .where(
        prepared_actions.c.user_id == bindparam("user_id"), _pending, prepared_actions.c.expires_at > bindparam("now")
    )
    .order_by(prepared_actions.c.expires_at, prepared_actions.c.id)
    .limit(MOST_PENDING),
)
OVER_OF = query(
    PreparedAction,
    _actions()
    .where(
        prepared_actions.c.user_id == bindparam("user_id"),
        or_(prepared_actions.c.decided_at.is_not(None), prepared_actions.c.expires_at <= bindparam("now")),
    )
    .order_by(prepared_actions.c.created_at.desc(), prepared_actions.c.id)
    .limit(MOST_SHOWN),
)


async def pending_of(tx: Tx, user_id: str, *, now: datetime) -> Sequence[PreparedAction]:
    """Return what waits for a person's decision, what expires first first."""
    return await tx.all(PENDING_OF, user_id=user_id, now=now)


async def over_of(tx: Tx, user_id: str, *, now: datetime) -> Sequence[PreparedAction]:
    """Return a person's actions that were decided or have expired, the latest prepared first; at most fifty."""
    return await tx.all(OVER_OF, user_id=user_id, now=now)
