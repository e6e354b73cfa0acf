"""Prepared actions: what an app sets up for a person, who confirms it once."""

from guildhall.domains.actions.deciding import (
    cancel_action,
    describe_action,
    execute_action,
    forget_decided,
    result_now,
)
from guildhall.domains.actions.deeds import KINDS, Deed, Outcome
from guildhall.domains.actions.models import ActionState, NewAction, PreparedAction
from guildhall.domains.actions.policy import access_action, access_action_to_execute, check_pending
from guildhall.domains.actions.preparing import DEFAULT_EXPIRY, prepare_action
from guildhall.domains.actions.queries import over_of, pending_of

__all__ = [
    "DEFAULT_EXPIRY",
    "KINDS",
    "ActionState",
    "Deed",
    "NewAction",
    "Outcome",
    "PreparedAction",
    "access_action",
    "access_action_to_execute",
    "cancel_action",
    "check_pending",
    "describe_action",
    "execute_action",
    "forget_decided",
    "over_of",
    "pending_of",
    "prepare_action",
    "result_now",
]
