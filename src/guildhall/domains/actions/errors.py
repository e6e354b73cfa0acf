"""Refusals of prepared actions. What an action does has the refusals of its own domain.

GuildhallError
├── NotFound
│   └── ActionNotFound
├── Invalid
│   ├── UnknownAction            no action of this name can be prepared
│   ├── InvalidParams            details: the field
│   └── InvalidExpiry
├── Gone
│   ├── ActionExpired
│   ├── ActionAlreadyExecuted
│   └── ActionCancelled          withdrawn by its app, or declined by its person
└── Limited
    └── TooManyPending
"""

from guildhall.core.errors import Gone, Invalid, Limited, NotFound


class ActionNotFound(NotFound):
    """No such action, or one that was decided so long ago that it is forgotten."""

    code = "action_not_found"
    text = "There is no such action"


class UnknownAction(Invalid):
    """No action of this name can be prepared."""

    code = "unknown_action"
    text = "There is no action of this name"


class InvalidParams(Invalid):
    """The parameters can never be carried out; `details.field` names the one at fault."""

    code = "invalid_params"
    text = "The parameters do not fit the action"


class InvalidExpiry(Invalid):
    """Not a number of seconds from one to a week."""

    code = "invalid_expiry"
    text = "An action expires after 1 to 604800 seconds"


class ActionExpired(Gone):
    """Nobody decided in time."""

    code = "action_expired"
    text = "This action expired"


class ActionAlreadyExecuted(Gone):
    """An action is executed once."""

    code = "action_already_executed"
    text = "This action was already executed"


class ActionCancelled(Gone):
    """The app withdrew it, or the person declined."""

    code = "action_cancelled"
    text = "This action was cancelled"


class TooManyPending(Limited):
    """The person has as many open actions as anybody may have; `details.retry_after` is when one of them expires."""

    code = "too_many_pending"
    text = "This user has too many pending actions"
