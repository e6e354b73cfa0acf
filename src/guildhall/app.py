"""The whole house on one page: what runs, what it stands on, and which face owns which path."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import httpx
from litestar import Litestar
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.response import Response

from guildhall import migrations
from guildhall.adapters.outside_http import GuardedHttp
from guildhall.assembly import assemble
from guildhall.core import outbox
from guildhall.core.actor import SYSTEM
from guildhall.core.clock import Clock, SystemClock
from guildhall.core.db import Database, open_database
from guildhall.core.errors import GuildhallError, Internal, Invalid, MethodNotAllowed, NotFound
from guildhall.core.log import get_logger
from guildhall.core.redis import is_there
from guildhall.core.seats import Seats
from guildhall.core.toml_file import FileFaulty, TomlFile
from guildhall.dialects import attendance, commonshub, hazebot, rustmail, veza
from guildhall.domains import calendars, identity, ledger, rooms, shifts
from guildhall.panel import ROUTES as PANEL_ROUTES, Panel, further_routes
from guildhall.settings import Settings, SettingsError
from guildhall.web.answers import Answer
from guildhall.web.bodies import AnyRequest
from guildhall.web.docs import docs_routes
from guildhall.web.edge import Edge
from guildhall.web.faces import Face
from guildhall.web.hooks import ROUTES as HOOK_ROUTES
from guildhall.web.house import House
from guildhall.web.routing import Route, answer_options, handlers_of
from guildhall.web.system import ROUTES as SYSTEM_ROUTES, System
from guildhall.work import begin_work

log = get_logger(__name__)


Faces: TypeAlias = tuple[tuple[Face, Sequence[Route]], ...]

FACES: Faces = (
    (attendance.Attendance(), attendance.ROUTES),
    (rustmail.Rustmail(), rustmail.ROUTES),
    (commonshub.CommonsHub(), commonshub.ROUTES),
    (veza.Veza(), veza.ROUTES),
    (hazebot.Hazebot(), hazebot.ROUTES),
)
"""The dialects with their URL tables."""


@asynccontextmanager
async def open_house(
    settings: Settings, *, clock: Clock | None = None, works_jobs: bool = True
) -> AsyncIterator[House]:
    """Bring the database up to date, open every part, and close all of it at the end.

    Raises SettingsError, StoreUnavailable.
    """
    clock = clock or SystemClock()
    _make_folder(settings.store.data_dir)
    settings = await _with_redis_there(settings)
    await asyncio.to_thread(migrations.upgrade, settings.database_url)
    database = await open_database(settings.database_url, synchronous=settings.store.sqlite_synchronous)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        client = await stack.enter_async_context(httpx.AsyncClient())
        outside = GuardedHttp(allow_private=settings.attendance.webhook_allow_private)
        stack.push_async_callback(outside.close)
        house = assemble(settings, database, clock, client, outside)
        await house.events.start()
        stack.push_async_callback(house.events.stop)
        stack.push_async_callback(house.limiter.close)
        stack.push_async_callback(house.cache.close)
        stack.push_async_callback(_seat(house.seats))
        stack.callback(house.passwords.close)
        stack.callback(house.keyring.close)
        database.announcer = _announcer(house)
        database.timer = house.metrics.statement
        house.metrics.watch_subscribers(lambda: house.events.subscribers)
        if house.chain is not None:
            stack.push_async_callback(house.chain.close)
        await _furnish(house)
        looking = asyncio.create_task(_look_for_damage(database))
        stack.callback(looking.cancel)
        if works_jobs:
            await begin_work(house, client, stack)
        yield house


def _seat(seats: Seats) -> Callable[[], Awaitable[None]]:
    """Give out seats from now on; what is returned takes them all back."""
    seating = asyncio.create_task(seats.keep())

    async def leave() -> None:
        seats.stop()
        await seating

    return leave


def build_app(house: House) -> Any:  # noqa: ANN401 (an ASGI application)
    """Return the ASGI application of a house."""
    settings = house.settings
    panel = (*PANEL_ROUTES, *further_routes(settings.discord_redirect, settings.public_url))
    return Edge(_Beside(hazebot.Live(house), _router(FACES, panel, SYSTEM_ROUTES)), house)


@lru_cache(maxsize=4)
def _router(dialects: Faces, panel: Sequence[Route], system: Sequence[Route]) -> Litestar:
    """Return the router of every face: they share one, so that two faces may share a path.

    It takes half a second to make and knows no house, so a process makes it once.
    """
    docs = docs_routes({face.name: (face, routes) for face, routes in dialects})
    faces = (*dialects, (Panel(), panel), (System(), (*system, *HOOK_ROUTES, *docs)))
    owner = _Owner([face for face, _ in faces])
    return Litestar(
        route_handlers=[
            *answer_options(faces),
            *(handler for face, routes in faces for handler in handlers_of(face, routes)),
        ],
        exception_handlers={Exception: owner.refuse_unrouted},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
    )


class _Beside:
    """Sends sockets to where they live, and everything else to the routes."""

    def __init__(self, live: hazebot.Live, routes: Any) -> None:  # noqa: ANN401 (an ASGI application)
        self._live = live
        self._routes = routes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (the ASGI signature)
        app = self._live if self._live.owns(scope["path"]) else self._routes
        await app(scope, receive, send)


class _Owner:
    """Answers what no route took, in the words of the face that owns the path's longest prefix."""

    def __init__(self, faces: Sequence[Face]) -> None:
        pairs = [(prefix, face) for face in faces for prefix in face.prefixes]
        self._prefixes = sorted(pairs, key=lambda pair: len(pair[0]), reverse=True)

    def of(self, path: str) -> Face:
        """Return the face that owns a path; what is no path at all, such as `*`, belongs to the server itself."""
        known = re.sub("/{2,}", "/", path)  # The router takes doubled slashes as one.
        owners = (face for prefix, face in self._prefixes if known == prefix or known.startswith(f"{prefix}/"))
        return next(owners, self._prefixes[-1][1])

    def refuse_unrouted(self, request: AnyRequest, fault: Exception) -> Response[Any]:
        """Render a fault of routing."""
        face = self.of(request.scope["path"])
        request.scope["state"]["face"] = face.name
        if not isinstance(fault, HTTPException):
            log.error("request failed outside every route", exc_info=fault)
        return _Finished(face.refuse(_routing_error(fault), request_id=request.scope["state"]["request_id"]))


