"""The errors of the house.

GuildhallError            code, kind, message for a person, details for a program
├── Unauthenticated       401  no credential, or one that is unknown, expired or revoked
├── Forbidden             403  the credential is good, but not for this
├── NotFound              404  no such thing, or none that the caller may know of
├── Invalid               400  the request is malformed or breaks a rule of form
│   ├── InvalidJson            the body is not the JSON it should be
│   ├── MissingField           a required key is absent
│   └── InvalidField           a value has the wrong type or range
├── Conflict              409  something else holds the place
│   └── ManagedByFile          the configuration file sets this
├── Unprocessable         422  well formed, but the present state forbids it
├── Gone                  410  expired, used or withdrawn
├── MethodNotAllowed      405  the path exists, the method does not
├── TooLarge              413  the body exceeds the limit
├── Unsupported           415  a media type nobody asked for
├── Limited               429  too many requests or attempts
├── Unavailable           503  something the answer needs cannot be reached
└── Internal              500  a fault of the server; nothing was changed

Domains refine these in their own `errors.py`. The kind says what sort of refusal it is; the status and the envelope
belong to the dialect that renders it.
"""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """The sort of refusal, from which every face derives its status."""

    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    INVALID = "invalid"
    CONFLICT = "conflict"
    UNPROCESSABLE = "unprocessable"
    GONE = "gone"
    METHOD = "method"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


STATUS: dict[Kind, int] = {
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.INVALID: 400,
    Kind.CONFLICT: 409,
    Kind.UNPROCESSABLE: 422,
    Kind.GONE: 410,
    Kind.METHOD: 405,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED: 415,
    Kind.LIMITED: 429,
    Kind.UNAVAILABLE: 503,
    Kind.INTERNAL: 500,
}
"""The status of each kind where a dialect's reference does not say otherwise."""


class GuildhallError(Exception):
    """A refusal that its reader can act on.

    `code` is stable and machine-readable (lower snake case), `message` is one sentence for a person, `details` holds
    JSON-compatible values for a program: the field, the limit, the clashing booking.
    """

    code: ClassVar[str] = "server_error"
    kind: ClassVar[Kind] = Kind.INTERNAL
    text: ClassVar[str] = "Something went wrong"

    def __init__(self, message: str | None = None, **details: object) -> None:
        self.message = message or self.text
        self.details = details
        super().__init__(self.message)


class Unauthenticated(GuildhallError):
    """No credential was shown, or one that is unknown, expired or revoked."""

    code = "unauthorized"
    kind = Kind.UNAUTHENTICATED
    text = "A valid credential is needed"


class Forbidden(GuildhallError):
    """The credential is good, but not for this."""

    code = "forbidden"
    kind = Kind.FORBIDDEN
    text = "You may not do this"


class NotFound(GuildhallError):
    """There is no such thing, or none that the caller may know of."""

    code = "not_found"
    kind = Kind.NOT_FOUND
    text = "There is nothing here"


class Invalid(GuildhallError):
    """The request breaks a rule of form."""

    code = "invalid"
    kind = Kind.INVALID
    text = "The request is not valid"


class InvalidJson(Invalid):
    """The body cannot be read as JSON: syntax, encoding, duplicate keys, NaN, nesting."""

    code = "invalid_json"
    text = "The body is not valid JSON"


class MissingField(Invalid):
    """A required key is absent; `details.field` names it."""

    code = "missing_field"
    text = "A required field is missing"


class InvalidField(Invalid):
    """A value has the wrong type or range; `details.field` names it."""

    code = "invalid_field"
    text = "A field has a value that is not allowed"


class Conflict(GuildhallError):
    """Something else already holds the place."""

    code = "conflict"
    kind = Kind.CONFLICT
    text = "Something else already holds this place"


class ManagedByFile(Conflict):
    """The configuration file names this; it is changed there."""

    code = "managed_by_file"
    text = "This is set in the configuration file and can be changed only there"


class Unprocessable(GuildhallError):
    """Well formed, but the present state forbids it."""

    code = "unprocessable"
    kind = Kind.UNPROCESSABLE
    text = "The present state does not allow this"


class Gone(GuildhallError):
    """It was here, and is expired, used or withdrawn."""

    code = "gone"
    kind = Kind.GONE
    text = "This is no longer available"


class MethodNotAllowed(GuildhallError):
    """The path exists, but not for this method; `details.allow` lists those that do."""

    code = "method_not_allowed"
    kind = Kind.METHOD
    text = "This path does not answer to that method"


class TooLarge(GuildhallError):
    """The body exceeds the limit; `details.limit` is in bytes."""

    code = "payload_too_large"
    kind = Kind.TOO_LARGE
    text = "The body is too large"


class Unsupported(GuildhallError):
    """The body has a media type that this route does not read."""

    code = "unsupported_media_type"
    kind = Kind.UNSUPPORTED
    text = "The body must be JSON"


class Limited(GuildhallError):
    """Too many requests or attempts; `details.retry_after` is in whole seconds, at least 1."""

    code = "rate_limited"
    kind = Kind.LIMITED
    text = "Too many requests"

    def __init__(self, message: str | None = None, *, retry_after: int = 1, **details: object) -> None:
        super().__init__(message, retry_after=max(1, retry_after), **details)


class Unavailable(GuildhallError):
    """Something the answer needs cannot be reached now."""

    code = "unavailable"
    kind = Kind.UNAVAILABLE
    text = "The service cannot answer right now, please try again"


class Internal(GuildhallError):
    """A fault of the server; nothing was changed."""
