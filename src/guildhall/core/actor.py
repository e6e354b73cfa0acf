"""Who acts. Made once for each request, job or interaction, and never changed."""

from dataclasses import dataclass, field
from enum import Flag, StrEnum, auto


class ActorKind(StrEnum):
    """What sort of being acts."""

    ANONYMOUS = "anonymous"
    USER = "user"
    APP = "app"
    OPERATOR = "operator"
    CALENDAR = "calendar"
    SYSTEM = "system"


class Credential(Flag):
    """How the actor proved who it is. A route lists those it accepts, joined with `|`."""

    NONE = auto()
    MASTER_KEY = auto()
    MASTER_KEY_FOR_USER = auto()
    APP_SECRET = auto()
    APP_SECRET_FOR_USER = auto()
    API_KEY = auto()
    SESSION = auto()
    TOKEN = auto()
    INTEGRATION_KEY = auto()
    DISCORD = auto()


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts, with everything that decides what they may do.

    `user_id` is the person acted for, `app_id` the app in between, `provider` the system whose user ids the app speaks
    in, `ip` the client's address. `permissions` is final: nothing is looked up later. `desk_roles` are the ids of the
    actor's roles on the staff server, by which categories of tickets are seen.
    """

    kind: ActorKind
    method: Credential = Credential.NONE
    user_id: str | None = None
    app_id: str | None = None
    provider: str | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    permissions: frozenset[str] = field(default_factory=frozenset)
    desk_roles: frozenset[str] = field(default_factory=frozenset)
    ip: str | None = None

    def may(self, permission: str) -> bool:
        """Tell whether the actor holds a permission."""
        return permission in self.permissions


SYSTEM = Actor(ActorKind.SYSTEM)
"""The house itself: jobs, timers and start-up work act as this."""
