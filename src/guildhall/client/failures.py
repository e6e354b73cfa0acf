"""What can go wrong, and the exit code that says so.

Failure
├── Refused       1  the server said no
├── BadUsage      2  what was typed cannot be meant
├── NotLoggedIn   3  there is no login, or none that can be read
│   └── LoginOver    the server does not know the token
└── NotReachable  4  no answer, or one that is no hub's
"""

from typing import ClassVar

import msgspec


class Failure(Exception):
    """Ends the command. `document` is the server's own error, when it sent one, and `error` its slug."""

    exit_code: ClassVar[int]
    slug: ClassVar[str]

    def __init__(self, message: str, *, document: str | None = None, error: str | None = None) -> None:
        super().__init__(message)
        self.document = document
        self.error = error or self.slug

    @property
    def json(self) -> str:
        """The failure as a JSON document: the server's own where there is one, else `error` and `message` alike."""
        return self.document or msgspec.json.encode({"error": self.error, "message": str(self)}).decode()


class Refused(Failure):
    """The server understood, and said no."""

    exit_code = 1
    slug = "refused"


class BadUsage(Failure):
    """What was typed cannot be meant."""

    exit_code = 2
    slug = "usage"


class NotLoggedIn(Failure):
    """There is no login here for this server, or none that can be read."""

    exit_code = 3
    slug = "not_logged_in"


class LoginOver(NotLoggedIn):
    """The server does not know the token or secret that was sent."""


class LoggedInElsewhere(NotLoggedIn):
    """The login is for another server than the one that is wanted."""


class NotReachable(Failure):
    """Nobody answered, or somebody who is no hub."""

    exit_code = 4
    slug = "not_reachable"
