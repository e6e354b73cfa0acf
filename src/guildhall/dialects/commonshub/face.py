"""The dialect's envelope, its words for errors, and whose requests are counted together."""

from typing import Any, ClassVar

import msgspec

from guildhall.core.actor import Actor, Credential
from guildhall.core.errors import STATUS, GuildhallError, Internal, Kind
from guildhall.dialects.commonshub.auth import identify
from guildhall.domains.identity.errors import AppNotTrusted, InvalidUserId
from guildhall.web.answers import Answer
from guildhall.web.calls import Call
from guildhall.web.faces import Face, retry_headers


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Every error of the dialect."""

    error: str
    message: str
    status: int
    details: dict[str, Any] = {}
    request_id: str = ""


class CommonsHub(Face):
    """Rooms of one community house."""

    name: ClassVar[str] = "commonshub"
    title: ClassVar[str] = "Commons Hub"
    prefixes: ClassVar[tuple[str, ...]] = ("/v1", "/auth")
    refusals: ClassVar[tuple[type[GuildhallError], ...]] = (AppNotTrusted, InvalidUserId)

    async def identify(self, call: Call) -> Actor:
        """Return who calls: the master key, an app, an app's user, or nobody on open routes."""
        return await identify(call)

    def refuse(self, error: GuildhallError, *, request_id: str) -> Answer:
        """Return `{error, message, status}` with the HTTP status it names."""
        status = STATUS[error.kind]
        slug = Internal.code if error.kind is Kind.INTERNAL else error.code
        body = ErrorBody(slug, error.message, status, _camel(error.details), request_id)
        return Answer(msgspec.json.encode(body), status=status, headers=_headers(error))

    def limit(self, call: Call, actor: Actor | None) -> tuple[str, int]:
        """Count each credential by itself, and each address without one."""
        settings = call.house.settings
        if actor is None or actor.method is Credential.NONE:
            return f"address:{call.ip}", settings.server.rate_limit_per_ip
        return f"commonshub:{actor.app_id or 'master'}", settings.commonshub.rate_limit

    def error_schema(self) -> dict[str, Any]:
        """Return the schema of `{error, message, status}`."""
        return {
            "type": "object",
            "required": ["error", "message", "status"],
            "properties": {
                "error": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
                "message": {"type": "string"},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "details": {"type": "object"},
                "requestId": {"type": "string"},
            },
        }


def _camel(details: dict[str, object]) -> dict[str, object]:
    return {_camel_word(name): value for name, value in details.items()}


def _camel_word(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _headers(error: GuildhallError) -> list[tuple[bytes, bytes]]:
    if error.kind is Kind.UNAUTHENTICATED:
        return [(b"www-authenticate", b'Bearer realm="Commons Hub"')]
    return retry_headers(error)
