"""What people do with the bot's commands, components and modals, and what they see of its answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from guildhall.simulator.discord import messages, permissions, wire
from guildhall.simulator.discord.drafts import BUTTON, INTERACTIVE, STRING_SELECT, TEXT_INPUT, Draft, read_upload, walk
from guildhall.simulator.discord.refusals import Json, Refused, missing_permissions, unknown
from guildhall.simulator.discord.state import EPHEMERAL, LOADING, Channel, Message, User
from guildhall.simulator.discord.world import Event, World, token

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
"""Types of interactions."""

PONG, SAY, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 1, 4, 5, 6, 7, 8, 9
"""Types of answers."""

CHAT, OF_USERS, OF_MESSAGES = 1, 2, 3
"""Types of commands."""

SUBCOMMAND, GROUP = 1, 2
USER, CHANNEL, ROLE, MENTIONABLE, ATTACHMENT = 6, 7, 8, 9, 11
"""Types of options."""

GUILDS, WITH_THE_BOT = 0, 1
"""Contexts of commands: in guilds, and in the conversation with the bot."""

KINDS_OF_SELECTS = {5: USER, 6: ROLE, 7: MENTIONABLE, 8: CHANNEL}
"""What the selects offer that have no choices of their own, as the options of commands name it."""

ANSWER_WITHIN = timedelta(seconds=3)
TALK_WITHIN = timedelta(minutes=15)
TYPE_OF_ANSWER = {CHAT: 20, OF_USERS: 23, OF_MESSAGES: 23}
"""The type of the message that answers each type of command."""


@dataclass
class Interaction:
    """Something a person did, and what the bot made of it.

    `answer` is the type of the bot's first answer, None as long as there is none. `original` is the message that the
    answer is, or the one a component stands on. `said` lists all messages that came of it. `choices` are what somebody
    was offered who still types.
    """

    id: str
    token: str
    type: int
    user: User
    channel: Channel
    at: datetime
    data: Json
    source: Message | None = None
    answer: int | None = None
    original: Message | None = None
    modal: Json | None = None
    choices: list[Json] | None = None
    said: list[Message] = field(default_factory=list)
    waiting: bool = False

    @property
    def settled(self) -> bool:
        """Whether the person sees an answer and not only that the bot is thinking."""
        return self.answer is not None and not self.waiting


@dataclass
class Desk:
    """All interactions, by their tokens and by their ids."""

    world: World
    by_token: dict[str, Interaction] = field(default_factory=dict)
    by_id: dict[str, Interaction] = field(default_factory=dict)

    def use_command(self, user: User, channel: Channel, name: str, options: object) -> Interaction:
        """Let somebody use a command by slash; the name of a subcommand follows that of its command after a space.

        `options` holds values by name. Raises Unknown application command, and 400 for options that do not fit.
        """
        words = name.removeprefix("/").split()
        command = self._command(channel, words[0] if words else "", CHAT)
        self._check_may_use(user, channel, command)
        resolver = Resolver(self.world, channel)
        given = dict(options) if isinstance(options, Mapping) else {}
        data = _command_data(command) | {"options": list(_chosen(command, words[1:], given, resolver))}
        if given:
            raise Refused(400, 0, f"This command has no option {', '.join(map(str, given))}")
        return self._begin(COMMAND, user, channel, resolver.added_to(data))

    def type_option(
        self, user: User, channel: Channel, name: str, options: Mapping[str, object], focused: str
    ) -> Interaction:
        """Let somebody type the value of an option for which the bot makes suggestions.

        `options` holds by name what they entered so far. Raises 400 for an option without suggestions.
        """
        words = name.removeprefix("/").split()
        command = self._command(channel, words[0] if words else "", CHAT)
        self._check_may_use(user, channel, command)
        entered = {focused: "", **options}
        listed = list(_chosen(command, words[1:], entered, Resolver(self.world, channel), focused=focused))
        return self._begin(AUTOCOMPLETE, user, channel, _command_data(command) | {"options": listed})

    def use_menu(self, user: User, channel: Channel, name: str, target_id: str) -> Interaction:
        """Let somebody choose a command in the menu of a user or a message."""
        kind = OF_MESSAGES if target_id in channel.messages else OF_USERS
        command = self._command(channel, name, kind)
        self._check_may_use(user, channel, command)
        resolver = Resolver(self.world, channel)
        if kind == OF_USERS:
            resolver.add(USER, target_id)
        else:
            resolver.add_message(channel.message(target_id))
        data = _command_data(command) | {"target_id": target_id}
        return self._begin(COMMAND, user, channel, resolver.added_to(data))

    def use_component(
        self, user: User, channel: Channel, custom_id: str, values: list[str], message_id: str | None
    ) -> Interaction:
        """Let somebody press a button or choose in a select, by default on the latest message that has it.

        Raises Unknown Message where nobody could press that, 400 where it is disabled.
        """
        message, component = self._component(user, channel, custom_id, message_id)
        if component.get("disabled"):
            raise Refused(400, 0, "This component is disabled")
        resolver = Resolver(self.world, channel)
        data: Json = {"component_type": component["type"], "custom_id": custom_id, "id": component["id"]}
        if component["type"] != BUTTON:
            data["values"] = _selected(component, values, resolver)
        return self._begin(COMPONENT, user, channel, resolver.added_to(data), source=message)

    def submit(self, user: User, channel: Channel, custom_id: str, values: Mapping[str, object]) -> Interaction:
        """Let somebody send a modal that they see. `values` holds what they entered by the fields' custom ids."""
        shown = next((each for each in self._of(user) if each.modal and each.modal["custom_id"] == custom_id), None)
        if shown is None or shown.modal is None:
            raise unknown("Interaction")
        resolver = Resolver(self.world, channel)
        data = {"custom_id": custom_id, "components": _entered(shown.modal["components"], values, resolver)}
        shown.modal = None
        return self._begin(MODAL_SUBMIT, user, channel, resolver.added_to(data), source=shown.source)

    def answer(
        self, interaction_id: str, answer_token: str, kind: int, draft: Draft, modal: Json, choices: list[Json]
    ) -> Interaction:
        """Take the bot's first answer.

        Raises Unknown Interaction when it is unknown or late, 400 with 40060 when there was an answer already.
        """
        found = self.by_id.get(interaction_id)
        if found is None or found.token != answer_token:
            raise unknown("Interaction")
        if found.answer is not None:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        if self.world.now() - found.at > ANSWER_WITHIN:
            raise unknown("Interaction")
        if kind in {SAY, DEFER}:
            self._say(found, draft, loading=kind == DEFER)
        elif kind in {UPDATE, DEFER_UPDATE}:
            self._update(found, draft if kind == UPDATE else None)
        elif kind == MODAL:
            found.modal = modal
        elif kind == CHOICES and found.type == AUTOCOMPLETE:
            found.choices = choices
        elif kind != PONG:
            raise Refused(400, 50035, "Invalid Form Body", errors={"type": _choice_error()})
        found.answer = kind
        self.world.stir()
        return found

    def follow(self, found: Interaction, draft: Draft) -> Message:
        """Post another message. Right after a deferred answer it is that answer."""
        if found.waiting and found.original is not None:
            self.revise(found, found.original, draft)
            return found.original
        message = self._post(found, draft)
        found.waiting = False
        return message

    def withdraw(self, found: Interaction, message: Message) -> None:
        """Remove a message of an interaction. An answer that was put off is due still, in a message of its own."""
        if found.original is message:
            found.original = None
        found.said = [each for each in found.said if each is not message]
        messages.delete(self.world, found.channel, message)

    def revise(self, found: Interaction, message: Message, draft: Draft) -> None:
        """Change a message of an interaction, or give the answer that was put off."""
        if found.waiting and message is found.original:
            if draft.empty:
                raise messages.nothing_to_see()
            found.waiting = False
            message.flags &= ~LOADING
        messages.edit(self.world, found.channel, message, draft)
        self.world.stir()

    def talk(self, answer_token: str) -> Interaction:
        """Return the interaction that messages may still be sent for.

        Raises Unknown Webhook where nobody answered yet, 401 after a quarter of an hour.
        """
        found = self.by_token.get(answer_token)
        if found is None or found.answer is None:
            raise unknown("Webhook")
        if self.world.now() - found.at > TALK_WITHIN:
            raise Refused(401, 50027, "Invalid Webhook Token")
        return found

    def _begin(
        self, kind: int, user: User, channel: Channel, data: Json, *, source: Message | None = None
    ) -> Interaction:
        world = self.world
        for each in [one for one in self.by_id.values() if world.now() - one.at > TALK_WITHIN * 2]:
            del self.by_id[each.id], self.by_token[each.token]
        begun = Interaction(world.new_id(), token(), kind, user, channel, world.now(), data, source)
        self.by_token[begun.token] = self.by_id[begun.id] = begun
        world.publish(Event("INTERACTION_CREATE", self._wire(begun), guild_id=channel.guild_id))
        return begun

    def _wire(self, begun: Interaction) -> Json:
        world, guild = self.world, self.world.guild_of(begun.channel)
        shown: Json = {
            "id": begun.id,
            "application_id": world.application.id,
            "type": begun.type,
            "data": begun.data,
            "token": begun.token,
            "version": 1,
            "channel_id": begun.channel.id,
            "channel": wire.channel(begun.channel),
            "app_permissions": str(world.permissions(begun.channel, world.bot)),
            "locale": begun.user.locale,
            "entitlements": [],
            "attachment_size_limit": 10485760,
            "context": WITH_THE_BOT if guild is None else GUILDS,
            "authorizing_integration_owners": {"0": guild.id if guild else "0"},
        }
        if begun.source is not None:
            shown["message"] = wire.message(begun.source, world.address, seen_by=world.bot.id)
        if guild is None:
            return shown | {"user": wire.user(begun.user)}
        granted = str(world.permissions(begun.channel, begun.user))
        member = wire.member(guild.member(begun.user.id)) | {"permissions": granted}
        return shown | {"guild_id": guild.id, "guild_locale": guild.locale, "member": member, "guild": {"id": guild.id}}

    def _command(self, channel: Channel, name: str, kind: int) -> Json:
        scopes = [channel.guild_id, ""] if channel.guild_id else [""]
        for scope in scopes:
            for each in self.world.application.commands.get(str(scope), {}).values():
                if each["name"] == name and each["type"] == kind and _offered(each, channel):
                    return each
        raise unknown("application command")

    def _check_may_use(self, user: User, channel: Channel, command: Json) -> None:
        wanted = permissions.Permission.USE_APPLICATION_COMMANDS
        self.world.require(channel, user, wanted)
        needed = command["default_member_permissions"]
        if channel.guild_id is None or needed is None:
            return
        # A command for which the number is 0 is for administrators alone.
        granted = self.world.permissions(channel, user)
        if int(needed) & ~granted or (needed == "0" and granted != permissions.EVERYTHING):
            raise missing_permissions()

    def _component(self, user: User, channel: Channel, custom_id: str, message_id: str | None) -> tuple[Message, Json]:
        self.world.require(channel, user, 0)
        for message in reversed(channel.messages.values()):
            if message_id not in {None, message.id} or message.visible_to not in {None, user.id}:
                continue
            for each in walk(message.components):
                if each.get("custom_id") == custom_id:
                    return message, each
        raise unknown("Message")

    def _of(self, user: User) -> Iterator[Interaction]:
        return (each for each in reversed(self.by_id.values()) if each.user == user)

    def _say(self, found: Interaction, draft: Draft, *, loading: bool) -> None:
        """Answer with a message, or with the sign that the bot is thinking, which is a message too."""
        found.original = self._post(found, Draft(flags=draft.flags) if loading else draft, loading=loading)
        found.waiting = loading

    def _post(self, found: Interaction, draft: Draft, *, loading: bool = False) -> Message:
        if draft.empty and not loading:
            raise messages.nothing_to_see()
        message = Message(
            self.world.new_id(),
            found.channel.id,
            self.world.bot,
            "",
            self.world.now(),
            type=TYPE_OF_ANSWER[found.data["type"]] if found.type == COMMAND else 0,
            flags=(draft.flags & ~EPHEMERAL) | (LOADING if loading else 0),
            application_id=self.world.application.id,
            webhook_id=self.world.application.id,
            interaction=self._metadata(found),
            visible_to=found.user.id if draft.flags & EPHEMERAL else None,
        )
        messages.put(self.world, found.channel, message, draft)
        found.said.append(message)
        return message

    def _update(self, found: Interaction, draft: Draft | None) -> None:
        if found.source is None:
            raise Refused(400, 50035, "Invalid Form Body", errors={"type": _choice_error()})
        found.original = found.source
        if draft is not None:
            messages.edit(self.world, found.channel, found.source, draft)

    def _metadata(self, found: Interaction) -> Json:
        guild_id = found.channel.guild_id
        shown = {
            "id": found.id,
            "type": found.type,
            "user": wire.user(found.user),
            "authorizing_integration_owners": {"0": guild_id or "0"},
        }
        if found.type == COMPONENT and found.source is not None:
            shown["interacted_message_id"] = found.source.id
        if found.type == MODAL_SUBMIT:
            shown["triggering_interaction_metadata"] = shown | {"type": COMMAND}
        return shown


