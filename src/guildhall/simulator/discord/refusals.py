"""What Discord refuses, with its codes: one exception, and a name for each reason that a client tells apart."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
"""An object on the wire."""

UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Overwrite": 10009,
    "Role": 10011,
    "User": 10013,
    "Emoji": 10014,
    "Webhook": 10015,
    "Ban": 10026,
    "Interaction": 10062,
    "application command": 10063,
}


class Refused(Exception):
    """An answer that is an error: `status`, and the body that goes with it."""

    def __init__(
        self, status: int, code: int, message: str, *, headers: Mapping[str, str] | None = None, **more: object
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.body: Json = {"message": message, "code": code, **more}


def unknown(what: str) -> Refused:
    """Return the refusal for something that is not there, by Discord's name for it."""
    return Refused(404, UNKNOWN[what], f"Unknown {what}")


def unauthorized() -> Refused:
    """Return the refusal for a missing or wrong token."""
    return Refused(401, 0, "401: Unauthorized")


def missing_access() -> Refused:
    """Return the refusal for a place that one may not even see."""
    return Refused(403, 50001, "Missing Access")


def missing_permissions() -> Refused:
    """Return the refusal for something that one may see and not do."""
    return Refused(403, 50013, "Missing Permissions")


def check_may_steer(remote: str | None) -> None:
    """Raise the refusal for whoever would steer the world from another machine."""
    if remote is None or not ip_address(remote).is_loopback:
        raise Refused(403, 0, "Only this machine may steer")


def bad_form(errors: Json) -> Refused:
    """Return the refusal for a body, with Discord's tree of what is wrong in it."""
    return Refused(400, 50035, "Invalid Form Body", errors=errors)


def too_fast(retry_after: float, *, whole: bool = False, bucket: str = "") -> Refused:
    """Return the refusal for too many requests; `whole` when the limit is that of the whole bot."""
    headers = {
        "Retry-After": str(max(1, round(retry_after))),
        "X-RateLimit-Reset-After": f"{retry_after:.3f}",
        "X-RateLimit-Scope": "global" if whole else "user",
    }
    headers |= {"X-RateLimit-Global": "true"} if whole else {"X-RateLimit-Remaining": "0"}
    headers |= {"X-RateLimit-Bucket": bucket} if bucket else {}
    message = "You are being rate limited."
    return Refused(429, 0, message, headers=headers, retry_after=round(retry_after, 3), **{"global": whole})
