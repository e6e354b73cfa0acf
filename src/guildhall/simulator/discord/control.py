"""The control side, below `/_sim`: what people do, what goes wrong, and what the world looks like.

It answers this machine alone. Whoever steers needs no token; people are still held to what Discord lets them do.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeAlias

import msgspec
from aiohttp import web

from guildhall.simulator.discord import auditing, guilds, messages, people, threads, wire
from guildhall.simulator.discord.auditing import Deed
from guildhall.simulator.discord.drafts import read, read_upload
from guildhall.simulator.discord.faults import Fault, Faults
from guildhall.simulator.discord.forms import Form
from guildhall.simulator.discord.gateway import Gateway
from guildhall.simulator.discord.interactions import Desk, Interaction, seen
from guildhall.simulator.discord.refusals import Json, Refused, check_may_steer
from guildhall.simulator.discord.state import TEXT, Channel, Guild, Message, Role, User
from guildhall.simulator.discord.world import World

PATIENCE = 5.0
"""Seconds that an answer about an interaction waits for the bot, unless it was asked to wait otherwise."""

DROPPED = 4000
BESIDE = ("sticker_items", "poll", "message_snapshots")
"""What people send beside words and files, taken as it is told."""


Steering: TypeAlias = Callable[["Turn"], object | Awaitable[object]]


@dataclass(frozen=True)
class Turn:
    """A request of the control side."""

    body: Json
    parts: dict[str, str]

    def text(self, name: str) -> str:
        """Return a field that has to be there. Raises Invalid Form Body."""
        form = Form(self.body)
        value = form.text(name, most=4000, required=True)
        form.check()
        return str(value)

    def optional(self, name: str) -> str | None:
        """Return a field as text, None when it is absent or null."""
        value = self.body.get(name)
        return None if value is None else str(value)


class Control:
    """Answers the control side."""

    def __init__(self, world: World, gateway: Gateway, desk: Desk, faults: Faults) -> None:
        self._world = world
        self._gateway = gateway
        self._desk = desk
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """Return what the control side answers."""
        table: list[tuple[str, str, Steering]] = [
            ("GET", "/state", self.show),
            ("POST", "/guilds", self.add_guild),
            ("POST", "/guilds/{guild}/channels", self.add_channel),
            ("POST", "/guilds/{guild}/roles", self.add_role),
            ("POST", "/users", self.add_user),
            ("PUT", "/guilds/{guild}/members/{user}", self.put_member),
            ("DELETE", "/guilds/{guild}/members/{user}", self.remove_member),
            ("POST", "/voice", self.change_voice),
            ("POST", "/messages", self.post),
            ("PATCH", "/messages/{channel}/{message}", self.edit),
            ("DELETE", "/messages/{channel}/{message}", self.delete),
            ("POST", "/reactions", self.react),
            ("POST", "/typing", self.type_in),
            ("POST", "/interactions", self.interact),
            ("POST", "/faults", self.make_trouble),
            ("DELETE", "/faults", self.end_trouble),
            ("POST", "/clock", self.advance),
        ]
        return [web.route(method, f"/_sim{path}", _answering(steering)) for method, path, steering in table]

    def show(self, _: Turn) -> Json:
        """Return all there is."""
        world = self._world
        conversations = [each for each in world.channels.values() if each.guild_id is None]
        return {
            "now": wire.moment(world.now()),
            "application": {"id": world.application.id, "name": world.application.name, "bot_id": world.bot.id},
            "users": [wire.user(each) | {"closed": each.closed} for each in world.users.values()],
            "guilds": [self._shown(each) for each in world.guilds.values()],
            "dms": [wire.channel(each) | {"messages": self._messages(each)} for each in conversations],
            "commands": {scope: list(each.values()) for scope, each in world.application.commands.items()},
            "gateways": [
                {
                    "session_id": each.id,
                    "connected": each.connection is not None,
                    "intents": each.intents,
                    "presence": each.presence,
                }
                for each in self._gateway.sessions.values()
            ],
        }

    def _shown(self, guild: Guild) -> Json:
        return wire.guild(guild) | {
            "channels": [wire.channel(each) | {"messages": self._messages(each)} for each in guild.channels.values()],
            "threads": [
                wire.thread(each) | {"member_ids": list(each.members), "messages": self._messages(each)}
                for each in guild.threads.values()
            ],
            "members": [wire.member(each) for each in guild.members.values()],
            "voice_states": [wire.voice_state(each, guild) for each in guild.voice.values()],
            "bans": [{"user": wire.user(each.user), "reason": each.reason} for each in guild.bans.values()],
            "audit_log": [wire.audit_entry(each) for each in guild.audit],
        }

    def _messages(self, channel: Channel) -> list[Json]:
        return [
            wire.message(each, self._world.address, seen_by=self._world.bot.id) for each in channel.messages.values()
        ]

    def add_guild(self, turn: Turn) -> Json:
        """Found a guild with the bot in it; without an owner the application's owner has it."""
        owner = turn.optional("owner")
        user = self._world.user(owner) if owner else self._world.application.owner
        return self._shown(guilds.found(self._world, turn.text("name"), user))

    def add_channel(self, turn: Turn) -> Json:
        """Add a channel."""
        guild, kind = self._world.guild(turn.parts["guild"]), int(turn.body.get("type", TEXT))
        channel = Channel(self._world.new_id(), kind, turn.text("name"), guild.id, guilds.next_position(guild, kind))
        parent = turn.optional("parent_id")
        channel.parent_id = self._world.channel(parent).id if parent else None
        channel.overwrites = guilds.overwrites(turn.body.get("permission_overwrites", []))
        guilds.create_channel(self._world, guild, channel)
        self._note(guild, Deed.CHANNEL_CREATE, channel.id, auditing.channel(channel))
        return wire.channel(channel)

    def add_role(self, turn: Turn) -> Json:
        """Add a role."""
        guild = self._world.guild(turn.parts["guild"])
        granted, position = int(turn.body.get("permissions", 0)), int(turn.body.get("position", 1))
        role = Role(self._world.new_id(), turn.text("name"), granted, position)
        guilds.create_role(self._world, guild, role)
        self._note(guild, Deed.ROLE_CREATE, role.id, auditing.role(role))
        return wire.role(role)

    def _note(self, guild: Guild, deed: Deed, target_id: str, after: Json) -> None:
        """Write into the log that the owner has made something."""
        owner, changes = self._world.user(guild.owner_id), auditing.changed({}, after)
        auditing.note(self._world, guild, owner, deed, target_id, changes=changes)

    def add_user(self, turn: Turn) -> Json:
        """Let somebody join Discord, who speaks `locale`; with `closed` they take no direct messages from bots."""
        user = self._world.add_user(turn.text("username"), turn.optional("global_name"))
        user.closed = bool(turn.body.get("closed"))
        user.locale = turn.optional("locale") or user.locale
        return wire.user(user)

    def put_member(self, turn: Turn) -> Json:
        """Let somebody into a guild, or give a member exactly these roles."""
        guild, user = self._world.guild(turn.parts["guild"]), self._world.user(turn.parts["user"])
        roles = [str(each) for each in turn.body.get("roles") or []]
        before = list(guild.members[user.id].roles) if user.id in guild.members else []
        member = people.join(self._world, guild, user, roles)
        auditing.note_roles(self._world, guild, self._world.user(guild.owner_id), member, before, reason=None)
        return wire.member(member)

    def remove_member(self, turn: Turn) -> None:
        """Let somebody leave a guild."""
        guild = self._world.guild(turn.parts["guild"])
        people.leave(self._world, guild, guild.member(turn.parts["user"]))

    def change_voice(self, turn: Turn) -> Json:
        """Let somebody join, move, leave, or change in voice."""
        world, guild = self._world, self._world.guild(turn.text("guild_id"))
        wanted = turn.optional("channel_id")
        flags = {name: bool(turn.body[name]) for name in people.VOICE_FLAGS & turn.body.keys()}
        channel = world.channel(wanted) if wanted else None
        state = people.be_in_voice(world, guild, world.user(turn.text("user_id")), channel, **flags)
        return wire.voice_state(state, guild) if state else {"user_id": turn.text("user_id"), "channel_id": None}

    def post(self, turn: Turn) -> Json:
        """Let somebody write in a channel, or to the bot."""
        author = self._world.user(turn.text("author_id"))
        channel = self._place(turn)
        files = list(map(read_upload, turn.body.get("attachments") or []))
        body = {name: value for name, value in turn.body.items() if name != "attachments"}
        beside = {name: turn.body[name] for name in BESIDE if name in turn.body}
        draft = replace(read(body, dict(enumerate(files))), beside=beside)
        messages.check_may_post(self._world, channel, author, draft)
        return self._message(messages.post(self._world, channel, author, draft))

    def _place(self, turn: Turn) -> Channel:
        """Return the channel that is meant; `dm_of` names whose conversation with the bot."""
        person = turn.optional("dm_of")
        if person is not None:
            return self._world.conversation(self._world.user(person), self._world.bot)
        return self._world.channel(turn.text("channel_id"))

    def edit(self, turn: Turn) -> Json:
        """Let the author of a message change it."""
        channel = self._world.channel(turn.parts["channel"])
        message = channel.message(turn.parts["message"])
        messages.edit(self._world, channel, message, read(turn.body, {}))
        return self._message(message)

    def delete(self, turn: Turn) -> None:
        """Let a message be removed."""
        channel = self._world.channel(turn.parts["channel"])
        messages.delete(self._world, channel, channel.message(turn.parts["message"]))

    def react(self, turn: Turn) -> None:
        """Let somebody react, or with `remove` take that back."""
        channel = self._world.channel(turn.text("channel_id"))
        message, user = channel.message(turn.text("message_id")), self._world.user(turn.text("user_id"))
        self._world.require(channel, user, 0)
        change = messages.unreact if turn.body.get("remove") else messages.react
        change(self._world, channel, message, user, turn.text("emoji"))

    def type_in(self, turn: Turn) -> None:
        """Let somebody type."""
        user, channel = self._world.user(turn.text("user_id")), self._place(turn)
        self._world.require(channel, user, 0)
        messages.type_in(self._world, channel, user)

    async def interact(self, turn: Turn) -> Json:
        """Let somebody use what the bot offers, and return what they see of its answer."""
        channel = self._place(turn)
        begun = self._begin(turn, self._world.user(turn.text("user_id")), channel)
        await self._world.until(lambda: begun.settled, within=float(turn.body.get("wait_seconds", PATIENCE)))
        return seen(self._world, begun)

    def _begin(self, turn: Turn, user: User, channel: Channel) -> Interaction:
        kind, body = turn.body.get("type"), turn.body
        if kind == "command":
            return self._desk.use_command(user, channel, turn.text("name"), body.get("options"))
        if kind == "autocomplete":
            entered = dict(body.get("options") or {})
            return self._desk.type_option(user, channel, turn.text("name"), entered, turn.text("focused"))
        if kind == "menu":
            return self._desk.use_menu(user, channel, turn.text("name"), turn.text("target_id"))
        if kind == "component":
            values = [str(each) for each in body.get("values") or []]
            return self._desk.use_component(user, channel, turn.text("custom_id"), values, turn.optional("message_id"))
        if kind == "modal":
            return self._desk.submit(user, channel, turn.text("custom_id"), body.get("values") or {})
        raise Refused(400, 0, "The type is command, autocomplete, component, modal or menu")

    def make_trouble(self, turn: Turn) -> None:
        """Let something go wrong."""
        body = turn.body
        if body.get("invalidate_sessions"):
            self._gateway.invalidate()
        if body.get("drop_gateway"):
            code = body["drop_gateway"]
            self._gateway.drop(DROPPED if code is True else int(code))
        limit = body.get("rate_limit")
        fault = Fault(
            path=str(body.get("path", Fault.path)),
            status=body.get("status"),
            delay=float(body.get("delay_ms", 0)) / 1000,
            retry_after=_retry_after(limit),
            whole=isinstance(limit, dict) and bool(limit.get("global")),
        )
        if fault.status or fault.delay or fault.retry_after is not None:
            self._faults.add(fault, times=int(body.get("times", 1)))

    def end_trouble(self, _: Turn) -> None:
        """Let everything be well."""
        self._faults.clear()

    def advance(self, turn: Turn) -> Json:
        """Move the world's time ahead."""
        now = self._world.clock.advance(timedelta(seconds=float(turn.body.get("advance_seconds", 0))))
        threads.archive_the_quiet(self._world)
        self._world.stir()
        return {"now": wire.moment(now)}

    def _message(self, message: Message) -> Json:
        return wire.message(message, self._world.address, seen_by=self._world.bot.id)


def _answering(steering: Steering) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            check_may_steer(request.remote)
            given = steering(Turn(_body(await request.read()), dict(request.match_info)))
            if isinstance(given, Awaitable):
                given = await given
        except Refused as refused:
            return web.json_response(refused.body, status=refused.status)
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"message": f"This makes no sense: {error!r}"}, status=400)
        return web.json_response(given, dumps=_dumped) if given is not None else web.Response(status=204)

    return answer


def _body(sent: bytes) -> Json:
    try:
        body: Any = json.loads(sent or b"{}")
    except ValueError as error:
        raise Refused(400, 50109, "The request body contains invalid JSON.") from error
    if not isinstance(body, dict):
        raise Refused(400, 50109, "The request body contains invalid JSON.")
    return body


def _dumped(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _retry_after(limit: object) -> float | None:
    """Return after how many seconds to come back: a limit may be written as that number, or with more beside it."""
    if limit is None or limit is False:
        return None
    return (
        float(limit.get("retry_after", 1)) if isinstance(limit, dict) else float(str(limit if limit is not True else 1))
    )
