"""REST, version 10: who asks, how often, with what, and the table of everything that is answered."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from aiohttp import BodyPartReader, MultipartReader, web

from guildhall.simulator.discord.drafts import Upload
from guildhall.simulator.discord.faults import Faults
from guildhall.simulator.discord.forms import SNOWFLAKE
from guildhall.simulator.discord.interactions import Desk
from guildhall.simulator.discord.limits import BEHIND, Limits
from guildhall.simulator.discord.oauth import OAuth
from guildhall.simulator.discord.refusals import Json, Refused, bad_form, check_may_steer, unauthorized
from guildhall.simulator.discord.rest import commands, guilds, members, messages, threads, users, webhooks
from guildhall.simulator.discord.rest.call import Call, Handler, Reply, Table
from guildhall.simulator.discord.state import User
from guildhall.simulator.discord.world import World

SIGNED_IN: Table = [
    *users.TABLE,
    *guilds.TABLE,
    *members.TABLE,
    *messages.TABLE,
    *threads.TABLE,
    *commands.TABLE,
    *webhooks.TABLE,
]
"""What needs a token in the header, of the bot unless BY_PEOPLE says otherwise."""

BY_PEOPLE = {
    "/users/@me": "identify",
    "/users/@me/guilds": "guilds",
    "/users/@me/guilds/{guild}/member": "guilds.members.read",
    "/oauth2/@me": "identify",
}
"""What people may ask who signed in by OAuth, and the scope they need."""

BASES = ("/api/v10", "/api")
STEERED = "/_sim/as/{person}"
"""Where the control side lets people do what their client would ask of REST."""

MAJOR = ("channel", "guild", "webhook")
"""Parts of an address that have buckets of their own."""

NO_SNOWFLAKES = frozenset({"@me", "@original"})
NAMED_OTHERWISE = frozenset({"token", "emoji"})
FILE_FIELD = re.compile(r"files?\[(\d+)\]")


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, for whoever watches. The path is that of the table."""

    method: str
    path: str
    asked: object
    status: int
    answered: object
    target: str


Watch: TypeAlias = Callable[[Exchange], None]
Admit: TypeAlias = Callable[[web.Request, str], tuple[User, frozenset[str]]]
"""Returns who asks for a path, and by which scopes. Raises Refused."""


class Api:
    """Answers REST."""

    def __init__(
        self, world: World, desk: Desk, oauth: OAuth, *, faults: Faults, limits: Limits, watch: Watch | None
    ) -> None:
        self._world = world
        self._desk = desk
        self._oauth = oauth
        self._faults = faults
        self._limits = limits
        self._watch = watch

    def routes(self, gateway_address: str) -> list[web.RouteDef]:
        """Return everything that it answers."""
        where: Table = [
            ("GET", "/gateway", lambda _: {"url": gateway_address}),
            ("GET", "/gateway/bot", lambda _: _gateway_for_bots(gateway_address)),
        ]
        tables: tuple[tuple[str, Table, Admit], ...] = (
            *((base, [*webhooks.OPEN, *where[:1]], self._anybody) for base in BASES),
            *((base, [*where[1:], *SIGNED_IN], self._caller) for base in BASES),
            (STEERED, SIGNED_IN, self._person),
        )
        return [
            web.route(method, base + path, self._answering(path, handler, admit))
            for base, table, admit in tables
            for method, path, handler in table
        ]

    def _answering(self, path: str, handler: Handler, admit: Admit) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            asked: object = None
            headers: Mapping[str, str] = {}
            try:
                await self._faults.meet(request.path)
                user, scopes = admit(request, path)
                if "person" not in request.match_info:
                    headers = self._limits.take(f"{request.method} {path}", _place(request), self._world.now())
                asked, uploads = await _read(request)
                given = handler(self._call(request, user, scopes, asked, uploads))
            except Refused as refused:
                headers = {**headers, **refused.headers}
                given = Reply(refused.status, refused.body)
            reply = _shaped(given)
            if self._watch is not None:
                self._watch(Exchange(request.method, path, asked, reply.status, reply.body, request.path_qs))
            return _response(reply, headers)

        return answer

    def _anybody(self, _: web.Request, __: str) -> tuple[User, frozenset[str]]:
        return self._world.bot, frozenset()

    def _person(self, request: web.Request, _: str) -> tuple[User, frozenset[str]]:
        """Return the person whom the control side lets do something. Raises 403 for other machines, Unknown User."""
        check_may_steer(request.remote)
        return self._world.user(request.match_info["person"]), frozenset()

    def _caller(self, request: web.Request, path: str) -> tuple[User, frozenset[str]]:
        """Return who asks. Raises 401."""
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind == "Bot" and secret == self._world.application.token:
            return self._world.bot, frozenset()
        grant = self._oauth.bearer(secret) if kind == "Bearer" else None
        if grant is None or path not in BY_PEOPLE:
            raise unauthorized()
        if BY_PEOPLE[path] not in grant.scopes:
            raise Refused(403, 50001, "Missing Access")
        return grant.user, grant.scopes

    def _call(
        self,
        request: web.Request,
        user: User,
        scopes: frozenset[str],
        body: object,
        uploads: Mapping[int, Upload],
    ) -> Call:
        _judge_ids({**request.match_info, **_ids_of_query(request)})
        return Call(
            world=self._world,
            desk=self._desk,
            user=user,
            parts=request.match_info,
            query=request.query,
            body=body if isinstance(body, dict) else {},
            items=[each for each in body if isinstance(each, dict)] if isinstance(body, list) else [],
            uploads=uploads,
            headers=request.headers,
            scopes=scopes,
        )


