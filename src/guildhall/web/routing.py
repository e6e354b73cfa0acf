"""Routes: declared by a decorator, built only with a permission and the credentials they accept.

A handler says what it needs by the types of its parameters: `Tx`, `Actor`, `House`, `Call`, a `Body`, `Later[Body]`,
`Form` or `QueryString` struct, and `str` for each part of the path. The order is always the same: who calls, may they,
the body within its limits, one transaction around the handler, the answer after the commit.
"""

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from guildhall.core import idempotency
from guildhall.core.actor import Actor, Credential
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import (
    Forbidden,
    GuildhallError,
    Internal,
    InvalidField,
    Kind,
    Limited,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from guildhall.core.log import get_logger
from guildhall.domains.identity import Permission
from guildhall.web.answers import Answer
from guildhall.web.bodies import (
    AnyRequest,
    Body,
    Form,
    Later,
    QueryString,
    check_is_json,
    is_form,
    read_body,
    read_form,
    read_query,
    receive_body,
)
from guildhall.web.calls import Call
from guildhall.web.cors import invitation, shared_with
from guildhall.web.faces import Face
from guildhall.web.house import House
from guildhall.web.uploads import is_upload, take_upload

log = get_logger(__name__)

Handler = Callable[..., Awaitable[Any]]
Getter = Callable[[Call], Any]
Follow = Callable[[Call, bytes], Awaitable[bytes]]
"""Brings the body of an answer up to date once its transaction is committed."""

Prepare = Callable[[Call], Awaitable[Any]]
"""Finds out, before the transaction opens, what the handler must know from outside."""

SAFE = frozenset({"GET"})
JSON = "application/json"
LONGEST_KEY = 255
SEGMENT = re.compile(r"\{(\w+)\}")
"""A part of the path that is one segment; `{name:path}` takes all segments that are left, with their slashes."""
GOOD = frozenset({200, 201})
REPLAY = (b"idempotent-replay", b"true")


class Unsettled(Unavailable):
    """What a call began is not done in time, or, when it is `undone`, never will be; raised by a `follow`.

    It is the answer in place of the good one. A key that is sent again finds what became of it; what was undone is
    begun anew.
    """

    def __init__(self, message: str | None = None, *, undone: bool = False, **details: object) -> None:
        super().__init__(message, **details)
        self.undone = undone


class RouteError(Exception):
    """A route is declared in a way that cannot be built; the message says what is missing."""


@dataclass(frozen=True)
class Route:
    """One operation of a face."""

    method: str
    path: str
    handler: Handler
    permission: Permission
    accepts: Credential
    refusals: tuple[type[GuildhallError], ...]
    arguments: tuple[tuple[str, Getter], ...]
    body: type[Any] | None
    query: type[Any] | None
    reply: Any
    transaction: str
    content: str
    also: tuple[int, ...]
    follow: Follow | None
    prepare: Prepare | None
    files: bool
    body_limit: int | None

    @property
    def name(self) -> str:
        """The operation's name in documents and measurements."""
        return self.handler.__name__

    @property
    def summary(self) -> str:
        """The first line of the handler's docstring."""
        return (inspect.getdoc(self.handler) or "").partition("\n")[0]


def route(
    method: str,
    path: str,
    *,
    permission: Permission | None = None,
    accepts: Credential | None = None,
    refusals: Sequence[type[GuildhallError]] = (),
    transaction: str | None = None,
    content: str = JSON,
    also: Sequence[int] = (),
    follow: Follow | None = None,
    prepare: Prepare | None = None,
    files: bool = False,
    body_limit: int | None = None,
) -> Callable[[Handler], Route]:
    """Declare a route.

    `permission` and `accepts` are required: RouteError without them. `refusals` are the errors of this operation, for
    its documentation, as are the media type `content` and the statuses `also` answered beside 200. `transaction` is
    "read", "write" or "none"; by default reads for GET, writes for the others. `follow` gets every good answer of a
    write after the commit, a repeated one too, and may wait for what goes on outside. `prepare` runs before the
    transaction of a write, unless the call is a repeat; the handler takes what it returns by a parameter of that type.
    With `files` the body may be multipart/form-data too; its files are kept before the transaction begins, and are in
    `Call.files`. `body_limit` is in bytes, and that of the face when it is not given.
    """
    if permission is None or accepts is None:
        raise RouteError(f"{method} {path} names no permission or no credentials")

    def declare(handler: Handler) -> Route:
        hints = typing.get_type_hints(handler)
        reply = hints.pop("return", None)
        prepared = typing.get_type_hints(prepare)["return"] if prepare else None
        arguments = tuple(
            (name, _prepared if prepare and kind == prepared else _getter(name, kind, path))
            for name, kind in hints.items()
        )
        bodies = [_body_of(kind) for kind in hints.values() if _body_of(kind)]
        queries = [kind for kind in hints.values() if _is_a(kind, QueryString)]
        mode = transaction or ("read" if method in SAFE else "write")
        return Route(
            method, path, handler, permission, accepts, tuple(refusals), arguments,
            bodies[0] if bodies else None, queries[0] if queries else None, reply, mode, content, tuple(also), follow,
            prepare, files,
            body_limit,
        )  # fmt: skip

    return declare


def handlers_of(face: Face, routes: Iterable[Route]) -> list[HTTPRouteHandler]:
    """Return the router's handlers of a face's routes, for whichever house the request's state names."""
    return [_litestar_handler(face, each) for each in routes]


def answer_options(faces: Iterable[tuple[Face, Sequence[Route]]]) -> list[HTTPRouteHandler]:
    """Return handlers that tell, for each path, the methods of all faces' routes there.

    The router makes such handlers by itself, but each knows the methods of one route only; the first one counts.
    """
    allowed: dict[str, set[str]] = {}
    shared: dict[str, set[str]] = {}
    for face, routes in faces:
        for each in routes:
            allowed.setdefault(_pattern(each), {"OPTIONS"}).update(_methods(each))
            if face.shares:
                shared.setdefault(_pattern(each), set()).update(_methods(each))
    return [_options_handler(path, sorted(methods), sorted(shared.get(path, ()))) for path, methods in allowed.items()]


def _options_handler(path: str, methods: Sequence[str], shared: Sequence[str]) -> HTTPRouteHandler:
    allow = (b"allow", ", ".join(methods).encode())

    async def endpoint(request: AnyRequest) -> ASGIApp:
        settings = request.scope["state"]["house"].settings
        return Answer(status=204, headers=(allow, *(invitation(request, settings, shared) if shared else ())))

    return HTTPRouteHandler(path, http_method=["OPTIONS"], status_code=200, include_in_schema=False)(endpoint)


def _litestar_handler(face: Face, each: Route) -> HTTPRouteHandler:
    async def endpoint(request: AnyRequest) -> ASGIApp:
        answer = await respond(request)
        if face.shares:
            answer.headers = (*answer.headers, *shared_with(request, request.scope["state"]["house"].settings))
        return answer

    async def respond(request: AnyRequest) -> Answer:
        scope_state = request.scope["state"]
        scope_state["route"], scope_state["face"] = each.path, face.name
        call = Call(request, each, scope_state["house"])
        try:
            answer = await _handle(face, call)
            # The answer's own come last: of two cookies with one name, browsers take the latter.
            answer.headers = (*call.headers, *answer.headers)
        except Exception as error:
            if isinstance(error, GuildhallError) and error.kind is not Kind.INTERNAL:
                return face.refuse(error, request_id=call.request_id)
            log.exception("request failed", route=each.path, method=each.method)
            return face.refuse(Internal(), request_id=call.request_id)
        return answer

    endpoint.__name__ = f"{face.name}_{each.name}"
    methods = typing.cast("Any", _methods(each))
    return HTTPRouteHandler(_pattern(each), http_method=methods, status_code=200, include_in_schema=False)(endpoint)


def _methods(each: Route) -> list[str]:
    # A HEAD must change nothing, so a GET that writes has none.
    return [each.method, "HEAD"] if each.method == "GET" and each.transaction != "write" else [each.method]


def _pattern(each: Route) -> str:
    return SEGMENT.sub(r"{\1:str}", each.path)


async def _handle(face: Face, call: Call) -> Answer:
    each = call.route
    actor = call.actor = await _admitted(face, call)
    if not actor.may(each.permission):
        raise Forbidden
    await face.admit(call)
    if any("\0" in value for value in call.request.path_params.values()):
        raise NotFound
    if each.method not in SAFE:
        await _receive(face, call)
    if each.transaction == "none":
        return face.answer(await _run(call))
    if each.transaction == "read":
        async with call.house.database.read() as call.tx:
            return face.answer(await _run(call))
    claim = _claim_of(call)
    answer = await _write(face, call, claim)
    if each.follow is not None and answer.status in GOOD:
        await _bring_up_to_date(call, answer, each.follow, claim)
    return answer


async def _receive(face: Face, call: Call) -> None:
    each = call.route
    if each.files and is_upload(call.header("content-type")):
        upload = await take_upload(call)
        is_form = each.body is not None and issubclass(each.body, Form)
        call.body, call.files = upload.as_form if is_form else upload.as_json, upload.files
        return
    server = call.house.settings.server
    limit = each.body_limit or face.body_limit
    call.body = await receive_body(call.request, limit=limit, seconds=server.body_timeout)
    if call.body and each.body is not None and not _takes_form(each, call):
        check_is_json(call.header("content-type"))


async def _bring_up_to_date(call: Call, answer: Answer, follow: Follow, claim: idempotency.Claim | None) -> None:
    try:
        answer.body = await follow(call, answer.body)
    except Unsettled as fault:
        if fault.undone and claim is not None:
            async with call.house.database.write() as tx:
                await idempotency.release(tx, claim)
        raise
    except Unavailable as fault:
        # What is committed has happened, and the first answer says so.
        log.warning("An answer cannot be followed up", route=call.route.path, reason=fault.message)


def _takes_form(each: Route, call: Call) -> bool:
    if each.body is None or issubclass(each.body, Form):
        return True
    return bool(each.body.also_form) and is_form(call.header("content-type"))


async def _admitted(face: Face, call: Call) -> Actor:
    try:
        actor = await face.identify(call)
    except Unauthenticated:
        await _throttle(face, call, None)
        raise
    await _throttle(face, call, actor)
    return actor


async def _throttle(face: Face, call: Call, actor: Actor | None) -> None:
    key, limit = face.limit(call, actor)
    allowance = await call.house.limiter.hit(key, limit=limit, window=face.window)
    if not allowance.allowed:
        raise Limited(retry_after=allowance.retry_after)


async def _write(face: Face, call: Call, claim: idempotency.Claim | None) -> Answer:
    if call.route.prepare is not None:
        known = await _kept_answer(call, claim) if claim is not None else None
        if known is not None:
            return known
        call.prepared = await call.route.prepare(call)
    async with call.house.database.write() as call.tx:
        if claim is None:
            return face.answer(await _run(call))
        kept = await idempotency.claim(call.tx, claim, box=call.house.answers_box, now=call.house.clock.now())
        if kept is not None:
            return _replayed(kept)
        answer = await _run_in_part(face, call)
        kept = idempotency.Kept(answer.status, answer.body.decode())
        await idempotency.keep(call.tx, claim, kept, box=call.house.answers_box)
    return answer


async def _kept_answer(call: Call, claim: idempotency.Claim) -> Answer | None:
    async with call.house.database.read() as tx:
        kept = await idempotency.kept(tx, claim, box=call.house.answers_box, now=call.house.clock.now())
    return None if kept is None else _replayed(kept)


def _replayed(kept: idempotency.Kept) -> Answer:
    return Answer(kept.body.encode(), status=kept.status, headers=(REPLAY,))


def _claim_of(call: Call) -> idempotency.Claim | None:
    """Return the claim of a call with a key, which belongs to one credential, acting user and route."""
    key = call.header("idempotency-key")
    # What is kept of an answer is its status and body: the pages that forms lead to are told by headers.
    if key is None or call.route.content != JSON:
        return None
    if not 1 <= len(key) <= LONGEST_KEY:
        raise InvalidField(f"An Idempotency-Key has 1 to {LONGEST_KEY} characters", field="Idempotency-Key")
    actor = call.actor
    parts = (actor.method.name, actor.app_id, actor.user_id, call.route.method, call.request.scope["path"], key)
    said = call.body + "".join(f"\0{file.sha256}{file.name}" for file in call.files).encode()
    # A body may hold a passphrase, so what is stored of it must not be a hash on which guesses can be tried.
    return idempotency.Claim(
        sha256("\0".join(map(str, parts)).encode()).hexdigest(), call.house.answers_box.fingerprint(said)
    )


async def _run_in_part(face: Face, call: Call) -> Answer:
    """Run the handler so that its refusal undoes its own changes, yet can be kept as the answer to this key."""
    try:
        async with call.tx.savepoint():
            return face.answer(await _run(call))
    except GuildhallError as error:
        if error.kind in (Kind.INTERNAL, Kind.UNAVAILABLE, Kind.LIMITED):
            raise
        return face.refuse(error, request_id=call.request_id)


def _prepared(call: Call) -> Any:  # noqa: ANN401 (whatever `prepare` returned)
    return call.prepared


async def _run(call: Call) -> Any:  # noqa: ANN401 (whatever the handler answers)
    return await call.route.handler(**{name: get(call) for name, get in call.route.arguments})


PROVIDED: dict[Any, Getter] = {
    Call: lambda call: call,
    Tx: lambda call: call.tx,
    Actor: lambda call: call.actor,
    House: lambda call: call.house,
    Clock: lambda call: call.house.clock,
}


def _getter(name: str, kind: Any, path: str) -> Getter:  # noqa: ANN401 (any type can stand at a parameter)
    if kind in PROVIDED:
        return PROVIDED[kind]
    if kind is str and any(part in path for part in (f"{{{name}}}", f"{{{name}:path}}")):
        return lambda call: call.request.path_params[name]
    if typing.get_origin(kind) is Later:
        (inner,) = typing.get_args(kind)
        return lambda call: Later(call.body, inner, is_form=inner.also_form and is_form(call.header("content-type")))
    if _is_a(kind, Body):
        return lambda call: read_body(call.body, kind)
    if _is_a(kind, Form):
        return lambda call: read_form(call.body, kind)
    if _is_a(kind, QueryString):
        return lambda call: read_query(call.request.scope["query_string"], kind)
    raise RouteError(f"{path}: nothing can fill the parameter {name!r}")


def _is_a(kind: Any, base: type) -> bool:  # noqa: ANN401
    return isinstance(kind, type) and issubclass(kind, base)


def _body_of(kind: Any) -> type[Any] | None:  # noqa: ANN401
    if typing.get_origin(kind) is Later:
        return typing.cast("type[Any]", typing.get_args(kind)[0])
    return kind if _is_a(kind, Body) or _is_a(kind, Form) else None
