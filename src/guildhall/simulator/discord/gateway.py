"""The gateway: sessions that outlive their connections, heartbeats, replay, and who hears what."""

import asyncio
import contextlib
import secrets
import zlib
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from guildhall.simulator.discord import threads, wire
from guildhall.simulator.discord.permissions import Permission, in_guild
from guildhall.simulator.discord.refusals import Json
from guildhall.simulator.discord.state import DM, Guild, Member, User
from guildhall.simulator.discord.world import PRIVILEGED, Event, Intent, World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE = 0, 1, 2, 3, 4
RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = 6, 7, 8, 9, 10, 11
"""Operations. There is no fifth any more."""

REMEMBERED = 2000
"""Events that a session can replay."""

RESUMABLE = timedelta(minutes=5)
"""How long a session without a connection is kept."""

GOODBYE = frozenset({1000, 1001})
"""Codes by which a client says that it will not resume."""

PARTING = 1.0
"""Seconds in which a client has to say that it saw the end of a connection."""

HEARTBEAT_INTERVAL = 41.25
KNOWN_INTENTS = (1 << 26) - 1
API_VERSION = "10"
"""The only version of the protocol that is spoken."""


class Closed(Exception):
    """The connection is over, with this code for the client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass
class Session:
    """What a bot subscribed to. It lives on when the connection is lost, so that what was missed can be replayed."""

    id: str
    intents: int
    shard: tuple[int, int]
    sequence: int = 0
    told: deque[tuple[int, Json]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    connection: "Connection | None" = None
    left_at: datetime | None = None
    presence: Json = field(default_factory=dict)

    def tell(self, name: str, data: Json) -> None:
        """Send an event now, or when the client comes back."""
        self.sequence += 1
        frame = {"op": DISPATCH, "t": name, "s": self.sequence, "d": data}
        self.told.append((self.sequence, frame))
        if self.connection is not None:
            self.connection.send(frame)

    def can_replay(self, sequence: int) -> bool:
        """Whether everything after this number is still there."""
        return sequence == self.sequence or any(number == sequence + 1 for number, _ in self.told)


class Connection:
    """One WebSocket. What is sent goes out in order; all of it passes one compressor where the client wants that."""

    def __init__(self, socket: web.WebSocketResponse, *, compressed: bool) -> None:
        self._socket = socket
        self._compressor = zlib.compressobj() if compressed else None
        self._outgoing: asyncio.Queue[Json | Closed] = asyncio.Queue()
        self.session: Session | None = None
        self.alive = True

    def send(self, frame: Json) -> None:
        """Send a frame after those before it."""
        self._outgoing.put_nowait(frame)

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection after what is on its way."""
        self.alive = False
        if self.session is not None and self.session.connection is self:
            self.session.connection = None
        self._outgoing.put_nowait(Closed(code, reason))

    async def deliver(self) -> None:
        """Send what is to be sent until the connection is closed."""
        while not isinstance(next_one := await self._outgoing.get(), Closed):
            # The client may be gone already; the session keeps what was told, and the reader sees the end.
            with contextlib.suppress(ConnectionError):
                await self._write(msgspec.json.encode(next_one))
        await self._socket.close(code=next_one.code, message=next_one.reason.encode())

    async def _write(self, text: bytes) -> None:
        if self._compressor is None:
            await self._socket.send_str(text.decode())
        else:
            await self._socket.send_bytes(self._compressor.compress(text) + self._compressor.flush(zlib.Z_SYNC_FLUSH))