class _Finished(Response[None]):
    """An answer in the form that the router's exception handlers return."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(None)
        self._answer = answer

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:  # noqa: ANN401 (the base class's signature)
        return self._answer


def _routing_error(fault: Exception) -> GuildhallError:
    if isinstance(fault, MethodNotAllowedException):
        return MethodNotAllowed(allow=(fault.headers or {}).get("allow", ""))
    if isinstance(fault, HTTPException):
        return NotFound() if fault.status_code == 404 else Invalid("The request cannot be understood")  # noqa: PLR2004
    return Internal()


async def _with_redis_there(settings: Settings) -> Settings:
    """Do without a Redis that is named by its host alone and does not answer: a sample of settings names one."""
    store = settings.store
    if store.redis_url != store.redis_by_host or not store.redis_url or await is_there(store.redis_url):
        return settings
    log.warning("Nothing answers at REDIS_HOST; this process shares nothing with others", host=store.redis_host)
    return replace(settings, store=replace(store, redis_url=""))


def _make_folder(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise SettingsError(f"DATA_DIR: {data_dir} cannot be made: {fault.strerror}") from fault
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise SettingsError(f"DATA_DIR: {data_dir} is not writable")


def _announcer(house: House) -> Any:  # noqa: ANN401 (what Database.announcer takes)
    def announce(topic: str, data: dict[str, str | int | None]) -> None:
        if topic == outbox.TOPIC:
            house.jobs.wake()
        else:
            house.events.publish(topic, {**data})

    return announce


async def _look_for_damage(database: Database) -> None:
    """Tell the operator of damage that an unclean stop has left. The server works meanwhile."""
    damage = await database.check()
    if damage is not None:
        log.error("The database file is damaged, restore it from a backup", damage=damage)


async def _furnish(house: House) -> None:
    """Put in place what every house has: the rooms of its configuration file, else the default ones."""
    async with house.database.read() as tx:
        await house.site.refresh(tx)
    await apply_hub_file(house)
    async with house.database.write() as tx:
        await rooms.create_default_rooms(tx, SYSTEM, now=house.clock.now())
        await shifts.create_default_plan(tx, SYSTEM, now=house.clock.now())
        await ledger.create_default_token(tx, SYSTEM, now=house.clock.now())
        await identity.create_command_line_app(tx, SYSTEM, key=house.token_key, now=house.clock.now())


async def apply_hub_file(house: House) -> None:
    """Make the house as its configuration file says. Raises FileFaulty and changes nothing then.

    Without a file it is as with an empty one: what an earlier file named becomes changeable again.
    """
    path, text = house.settings.commonshub.config, ""
    if path is not None:
        try:
            text = await asyncio.to_thread(path.read_text, "utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise FileFaulty(f"COMMONSHUB_CONFIG cannot be read: {fault}") from fault
    file, now = TomlFile(text), house.clock.now()
    file.check_sections({*rooms.SECTIONS, *shifts.SECTIONS, *ledger.SECTIONS, *calendars.SECTIONS})
    hub, plans, tokens = rooms.read_hub_file(file), shifts.read_plans(file), ledger.read_tokens(file)
    links = calendars.read_calendars(file, house.settings.variables)
    async with house.database.write() as tx:
        await rooms.apply_file(tx, SYSTEM, plans=hub.rooms, days=hub.closed_days, now=now)
        await shifts.apply_plans(tx, SYSTEM, plans, now=now)
        await ledger.apply_tokens(tx, SYSTEM, tokens, now=now)
        await calendars.apply_file(tx, SYSTEM, links, box=house.calendars_box, now=now)
