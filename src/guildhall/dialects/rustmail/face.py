"""The dialect's envelope and words: `{error, code, request_id}`, with `details` for bad fields."""

from typing import Any, ClassVar, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.actor import Actor
from guildhall.core.errors import STATUS, GuildhallError, Internal, Invalid, InvalidField, Kind, MissingField
from guildhall.dialects.rustmail.auth import identify
from guildhall.domains.identity.errors import CsrfFailed, SessionEnded
from guildhall.domains.tickets.snippets.errors import MissingArgument
from guildhall.web.answers import Answer
from guildhall.web.calls import Call
from guildhall.web.faces import Face, retry_headers

T = TypeVar("T")

WORDS: dict[type[GuildhallError], str] = {
    CsrfFailed: "CSRF_REJECTED",
    Internal: "INTERNAL_ERROR",
    Invalid: "INVALID_REQUEST",
    MissingArgument: "INVALID_REQUEST",
    InvalidField: "INVALID_REQUEST",
    MissingField: "INVALID_REQUEST",
    SessionEnded: "SESSION_EXPIRED",
}
STATUSES = STATUS | {Kind.UNPROCESSABLE: 409, Kind.GONE: 404}
"""The reference's table has neither 410 nor 422."""


class Detail(msgspec.Struct, frozen=True):
    """What is wrong with one field."""

    path: str
    message: str


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Every error of the dialect; whoever asks for the way into the panel is told twice that there is none.

    A ticket that is open already is named, and its channel once there is one. The setup's say `success: false`.
    """

    error: str
    code: str
    request_id: str
    details: list[Detail] = []
    authenticated: bool | UnsetType = UNSET
    authorized: bool | UnsetType = UNSET
    ticket_id: str | UnsetType = UNSET
    channel_id: str | UnsetType = UNSET
    success: bool | UnsetType = UNSET


def _details(error: Invalid) -> list[Detail]:
    faults = error.details.get("faults")
    if isinstance(faults, dict):
        return [Detail(path, words) for path, words in faults.items()]
    field = error.details.get("field")
    return [Detail(str(field), error.message)] if field else []


class Rustmail(Face):
    """Modmail and its administration."""

    name: ClassVar[str] = "rustmail"
    title: ClassVar[str] = "Rustmail"
    prefixes: ClassVar[tuple[str, ...]] = (
        "/api",
        "/api/bot",
        "/api/externals",
        "/api/apikeys",
        "/api/admin/members",
        "/api/admin/roles",
        "/api/admin/permissions",
        "/api/admin/bans",
        "/api/admin/audit",
        "/api/auth/callback",
        "/api/user/avatar",
        "/api/user/permissions",
        "/api/panel",
        "/api/categories",
        "/api/snippets",
        "/api/blocks",
        "/api/setup",
    )
    body_limit: ClassVar[int] = 1024 * 1024

    async def identify(self, call: Call) -> Actor:
        """Return who calls, by session or API key."""
        return await identify(call)

    def refuse(self, error: GuildhallError, *, request_id: str) -> Answer:
        """Return `{error, code, request_id}`."""
        code = WORDS.get(type(error), "INTERNAL_ERROR" if error.kind is Kind.INTERNAL else error.code.upper())
        details = _details(error) if isinstance(error, Invalid) else []
        body = ErrorBody(
            error.message,
            code,
            request_id,
            details,
            authenticated=_told(error, "authenticated", bool),
            authorized=_told(error, "authorized", bool),
            ticket_id=_told(error, "ticket_id", str),
            channel_id=_told(error, "channel_id", str),
            success=_told(error, "success", bool),
        )
        return Answer(msgspec.json.encode(body), status=STATUSES[error.kind], headers=retry_headers(error))

    def error_schema(self) -> dict[str, Any]:
        """Return the schema of `{error, code, request_id}`."""
        text = {"type": "string"}
        return {
            "type": "object",
            "required": ["error", "code", "request_id"],
            "properties": {
                "error": text,
                "code": text,
                "request_id": text,
                "details": {"type": "array"},
                "authenticated": {"type": "boolean"},
                "authorized": {"type": "boolean"},
                "ticket_id": text,
                "channel_id": text,
                "success": {"type": "boolean"},
            },
        }


def _told(error: GuildhallError, name: str, kind: type[T]) -> T | UnsetType:
    value = error.details.get(name)
    return value if isinstance(value, kind) else UNSET