class Gateway:
    """All sessions of the bot."""

    def __init__(self, world: World, address: str, *, heartbeat: float = HEARTBEAT_INTERVAL, chunk: int = 1000) -> None:
        """Take where it is reached, the seconds between heartbeats, and the members that one chunk holds at most."""
        self.address = address
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.identified = 0
        self._world = world
        self._heartbeat = heartbeat
        self._chunk = chunk
        world.listen(self._hear)

    async def meet(self, request: web.Request) -> web.WebSocketResponse:
        """Talk with a client until one of both has enough."""
        socket = web.WebSocketResponse(timeout=PARTING, compress=False, max_msg_size=1 << 16)
        await socket.prepare(request)
        connection = Connection(socket, compressed=request.query.get("compress") == "zlib-stream")
        self.connections.add(connection)
        delivery = asyncio.create_task(connection.deliver())
        timer = self._expect_heartbeat(connection)
        try:
            if request.query.get("v", API_VERSION) != API_VERSION:
                raise Closed(4012, "Invalid API version")  # noqa: TRY301 (closed below as any other)
            connection.send(_frame(HELLO, data={"heartbeat_interval": int(self._heartbeat * 1000), "_trace": []}))
            async for each in socket:
                if each.type not in {WSMsgType.TEXT, WSMsgType.BINARY} or not connection.alive:
                    continue
                timer.cancel()
                timer = self._expect_heartbeat(connection)
                self._take(connection, _read(each.data))
        except Closed as over:
            connection.close(over.code, over.reason)
        finally:
            timer.cancel()
            self.connections.discard(connection)
            self._part(connection, goodbye=socket.close_code in GOODBYE)
            await delivery
            self._world.stir()
        return socket

    def _part(self, connection: Connection, *, goodbye: bool) -> None:
        """Let a connection end. Whoever said goodbye cannot resume; others can for a while."""
        session, goodbye = connection.session, goodbye and connection.alive
        connection.close(1000)
        if session is None or session.connection is not None:
            return
        session.left_at = self._world.now()
        if goodbye:
            self.sessions.pop(session.id, None)

    def _expect_heartbeat(self, connection: Connection) -> asyncio.TimerHandle:
        """Close a connection from which nothing came for too long. It waits in real time, as a client's timer does."""
        patience = 2 * self._heartbeat
        return asyncio.get_running_loop().call_later(patience, connection.close, 4009, "Session timed out")

    def _take(self, connection: Connection, frame: Json) -> None:
        """Answer a frame. Raises Closed also for one whose parts are of the wrong kinds."""
        try:
            self._answer(connection, frame)
        except (AttributeError, TypeError, ValueError) as error:
            raise Closed(4002, "Error while decoding payload") from error

    def _answer(self, connection: Connection, frame: Json) -> None:
        """Do what a frame asks for. Raises Closed for what cannot be done."""
        operation, data = frame.get("op"), frame.get("d")
        if operation == HEARTBEAT:
            connection.send(_frame(ACK))
        elif operation in {IDENTIFY, RESUME}:
            if connection.session is not None:
                raise Closed(4005, "Already authenticated")
            self._greet(connection, operation, data if isinstance(data, dict) else {})
        elif connection.session is None:
            raise Closed(4003, "Not authenticated")
        elif operation == MEMBERS:
            self._tell_members(connection.session, data or {})
        elif operation == PRESENCE:
            connection.session.presence = dict(data or {})
            self._world.stir()
        elif operation != VOICE:
            raise Closed(4001, "Unknown opcode")

    def _greet(self, connection: Connection, operation: int, data: Json) -> None:
        if str(data.get("token", "")).removeprefix("Bot ") != self._world.application.token:
            raise Closed(4004, "Authentication failed")
        if operation == IDENTIFY:
            self._identify(connection, data)
        else:
            self._resume(connection, data)
        self._world.stir()

    def _identify(self, connection: Connection, data: Json) -> None:
        intents, shard = data.get("intents"), tuple(data.get("shard") or (0, 1))
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            raise Closed(4013, "Invalid intent(s)")
        if intents & PRIVILEGED & ~self._world.application.privileged:
            raise Closed(4014, "Disallowed intent(s)")
        if len(shard) != 2 or not 0 <= shard[0] < shard[1]:  # noqa: PLR2004 (which of how many)
            raise Closed(4010, "Invalid shard")
        self._forget_the_lost()
        session = Session(secrets.token_hex(16), intents, (shard[0], shard[1]))
        session.presence = dict(data.get("presence") or {})
        self.sessions[session.id] = session
        self.identified += 1
        _join(connection, session)
        guilds = [each for each in self._world.guilds_of(self._world.bot) if _on_shard(session, each.id)]
        session.tell("READY", self._ready(session, guilds))
        for each in guilds:
            session.tell("GUILD_CREATE", self._guild(session, each))

    def _forget_the_lost(self) -> None:
        now = self._world.now()
        for each in [one for one in self.sessions.values() if one.connection is None]:
            if each.left_at is not None and now - each.left_at > RESUMABLE:
                del self.sessions[each.id]

    def _resume(self, connection: Connection, data: Json) -> None:
        session, sequence = self.sessions.get(str(data.get("session_id"))), data.get("seq")
        if session is None or not isinstance(sequence, int):
            connection.send(_frame(INVALID, data=False))
            return
        if sequence > session.sequence:
            raise Closed(4007, "Invalid seq")
        if not session.can_replay(sequence):
            del self.sessions[session.id]
            connection.send(_frame(INVALID, data=False))
            return
        if session.connection is not None:
            session.connection.close(4000, "Resumed elsewhere")
        _join(connection, session)
        for number, frame in session.told:
            if number > sequence:
                connection.send(frame)
        session.tell("RESUMED", {"_trace": []})

    def _ready(self, session: Session, guilds: list[Guild]) -> Json:
        application = self._world.application
        return {
            "v": int(API_VERSION),
            "user": wire.own_user(self._world.bot, email=False),
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.address,
            "shard": list(session.shard),
            "guilds": [{"id": each.id, "unavailable": True} for each in guilds],
            "application": {"id": application.id, "flags": wire.flags(application)},
            "private_channels": [],
            "presences": [],
            "relationships": [],
            "user_settings": {},
            "geo_ordered_rtc_regions": [],
            "auth": {},
            "_trace": [],
        }

    def _guild(self, session: Session, guild: Guild) -> Json:
        """Return a guild as it becomes available: all members for whoever sees presences, else those in voice."""
        members = list(guild.members.values())
        if not session.intents & Intent.GUILD_PRESENCES:
            members = [each for each in members if each.user == self._world.bot or each.user.id in guild.voice]
        return wire.guild(guild) | {
            "joined_at": wire.moment(guild.members[self._world.bot.id].joined_at),
            "large": len(guild.members) > 250,  # noqa: PLR2004 (Discord's number)
            "unavailable": False,
            "member_count": len(guild.members),
            "members": [wire.member(each) for each in members],
            "channels": [wire.channel(each) for each in guild.channels.values()],
            "voice_states": [_state_alone(wire.voice_state(each, guild)) for each in guild.voice.values()],
            "threads": [
                wire.thread(each, seen_by=self._world.bot.id)
                for each in threads.visible(self._world, guild.id, self._world.bot)
            ],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def _tell_members(self, session: Session, data: Json) -> None:
        """Answer a request for members in chunks. All of them are for those alone who may hear of members."""
        guild = self._world.guilds.get(str(data.get("guild_id")))
        if guild is None or self._world.bot.id not in guild.members:
            return
        asked = data.get("user_ids")
        members, missing = self._asked_members(session, guild, data)
        parts = [members[start : start + self._chunk] for start in range(0, len(members), self._chunk)] or [[]]
        nonce = {"nonce": data["nonce"]} if data.get("nonce") else {}
        for index, part in enumerate(parts):
            chunk = {
                "guild_id": guild.id,
                "members": [wire.member(each) for each in part],
                "chunk_index": index,
                "chunk_count": len(parts),
                **({"not_found": missing} if asked else {}),
                **({"presences": []} if data.get("presences") else {}),
                **nonce,
            }
            session.tell("GUILD_MEMBERS_CHUNK", chunk)

    def _asked_members(self, session: Session, guild: Guild, data: Json) -> tuple[list[Member], list[str]]:
        if asked := data.get("user_ids"):
            ids = [str(each) for each in (asked if isinstance(asked, list) else [asked])]
            return [guild.members[each] for each in ids if each in guild.members], [
                each for each in ids if each not in guild.members
            ]
        query, limit = str(data.get("query") or "").lower(), int(data.get("limit") or 0)
        if not (query or limit) and not session.intents & Intent.GUILD_MEMBERS:
            raise Closed(4014, "Disallowed intent(s)")
        found = [each for each in guild.members.values() if _called(each, query)]
        return found[: limit or None], []

    def _hear(self, event: Event) -> None:
        for session in self.sessions.values():
            if self._concerns(session, event):
                session.tell(event.name, self._as_told(session, event))

    def _concerns(self, session: Session, event: Event) -> bool:
        is_asked_for = not event.intent or bool(session.intents & event.intent)
        if not is_asked_for or (event.guild_id is not None and not _on_shard(session, event.guild_id)):
            return False
        guild = self._world.guilds.get(event.guild_id or "")
        if guild is not None and self._world.bot.id not in guild.members:
            return event.name == "GUILD_DELETE"
        if guild is not None and event.needed:
            return not event.needed & ~in_guild(guild, guild.members[self._world.bot.id])
        if event.channel is None:
            return True
        if event.channel.type == DM and session.shard[0] != 0:
            return False
        return bool(self._world.permissions(event.channel, self._world.bot) & Permission.VIEW_CHANNEL)

    def _as_told(self, session: Session, event: Event) -> Json:
        """Return what an event says to this session: what others wrote is for those who may read it."""
        if event.name == "GUILD_CREATE":
            joined = self._guild(session, self._world.guilds[event.data["id"]])
            # Its absence tells a guild that the bot just joined from one that becomes available.
            del joined["unavailable"]
            return joined
        if not event.name.startswith("MESSAGE_") or "content" not in event.data:
            return event.data
        bot = self._world.bot.id
        open_to_it = (
            session.intents & Intent.MESSAGE_CONTENT
            or event.guild_id is None
            or event.data["author"]["id"] == bot
            or any(each["id"] == bot for each in event.data["mentions"])
        )
        hidden = {"content": "", "embeds": [], "attachments": [], "components": []}
        return event.data if open_to_it else event.data | hidden

    def tell_everybody(self, name: str, data: Json) -> None:
        """Send any event to every session, also one that Discord would not send: for tests of what then happens."""
        for each in self.sessions.values():
            each.tell(name, data)

    def drop(self, code: int = 4000) -> None:
        """Close every connection; sessions stay, so that clients can resume."""
        for each in list(self.connections):
            each.close(code, "Dropped")

    def reconnect(self) -> None:
        """Ask every client to connect anew and resume."""
        for each in list(self.connections):
            each.send(_frame(RECONNECT))

    def invalidate(self) -> None:
        """Forget every session and tell those who are connected."""
        for each in self.sessions.values():
            if each.connection is not None:
                each.connection.send(_frame(INVALID, data=False))
                each.connection.session = None
        self.sessions.clear()

    def ask_for_heartbeat(self) -> None:
        """Ask every client for a heartbeat at once."""
        for each in self.connections:
            each.send(_frame(HEARTBEAT))


def _frame(operation: int, *, data: object = None) -> Json:
    """Return a frame: clients insist on all four fields."""
    return {"op": operation, "d": data, "s": None, "t": None}


def _read(sent: str | bytes) -> Json:
    try:
        frame: Any = msgspec.json.decode(sent)
    except msgspec.DecodeError as error:
        raise Closed(4002, "Error while decoding payload") from error
    if not isinstance(frame, dict):
        raise Closed(4002, "Error while decoding payload")
    return frame


def _join(connection: Connection, session: Session) -> None:
    connection.session, session.connection = session, connection


def _on_shard(session: Session, guild_id: str) -> bool:
    which, of = session.shard
    return (int(guild_id) >> 22) % of == which


def _state_alone(state: Json) -> Json:
    """Return a voice state as a guild holds it: the guild is clear, and the member is beside it."""
    return {name: value for name, value in state.items() if name not in {"guild_id", "member"}}


def _called(member: Member, query: str) -> bool:
    return any(name.lower().startswith(query) for name in names(member))


def names(member: Member) -> list[str]:
    """Return the names by which a member is searched."""
    person: User = member.user
    return [name for name in (member.nick, person.global_name, person.username) if name is not None]
