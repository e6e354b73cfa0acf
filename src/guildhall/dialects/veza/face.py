"""The dialect's envelope and words: `{success, data}`, or `{success, error, code, details, request_id}`."""

from typing import Any, ClassVar

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.errors import STATUS, GuildhallError, InvalidField, InvalidJson, Kind, MissingField
from guildhall.core.idempotency import IdempotencyKeyReused
from guildhall.dialects.veza.auth import identify
from guildhall.domains.identity.access_tokens import TokenExpired, TokenInvalid
from guildhall.web.answers import Answer
from guildhall.web.calls import Call
from guildhall.web.faces import Face, retry_headers

CODES: dict[Kind, str] = {
    Kind.UNAUTHENTICATED: "UNAUTHORIZED",
    Kind.INTERNAL: "INTERNAL_ERROR",
    Kind.UNAVAILABLE: "SERVICE_UNAVAILABLE",
}
WORDS: dict[type[GuildhallError], tuple[int, str]] = {
    InvalidJson: (400, "BAD_REQUEST"),
    InvalidField: (422, "VALIDATION_ERROR"),
    MissingField: (422, "VALIDATION_ERROR"),
    IdempotencyKeyReused: (422, "IDEMPOTENCY_KEY_REUSED"),
    TokenInvalid: (401, "INVALID_TOKEN"),
    TokenExpired: (401, "TOKEN_EXPIRED"),
}


class Success(msgspec.Struct, frozen=True):
    """Every success of the dialect."""

    data: object
    success: bool = True


class Detail(msgspec.Struct, frozen=True):
    """What is wrong with one input."""

    field: str | None
    code: str
    message: str


class ErrorBody(msgspec.Struct, frozen=True):
    """Every error of the dialect."""

    error: str
    code: str
    details: list[Detail]
    request_id: str
    success: bool = False


class Veza(Face):
    """The creator platform."""

    name: ClassVar[str] = "veza"
    title: ClassVar[str] = "Veza"
    prefixes: ClassVar[tuple[str, ...]] = ("/api/v1",)
    body_limit: ClassVar[int] = 1024 * 1024

    async def identify(self, call: Call) -> Actor:
        """Return who calls, by access token or API key."""
        return await identify(call)

    def refuse(self, error: GuildhallError, *, request_id: str) -> Answer:
        """Return `{success: false, error, code, details, request_id}`."""
        status, code = WORDS.get(type(error), (STATUS[error.kind], CODES.get(error.kind, error.code.upper())))
        field = error.details.get("field")
        details = [Detail(str(field), error.code.upper(), error.message)] if field else []
        body = ErrorBody(error.message, code, details, request_id)
        return Answer(msgspec.json.encode(body), status=status, headers=retry_headers(error))

    def answer(self, value: object) -> Answer:
        """Return `{success: true, data}`."""
        return value if isinstance(value, Answer) else Answer(msgspec.json.encode(Success(value)))

    def error_schema(self) -> dict[str, Any]:
        """Return the schema of a failure."""
        text = {"type": "string"}
        return {
            "type": "object",
            "required": ["success", "error", "code", "details", "request_id"],
            "properties": {
                "success": {"const": False},
                "error": text,
                "code": text,
                "details": {"type": "array"},
                "request_id": text,
            },
        }
