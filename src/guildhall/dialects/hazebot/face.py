"""The dialect's envelope and words: `{error, code, request_id}`; the older apps show `error` as it is."""

from typing import Any, ClassVar

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.errors import (
    STATUS,
    Forbidden,
    GuildhallError,
    Internal,
    Invalid,
    InvalidField,
    Kind,
    MethodNotAllowed,
    MissingField,
    NotFound,
    Unauthenticated,
)
from guildhall.dialects.hazebot.auth import identify
from guildhall.domains.identity.access_tokens import TokenExpired, TokenInvalid
from guildhall.domains.identity.errors import SessionEnded
from guildhall.web.answers import Answer
from guildhall.web.calls import Call
from guildhall.web.faces import Face, retry_headers

TEXTS: dict[type[GuildhallError], str] = {
    NotFound: "Endpoint not found",
    MethodNotAllowed: "Method not allowed",
    TokenInvalid: "token_invalid",
    TokenExpired: "token_expired",
    SessionEnded: "session_ended",
    Forbidden: "Insufficient permissions",
}
"""Texts that clients of the older server compare letter by letter."""

CODES: dict[type[GuildhallError], str] = {
    Invalid: "INVALID_REQUEST",
    InvalidField: "INVALID_REQUEST",
    MissingField: "INVALID_REQUEST",
    Unauthenticated: "TOKEN_INVALID",
}
STATUSES = STATUS | {Kind.UNPROCESSABLE: 409, Kind.GONE: 404}
"""The reference knows neither 410 nor 422."""


class Detail(msgspec.Struct, frozen=True):
    """What is wrong with one field."""

    path: str
    message: str


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Every error of the dialect."""

    error: str
    code: str
    request_id: str
    retry_after: int = 0
    details: list[Detail] = []


class Hazebot(Face):
    """Administration of a community bot."""

    name: ClassVar[str] = "hazebot"
    title: ClassVar[str] = "Hazebot"
    prefixes: ClassVar[tuple[str, ...]] = (
        "/api/discord",
        "/api/ping",
        "/api/tickets",
        "/api/notifications",
        "/api/stats",
        "/api/active-sessions",
        "/api/analytics",
        "/api/config",
        "/api/rocket-league",
        "/api/user",
        "/api/users",
        "/api/hazehub",
        "/api/cogs",
        "/api/gaming",
        "/api/admin",
        "/api/logs",
        "/api/guild",
        "/api/debug",
        "/api/memes",
        "/api/test",
        "/api/meme-sources",
        "/api/daily-meme",
        "/api/meme-generator",
        "/api/proxy",
        "/api/health",
        "/api/auth",
    )
    body_limit: ClassVar[int] = 1024 * 1024

    async def identify(self, call: Call) -> Actor:
        """Return who calls, by access token."""
        return await identify(call)

    def refuse(self, error: GuildhallError, *, request_id: str) -> Answer:
        """Return `{error, code, request_id}`."""
        code = "INTERNAL_ERROR" if error.kind is Kind.INTERNAL else CODES.get(type(error), error.code.upper())
        text = TEXTS.get(type(error), Internal.text if error.kind is Kind.INTERNAL else error.message)
        field = error.details.get("field")
        details = [Detail(str(field), error.message)] if field and isinstance(error, Invalid) else []
        retry_after = int(str(error.details.get("retry_after", 0)))
        body = ErrorBody(text, code, request_id, retry_after, details)
        return Answer(msgspec.json.encode(body), status=STATUSES[error.kind], headers=retry_headers(error))

    def error_schema(self) -> dict[str, Any]:
        """Return the schema of `{error, code, request_id}`."""
        text = {"type": "string"}
        return {
            "type": "object",
            "required": ["error", "code", "request_id"],
            "properties": {"error": text, "code": text, "request_id": text, "details": {"type": "array"}},
        }