@dataclass
class Resolver:
    """Gathers what the values of an interaction name, so that the bot need not ask for it."""

    world: World
    channel: Channel
    found: dict[str, Json] = field(default_factory=dict)

    def add(self, kind: int, value: str) -> None:
        """Add what a value names. Raises Unknown User, Role or Channel."""
        guild = self.world.guild_of(self.channel)
        is_role = guild is not None and value in guild.roles
        if kind == ROLE or (kind == MENTIONABLE and is_role):
            if guild is None:
                raise unknown("Role")
            self._put("roles", value, wire.role(guild.role(value)))
        elif kind == CHANNEL:
            there = self.world.channel(value)
            granted = str(self.world.permissions(there, self.world.bot))
            self._put("channels", value, wire.channel(there) | {"permissions": granted})
        else:
            self._put("users", value, wire.user(self.world.user(value)))
            if guild is not None and value in guild.members:
                granted = str(self.world.permissions(self.channel, self.world.user(value)))
                self._put("members", value, wire.member_alone(guild.members[value]) | {"permissions": granted})

    def add_message(self, message: Message) -> None:
        """Add a message."""
        self._put("messages", message.id, wire.message(message, self.world.address, seen_by=self.world.bot.id))

    def add_file(self, sent: Json) -> str:
        """Keep a file that goes with a command, add it and return its id. Raises Invalid Form Body."""
        upload = read_upload(sent)
        kept = self.world.keep_file(self.channel, upload.filename, upload.content_type, upload.content)
        self._put("attachments", kept.id, wire.attachment(kept, self.world.address))
        return kept.id

    def added_to(self, data: Json) -> Json:
        """Return the data of an interaction with what was found."""
        return data | ({"resolved": self.found} if self.found else {})

    def _put(self, kind: str, key: str, value: Json) -> None:
        self.found.setdefault(kind, {})[key] = value


