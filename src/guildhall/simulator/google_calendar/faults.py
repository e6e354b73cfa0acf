"""Refusals, in the form that Google documents for its calendar."""

from guildhall.simulator.http import Answer


class Refused(Exception):
    """A request that Google would not fulfil: the status, its reason in one word, a sentence, and what it is about."""

    def __init__(
        self, status: int, reason: str, message: str, *, domain: str = "global", at: tuple[str, str] | None = None
    ) -> None:
        """Take `at` as the kind of place and its name: `("parameter", "syncToken")`."""
        super().__init__(message)
        self.status = status
        self.entry = {"domain": domain, "reason": reason, "message": message}
        if at:
            self.entry |= {"locationType": at[0], "location": at[1]}

    def answer(self, *, retry_after: str = "") -> Answer:
        """Return it as Google writes it."""
        error = {"errors": [self.entry], "code": self.status, "message": self.entry["message"]}
        return Answer({"error": error}, self.status, {"retry-after": retry_after} if retry_after else {})


def not_found() -> Refused:
    """Return what is said of things that are not there and of those that the caller may not know of."""
    return Refused(404, "notFound", "Not Found")


def invalid(message: str, *, at: tuple[str, str] | None = None) -> Refused:
    """Return what is said of a value that cannot be."""
    return Refused(400, "invalid", message, at=at)


def required(message: str) -> Refused:
    """Return what is said of a value that is missing."""
    return Refused(400, "required", message)


def bad_token() -> Refused:
    """Return what is said of an access token that is unknown, expired or missing."""
    return Refused(401, "authError", "Invalid Credentials", at=("header", "Authorization"))


def stale() -> Refused:
    """Return what is said when If-Match names another version."""
    return Refused(412, "conditionNotMet", "Precondition Failed", at=("header", "If-Match"))


def full_sync_required() -> Refused:
    """Return what is said of a sync token that is too old."""
    message = "Sync token is no longer valid, a full sync is required."
    return Refused(410, "fullSyncRequired", message, domain="calendar", at=("parameter", "syncToken"))


LIMITS = {
    "rateLimitExceeded": "Rate Limit Exceeded",
    "userRateLimitExceeded": "User Rate Limit Exceeded",
    "quotaExceeded": "Calendar usage limits exceeded.",
}


def limited(status: int, reason: str) -> Refused:
    """Return what is said when too much was asked, with 403 or 429."""
    return Refused(status, reason, LIMITS[reason], domain="usageLimits")
