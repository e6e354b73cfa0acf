"""Where sockets come in beside the requests, and how long they may stay."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any, Final

import socketio  # type: ignore[import-untyped]  # the library has no types
from litestar.connection import ASGIConnection

from guildhall.core.errors import GuildhallError
from guildhall.core.log import get_logger
from guildhall.dialects.hazebot.live.events import Conversation
from guildhall.dialects.hazebot.live.managers import LocalManager, SharedManager
from guildhall.dialects.hazebot.live.news import News
from guildhall.dialects.hazebot.live.rooms import Rooms, Socket, person_room
from guildhall.dialects.hazebot.ticket_work import Visitor
from guildhall.domains.identity.access_tokens import TokenExpired
from guildhall.domains.identity.community import Caller, caller_again, caller_with_socket_pass, caller_with_token
from guildhall.web.calls import client_address
from guildhall.web.cors import is_welcome
from guildhall.web.house import House

log = get_logger(__name__)

PATH: Final = "/socket.io"
COOKIE: Final = "gh_socket"
LARGEST_FRAME: Final = 64 * 1024
SOCKETS: Final = 10
"""Sockets that a person may have open."""

LOOK: Final = 0.5
"""Seconds between two looks at whose time is over."""

AGAIN: Final = timedelta(minutes=1)
"""How often it is asked what somebody may do whose rights change where nobody tells: at Discord."""

FAREWELL: Final = 1.0
"""Seconds that closing a connection may take."""

EXPIRED: Final = {"message": "Your session has expired, please sign in again"}


class Live:
    """The sockets of this process, as an ASGI application for their path."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._server = socketio.AsyncServer(
            async_mode="asgi",
            client_manager=_manager(house),
            cors_allowed_origins=self._is_welcome,
            cors_credentials=False,
            max_http_buffer_size=LARGEST_FRAME,
            logger=False,
            engineio_logger=False,
        )
        self._rooms = Rooms(self._server, house.seats)
        self._news = News(house, self._rooms)
        self._keeping: asyncio.Task[None] | None = None
        self._open: set[asyncio.Future[Any]] = set()
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        Conversation(house, self._rooms, self._news).listen(self._server)

    def owns(self, path: str) -> bool:
        """Tell whether a path is that of the sockets."""
        return path == PATH or path.startswith(f"{PATH}/")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (the ASGI signature)
        """Handle a request or a WebSocket."""
        state = scope.setdefault("state", {})
        # A poll waits until there is something to say: that is no slow request.
        state["face"], state["route"], state["waits"] = "hazebot", PATH, True
        if scope["type"] != "websocket":
            await self._server.handle_request(scope, receive, send)
            return

        async def sending(message: Any) -> None:  # noqa: ANN401 (an ASGI message)
            # A server that has stopped meanwhile never says that it has closed the connection.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL if message["type"] == "websocket.close" else None):
                    await send(message)

        handling = asyncio.ensure_future(self._server.handle_request(scope, receive, sending))
        self._open.add(handling)
        handling.add_done_callback(self._open.discard)
        await handling

    async def _connect(self, sid: str, environ: dict[str, Any], auth: object) -> None:
        """Let somebody in who shows who they are, by a token in the handshake, a header, or our page's cookie."""
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep())
        try:
            caller = await self._caller(environ, auth)
        except TokenExpired as error:
            raise socketio.exceptions.ConnectionRefusedError("token_expired") from error
        except GuildhallError as error:
            raise socketio.exceptions.ConnectionRefusedError("token_invalid") from error
        lends = self._house.settings.community.socket_rest_grant
        if (caller is None and not lends) or (caller is not None and caller.user is None):
            raise socketio.exceptions.ConnectionRefusedError("Authentication required")
        ip = self._address(environ)
        room = person_room(caller.person_id) if caller else f"address:{ip}"
        if not await self._house.seats.take(room, sid, limit=SOCKETS):
            raise socketio.exceptions.ConnectionRefusedError("Too many connections")
        visitor = Visitor(caller) if caller else None
        self._rooms.add(Socket(sid, room, visitor, self._house.clock.now(), lent_at=None if caller else ip))
        await self._rooms.enter(sid, room)
        greeting = {"message": "Connected to Guildhall", "authenticated": caller is not None}
        await self._rooms.tell("connected", greeting, sid)
        if self._server.manager.eio_sid_from_sid(sid, "/") not in self._server.environ:
            # The library tells nobody of those who leave while they are being let in.
            self._rooms.remove(sid)
            raise socketio.exceptions.ConnectionRefusedError("Already gone")

    async def _disconnect(self, sid: str, *_: object) -> None:
        self._rooms.remove(sid)

    def _address(self, environ: dict[str, Any]) -> str:
        connection: Any = ASGIConnection(environ["asgi.scope"])
        return client_address(connection, self._house)

    async def _caller(self, environ: dict[str, Any], auth: object) -> Caller | None:
        connection: Any = ASGIConnection(environ["asgi.scope"])
        ip = self._address(environ)
        said = auth.get("token") if isinstance(auth, dict) else None
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if said is None and scheme.lower() == "bearer":
            said = token.strip()
        if said:
            return await caller_with_token(self._house.community, str(said), ip=ip)
        cookie = connection.cookies.get(COOKIE)
        if not cookie or not self._is_ours(connection.headers.get("origin"), connection.headers.get("host")):
            return None
        return await caller_with_socket_pass(self._house.community, cookie, ip=ip)

    def _is_welcome(self, origin: str, environ: dict[str, Any]) -> bool:
        """Whether a page of this origin may open sockets; only ours and those that are named do so by cookie."""
        return is_welcome(self._house.settings, origin) or self._is_ours(origin, environ.get("HTTP_HOST"))

    def _is_ours(self, origin: str | None, host: str | None) -> bool:
        settings = self._house.settings
        return origin in {*settings.server.cors_origins, settings.public_url, f"http://{host}", f"https://{host}"}

    async def _keep(self) -> None:
        """Tell what happens and show out whose time is over, until the house closes."""
        watching = asyncio.create_task(self._watch())
        try:
            await self._news.follow(self._look_again)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            for each in self._rooms.sockets:
                await self._rooms.show_out(each.sid)
            # The library takes this as the end of the connection, and closes it.
            for connection in self._open:
                connection.cancel()
            await self._server.shutdown()
            await _stop(self._server.manager)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            now = self._house.clock.now()
            for each in self._rooms.sockets:
                if each.visitor is None:
                    continue
                if each.visitor.caller.expires_at <= now:
                    await self._rooms.tell("token_expired", EXPIRED, each.sid)
                    await self._rooms.show_out(each.sid)
                elif now - each.looked_at >= AGAIN:
                    await self._look_at(each, each.visitor)

    async def _look_again(self, user_id: str) -> None:
        """Find out what somebody may do now, because that has changed."""
        for each in self._rooms.sockets:
            if each.visitor is not None and each.visitor.actor.user_id == user_id:
                await self._look_at(each, each.visitor)

    async def _look_at(self, socket: Socket, visitor: Visitor) -> None:
        try:
            caller = await caller_again(self._house.community, visitor.caller)
        except GuildhallError:
            await self._rooms.show_out(socket.sid)
            return
        socket.visitor, socket.looked_at = Visitor(caller), self._house.clock.now()
        await self._news.judge(socket, socket.visitor)


def _manager(house: House) -> Any:  # noqa: ANN401 (untyped)
    """Return what carries to sockets of other processes what any program of the operator says through Redis.

    News of tickets does not go that way: every process hears it by itself, and tells its own sockets.
    """
    url = house.settings.store.redis_url
    return SharedManager(url, channel="guildhall:sockets") if url else LocalManager()


async def _stop(manager: Any) -> None:  # noqa: ANN401 (untyped)
    """End the listening to Redis, which the library would go on with."""
    listening = getattr(manager, "thread", None)
    if listening is not None:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    if getattr(manager, "redis", None) is not None:
        await manager.pubsub.aclose()
        await manager.redis.aclose()