def _choice_error() -> Json:
    return {"_errors": [{"code": "BASE_TYPE_CHOICES", "message": "Value must be one of the types of answers."}]}


def _offered(command: Json, channel: Channel) -> bool:
    """Tell whether a command is there in this kind of channel: in guilds, and unless it says no also in private."""
    context = GUILDS if channel.guild_id else WITH_THE_BOT
    if command.get("contexts"):
        return context in command["contexts"]
    return context == GUILDS or bool(command["dm_permission"])


def _command_data(command: Json) -> Json:
    shown = {"id": command["id"], "name": command["name"], "type": command["type"]}
    return shown | ({"guild_id": command["guild_id"]} if "guild_id" in command else {})


def _chosen(
    definition: Json, words: list[str], given: dict[str, Any], resolver: Resolver, *, focused: str | None = None
) -> Iterator[Json]:
    """Yield the options of a command as the bot receives them, and take them out of what was given.

    While somebody types, one option has the focus, and none is required yet.
    """
    options = definition.get("options", [])
    below = next((each for each in options if words and each["name"] == words[0]), None)
    if below is not None and below["type"] in {SUBCOMMAND, GROUP}:
        inner = list(_chosen(below, words[1:], given, resolver, focused=focused))
        yield {"name": below["name"], "type": below["type"], "options": inner}
        return
    if words or any(each["type"] in {SUBCOMMAND, GROUP} for each in options):
        raise unknown("application command")
    for each in options:
        if focused is not None and each["name"] == focused:
            if not each.get("autocomplete"):
                raise Refused(400, 0, f"The option {focused} has no suggestions")
            yield {"name": focused, "type": each["type"], "value": given.pop(focused), "focused": True}
        elif each["name"] in given:
            yield {
                "name": each["name"],
                "type": each["type"],
                "value": _fitting(each, given.pop(each["name"]), resolver),
            }
        elif each.get("required") and focused is None:
            raise Refused(400, 0, f"The option {each['name']} is required")


