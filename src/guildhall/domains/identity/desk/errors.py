"""Refusals of the desk.

GuildhallError
├── NotFound
│   ├── GrantNotFound            no such grant
│   └── IntegrationKeyNotFound   no such key, or it is deleted
├── Invalid
│   ├── InvalidSubject           neither a user nor a role of Discord
│   ├── InvalidPermission        no permission that can be given here
│   ├── InvalidName              a key needs a name of a bearable length
│   └── InvalidExpiry            a key cannot have ended already
├── Unauthenticated
│   ├── WrongIntegrationKey      no key has this value
│   ├── IntegrationKeyExpired
│   └── IntegrationKeyRevoked
└── Unavailable
    ├── NoStaffServer            there is no server to ask about
    └── StaffServerAway          Discord cannot be asked
"""

from guildhall.core.errors import Invalid, NotFound, Unauthenticated, Unavailable


class GrantNotFound(NotFound):
    """No such grant."""

    code = "permission_not_found"
    text = "There is no such grant"


class IntegrationKeyNotFound(NotFound):
    """No such key, or it is deleted."""

    code = "api_key_not_found"
    text = "There is no such key"


class InvalidSubject(Invalid):
    """Permissions are given to a user or a role, named by Discord's id of 1 to 20 digits."""

    code = "invalid_subject"
    text = "A subject is a user or a role with an id of Discord's"


class InvalidPermission(Invalid):
    """No permission that can be given here, none at all, or one twice."""

    code = "invalid_permission"
    text = "This is no permission that can be given"


class InvalidName(Invalid):
    """A key has a name of 1 to 100 characters."""

    code = "invalid_name"
    text = "A key has a name of 1 to 100 characters, none of them control characters"


class InvalidExpiry(Invalid):
    """The end of a key is no time, or not in the future."""

    code = "invalid_expiry"
    text = "A key ends in the future, or never"


class WrongIntegrationKey(Unauthenticated):
    """No key has this value, or it was deleted."""

    code = "invalid_api_key"
    text = "This is no valid API key"


class IntegrationKeyExpired(Unauthenticated):
    """The key's time is over."""

    code = "api_key_expired"
    text = "This API key has expired"


class IntegrationKeyRevoked(Unauthenticated):
    """The key was ended by hand."""

    code = "api_key_revoked"
    text = "This API key was revoked"


class NoStaffServer(Unavailable):
    """The bot has no token or no staff server."""

    code = "bot_offline"
    text = "The bot is on no staff server"


class StaffServerAway(Unavailable):
    """Discord cannot be asked; `details.retry_after` is in whole seconds."""

    code = "discord_unavailable"
    text = "Discord is not reachable"

    def __init__(self, message: str | None = None, *, retry_after: int = 5, **details: object) -> None:
        super().__init__(message, retry_after=max(1, retry_after), **details)
