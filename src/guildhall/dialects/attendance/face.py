"""The dialect's envelope and words: `{error}`, with `code` and `field` where they help."""

from typing import Any, ClassVar

import msgspec

from guildhall.core.actor import Actor, Credential
from guildhall.core.errors import GuildhallError, InvalidField, Kind
from guildhall.dialects.attendance.auth import admit, identify
from guildhall.dialects.attendance.errors import MalformedPath, OtherGuild
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


BAD_REQUEST = 400
REQUESTS_OF_A_PERSON = 6000
"""In a minute, over all their tokens."""


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Every error of the dialect."""

    error: str
    code: str
    field: str = ""
    tier_required: str = ""


class Attendance(Face):
    """Voice attendance of Discord guilds."""

    name: ClassVar[str] = "attendance"
    title: ClassVar[str] = "Attendance"
    prefixes: ClassVar[tuple[str, ...]] = ("/api/v1/guilds", "/verify", "/tlog", "/webhooks/attendance")

    refusals: ClassVar[tuple[type[GuildhallError], ...]] = (InvalidField, OtherGuild)

    async def identify(self, call: Call) -> Actor:
        """Return who calls, by the internal token."""
        return await identify(call)

    async def admit(self, call: Call) -> None:
        """Let in who may manage the guild, by Discord."""
        await admit(call)

    def refuse(self, error: GuildhallError, *, request_id: str) -> Answer:
        """Return `{error, code}`."""
        del request_id  # It travels in the header that every answer has.
        named = {name: str(error.details[name]) for name in ("field", "tier_required") if name in error.details}
        body = ErrorBody(error.message, error.code.upper(), **named)
        status = BAD_REQUEST if isinstance(error, MalformedPath) else STATUS[error.kind]
        return Answer(msgspec.json.encode(body), status=status, headers=retry_headers(error))

    def limit(self, call: Call, actor: Actor | None) -> tuple[str, int]:
        """Count each person who has a token by themselves, and each address without one."""
        if actor is None or actor.method is Credential.NONE:
            return super().limit(call, actor)
        return f"attendance:{actor.user_id}", REQUESTS_OF_A_PERSON

    def error_schema(self) -> dict[str, Any]:
        """Return the schema of `{error}`."""
        text = {"type": "string"}
        return {"type": "object", "required": ["error"], "properties": dict.fromkeys(ErrorBody.__struct_fields__, text)}