@web.middleware
async def in_discords_words(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer unknown addresses and wrong methods as Discord does."""
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as missing:
        body = {"message": f"{missing.status}: {missing.reason}", "code": 0}
        return _response(Reply(missing.status, body), {})


def _gateway_for_bots(address: str) -> Json:
    limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
    return {"url": address, "shards": 1, "session_start_limit": limit}


def _place(request: web.Request) -> str:
    return ":".join(request.match_info.get(name, "") for name in MAJOR)


def _ids_of_query(request: web.Request) -> dict[str, str]:
    return {name: request.query[name] for name in ("before", "after", "around", "user_id") if name in request.query}


def _judge_ids(ids: Mapping[str, str]) -> None:
    for name, value in ids.items():
        if name not in NAMED_OTHERWISE and value not in NO_SNOWFLAKES and not SNOWFLAKE.fullmatch(value):
            error = {"code": "NUMBER_TYPE_COERCE", "message": f'Value "{value}" is not snowflake.'}
            raise bad_form({f"{name}_id": {"_errors": [error]}})


async def _read(request: web.Request) -> tuple[Any, Mapping[int, Upload]]:
    """Return the body and the files with it. Raises 400 for what is no JSON."""
    if request.content_type == "multipart/form-data":
        return await _read_parts(await request.multipart())
    return _decoded(await request.read()), {}


async def _read_parts(reader: MultipartReader) -> tuple[Any, Mapping[int, Upload]]:
    body, uploads = b"", dict[int, Upload]()
    async for part in reader:
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read(decode=False))
        named = FILE_FIELD.fullmatch(part.name or "")
        if part.name == "payload_json":
            body = content
        elif named or part.filename:
            number = int(named[1]) if named else len(uploads)
            uploads[number] = Upload(part.filename or "file", content)
    return _decoded(body), uploads


def _decoded(body: bytes) -> Any:  # noqa: ANN401 (any JSON)
    if not body:
        return {}
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise Refused(400, 50109, "The request body contains invalid JSON.") from error


def _shaped(given: object) -> Reply:
    if isinstance(given, Reply):
        return given
    return Reply(204, None) if given is None else Reply(200, given)


def _response(reply: Reply, headers: Mapping[str, str]) -> web.Response:
    """Return an answer. Its type stands there without any parameter: clients compare the whole header."""
    headers = {**BEHIND, **headers}
    if reply.body is None:
        return web.Response(status=reply.status, headers=headers)
    headers["Content-Type"] = "application/json"
    return web.Response(body=msgspec.json.encode(reply.body), status=reply.status, headers=headers)
