"""The dialect's envelope and words: `{error, code, request_id}`; the older apps show `error` as it is."""

from datetime import timedelta
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
from guildhall.domains.identity.discord_errors import (
    CodeRefused,
    DiscordAway,
    DiscordMisfit,
    NoDiscordDoor,
    NotInvited,
    StateExpired,
    StateForeign,
    StateSpent,
)
from guildhall.domains.identity.errors import SessionEnded, WrongPassword
from guildhall.domains.tickets.errors import NotTicketOwner, TooManyReopens
from guildhall.web.answers import Answer
from guildhall.web.calls import Call
from guildhall.web.faces import Face, retry_headers

TEXTS: dict[type[GuildhallError], str] = {
    NotFound: "Endpoint not found",
    MethodNotAllowed: "Method not allowed",
    Forbidden: "Insufficient permissions",
    TokenInvalid: "token_invalid",
    TokenExpired: "token_expired",
    SessionEnded: "session_ended",
    WrongPassword: "Invalid credentials",
}
"""Texts that clients of the older server compare letter by letter, or show."""

CODES: dict[type[GuildhallError], str] = {
    Invalid: "INVALID_REQUEST",
    InvalidField: "INVALID_REQUEST",
    MissingField: "INVALID_REQUEST",
    Unauthenticated: "TOKEN_INVALID",
    WrongPassword: "INVALID_CREDENTIALS",
    StateForeign: "INVALID_STATE",
    StateExpired: "INVALID_STATE",
    StateSpent: "INVALID_STATE",
    CodeRefused: "CODE_REFUSED",
    DiscordAway: "DISCORD_ERROR",
    DiscordMisfit: "DISCORD_ERROR",
    NotInvited: "NOT_A_MEMBER",
    NotTicketOwner: "FORBIDDEN",
    TooManyReopens: "REOPEN_LIMIT",
}
OWN_STATUSES: dict[type[GuildhallError], int] = {
    StateForeign: 400,
    StateExpired: 400,
    StateSpent: 400,
    CodeRefused: 400,
    DiscordAway: 502,
    DiscordMisfit: 502,
    NoDiscordDoor: 503,
}
"""Where the dialect's contract has another status for an error than for its kind."""

VERIFY = "/api/auth/verify-token"
BURST = 200
"""Requests that one person, or one address without a token, may make at once: in four seconds, so fifty a second."""

UNCOUNTED = 10**9
"""More than anybody can make."""

STATUSES = STATUS | {Kind.UNPROCESSABLE: 409, Kind.GONE: 404}
"""The reference knows neither 410 nor 422."""


def code_of(error: GuildhallError) -> str:
    """Return the dialect's stable name of a refusal."""
    return "INTERNAL_ERROR" if error.kind is Kind.INTERNAL else CODES.get(type(error), error.code.upper())


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
    window: ClassVar[timedelta] = timedelta(seconds=4)
    shares: ClassVar[bool] = True

    async def identify(self, call: Call) -> Actor:
        """Return who calls, by access token."""
        return await identify(call)

    def refuse(self, error: GuildhallError, *, request_id: str) -> Answer:
        """Return `{error, code, request_id}`."""
        code = code_of(error)
        text = TEXTS.get(type(error), Internal.text if error.kind is Kind.INTERNAL else error.message)
        field = error.details.get("field")
        details = [Detail(str(field), error.message)] if field and isinstance(error, Invalid) else []
        retry_after = int(str(error.details.get("retry_after", 0)))
        body = ErrorBody(text, code, request_id, retry_after, details)
        status = OWN_STATUSES.get(type(error), STATUSES[error.kind])
        return Answer(msgspec.json.encode(body), status=status, headers=retry_headers(error))

    def limit(self, call: Call, actor: Actor | None) -> tuple[str, int]:
        """Count by person; a proxy that asks about valid tokens for each request of its own is never held up."""
        user_id = actor.user_id if actor else None
        if user_id and call.route.path == VERIFY:
            return f"verify:{user_id}", UNCOUNTED
        return f"community:{user_id or call.ip}", BURST

    def error_schema(self) -> dict[str, Any]:
        """Return the schema of `{error, code, request_id}`."""
        text = {"type": "string"}
        return {
            "type": "object",
            "required": ["error", "code", "request_id"],
            "properties": {"error": text, "code": text, "request_id": text, "details": {"type": "array"}},
        }