def _fitting(option: Json, value: object, resolver: Resolver) -> object:
    """Return a value as the client of a person would send it. Raises 400 where it would not let them."""
    kinds: dict[int, tuple[type, ...]] = {3: (str,), 4: (int,), 5: (bool,), 10: (int, float), ATTACHMENT: (dict,)}
    wanted = kinds.get(option["type"], (str,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise Refused(400, 0, f"The option {option['name']} takes another kind of value")
    if isinstance(value, dict):
        return resolver.add_file(value)
    if option.get("choices") and value not in {each["value"] for each in option["choices"]}:
        raise Refused(400, 0, f"The option {option['name']} has no choice {value}")
    if option["type"] in {USER, CHANNEL, ROLE, MENTIONABLE}:
        resolver.add(option["type"], str(value))
    return value


def _selected(component: Json, values: list[str], resolver: Resolver) -> list[str]:
    if not component["min_values"] <= len(values) <= component["max_values"]:
        raise Refused(400, 0, f"Choose {component['min_values']} to {component['max_values']} values")
    if component["type"] == STRING_SELECT:
        offered = {each["value"] for each in component["options"]}
        if not set(values) <= offered:
            raise Refused(400, 0, f"The choices are {', '.join(sorted(offered))}")
    for each in values:
        if component["type"] in KINDS_OF_SELECTS:
            resolver.add(KINDS_OF_SELECTS[component["type"]], each)
    return values


def _entered(components: list[Json], values: Mapping[str, object], resolver: Resolver) -> list[Json]:
    """Return the fields of a modal with what somebody entered, in the arrangement in which they were shown."""
    return [_filled(each, values, resolver) for each in components]


def _filled(shown: Json, values: Mapping[str, object], resolver: Resolver) -> Json:
    sent = {"type": shown["type"], "id": shown["id"]}
    if "component" in shown:
        sent["component"] = _filled(shown["component"], values, resolver)
    if "components" in shown:
        sent["components"] = _entered(shown["components"], values, resolver)
    if shown["type"] not in INTERACTIVE:
        return sent
    name = shown["custom_id"]
    if shown["type"] == TEXT_INPUT:
        return sent | {"custom_id": name, "value": _written(shown, str(values.get(name) or shown.get("value") or ""))}
    chosen = values.get(name, [])
    listed = [str(each) for each in chosen] if isinstance(chosen, list) else [str(chosen)]
    return sent | {"custom_id": name, "values": _selected(shown, listed, resolver)}


def _written(field_shown: Json, text: str) -> str:
    least = field_shown.get("min_length", 1 if field_shown.get("required", True) else 0)
    if not least <= len(text) <= field_shown.get("max_length", 4000):
        raise Refused(400, 0, f"The field {field_shown['custom_id']} takes {least} characters or more, up to its limit")
    return text


def seen(world: World, found: Interaction) -> Json:
    """Return what the person sees: the control side's answer about an interaction."""
    if found.answer is None:
        return {"id": found.id, "answered": False, "notice": "The application did not respond"}
    message = found.original
    shown = wire.message(message, world.address, seen_by=found.user.id) if message else {}
    later = [each for each in found.said if each is not message]
    return {
        "id": found.id,
        "answered": True,
        "type": found.answer,
        "thinking": found.waiting,
        "choices": found.choices,
        "message_id": shown.get("id"),
        "content": shown.get("content"),
        "embeds": shown.get("embeds", []),
        "components": shown.get("components", []),
        "attachments": shown.get("attachments", []),
        "ephemeral": message is not None and message.visible_to is not None,
        "modal": found.modal,
        "followups": [wire.message(each, world.address, seen_by=found.user.id) for each in later],
    }
