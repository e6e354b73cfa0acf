"""Prepared actions: what an app has set up for a person to confirm once."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text, text

from guildhall.core.db import JsonDoc, UtcTime, metadata, stored

_pending: dict[str, Any] = {"sqlite_where": text("state = 'pending'"), "postgresql_where": text("state = 'pending'")}

prepared_actions = Table(
    "prepared_actions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("params", JsonDoc, nullable=False),
    Column("summary", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("app_id", Text, ForeignKey("apps.id")),
    Column("state", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("decided_at", UtcTime),
    Column("result", JsonDoc),
    CheckConstraint("state IN ('pending', 'executed', 'cancelled')", name="state"),
    CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name="decided"),
    CheckConstraint("expires_at > created_at", name="order"),
    Index("ix_prepared_actions_user_id_expires_at", "user_id", "expires_at", **_pending),
    Index("ix_prepared_actions_user_id_created_at", "user_id", "created_at"),
    Index("ix_prepared_actions_expires_at", "expires_at"),
    Index("ix_prepared_actions_decided_at", "decided_at"),
)


class ActionState(StrEnum):
    """An action is pending until it is executed or cancelled. That it expired is never stored: the clock tells."""

    PENDING = "pending"
    EXECUTED = "executed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@stored(prepared_actions)
class NewAction(msgspec.Struct, frozen=True, kw_only=True):
    """An action as it is prepared. `params` are in the form in which apps write them."""

    id: str
    kind: str
    params: dict[str, object]
    summary: str
    user_id: str
    app_id: str | None
    state: ActionState = ActionState.PENDING
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None = None
    result: dict[str, object] | None = None


class PreparedAction(msgspec.Struct, frozen=True, kw_only=True):
    """An action with the public id of its person and the name of the app that prepared it, if one did.

    `summary` is one sentence in the words of when it was prepared, `result` what came of it.
    """

    id: str
    kind: str
    params: dict[str, object]
    summary: str
    user_id: str
    alias: str
    app_id: str | None
    app_name: str | None
    state: ActionState
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    result: dict[str, object] | None

    def state_at(self, now: datetime) -> ActionState:
        """Return the state as the clock has it."""
        is_late = self.state is ActionState.PENDING and self.expires_at <= now
        return ActionState.EXPIRED if is_late else self.state
