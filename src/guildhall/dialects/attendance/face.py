"""The dialect's envelope and words: `{error}`, with `code` and `field` where they help."""

from typing import Any, ClassVar

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.errors import GuildhallError, Kind
from guildhall.dialects.attendance.auth import identify
from guildhall.web.answers import Answer
from guildhall.web.calls import Call
from guildhall.web.faces import Face, retry_headers

STATUS: dict[Kind, int] = {
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.INVALID: 422,
    Kind.CONFLICT: 422,
    Kind.UNPROCESSABLE: 422,
    Kind.GONE: 404,
    Kind.METHOD: 405,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED: 422,
    Kind.LIMITED: 429,
    Kind.UNAVAILABLE: 503,
    Kind.INTERNAL: 500,
}
"""The reference knows few statuses: what is wrong with a request is 422, conflicts included."""


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Every error of the dialect."""

    error: str
    code: str
    field: str = ""


class Attendance(Face):
    """Voice attendance of Discord guilds."""

    name: ClassVar[str] = "attendance"
    title: ClassVar[str] = "Attendance"
    prefixes: ClassVar[tuple[str, ...]] = ("/api/v1/guilds", "/verify", "/tlog", "/webhooks/attendance")

    async def identify(self, call: Call) -> Actor:
        """Return who calls, by the internal token."""
        return await identify(call)

    def refuse(self, error: GuildhallError, *, request_id: str) -> Answer:
        """Return `{error, code}`."""
        del request_id  # It travels in the header that every answer has.
        body = ErrorBody(error.message, error.code.upper(), str(error.details.get("field", "")))
        return Answer(msgspec.json.encode(body), status=STATUS[error.kind], headers=retry_headers(error))

    def error_schema(self) -> dict[str, Any]:
        """Return the schema of `{error}`."""
        text = {"type": "string"}
        return {"type": "object", "required": ["error"], "properties": {"error": text, "code": text, "field": text}}
