"""The application's commands, everywhere and in single guilds."""

import re
from typing import Any

from guildhall.simulator.discord.forms import Form
from guildhall.simulator.discord.interactions import CHAT, OF_MESSAGES, OF_USERS
from guildhall.simulator.discord.refusals import Json, Refused, missing_access, unknown
from guildhall.simulator.discord.rest.call import Call, Reply, Table

NAME = re.compile(r"[-_'\w]{1,32}")
"""What a command by slash, or an option, may be called; in small letters."""

MOST = {CHAT: 100, OF_USERS: 15, OF_MESSAGES: 15}
"""How many commands of a type there may be in one scope."""

PASSED_ON = ("name_localizations", "description_localizations", "contexts", "options")


def list_commands(call: Call) -> list[Json]:
    """List the commands of a scope."""
    return list(_scope(call).values())


def get_command(call: Call) -> Json:
    """Return a command."""
    return _command(call)


def create_command(call: Call) -> object:
    """Add a command; one of the same name and type is replaced and keeps its id."""
    scope = _scope(call)
    form = call.form
    _judge(form, "", call.body)
    form.check()
    there = _like(scope, call.body)
    made = _made(call, call.body, there)
    scope[made["id"]] = made
    _check_room(scope)
    return made if there else Reply(201, made)


def replace_commands(call: Call) -> list[Json]:
    """Let these be all commands of the scope; those that were there keep their ids."""
    scope, form = _scope(call), Form({})
    for index, each in enumerate(call.items):
        _judge(form, f"{index}.", each)
        if any(_key(one) == _key(each) for one in call.items[:index]):
            message = "Application command names must be unique"
            form.fail(f"{index}.name", "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
    form.check()
    made = [_made(call, each, _like(scope, each)) for each in call.items]
    wanted = {each["id"]: each for each in made}
    _check_room(wanted)
    scope.clear()
    scope.update(wanted)
    return made


def change_command(call: Call) -> Json:
    """Change a command."""
    there, form = _command(call), call.form
    body = {**there, **call.body}
    _judge(form, "", body)
    form.check()
    made = _made(call, body, there)
    _scope(call)[made["id"]] = made
    return made


def delete_command(call: Call) -> None:
    """Remove a command."""
    del _scope(call)[_command(call)["id"]]


def _scope(call: Call) -> dict[str, Json]:
    """Return the commands that an address is about. Raises for another application and for a guild without the bot."""
    application = call.world.application
    if call.parts["application"] != application.id:
        raise missing_access()
    guild_id = call.guild.id if "guild" in call.parts else ""
    return application.commands.setdefault(guild_id, {})


def _command(call: Call) -> Json:
    found = _scope(call).get(call.parts["command"])
    if found is None:
        raise unknown("application command")
    return found


def _key(body: Json) -> tuple[Any, Any]:
    return body.get("name"), body.get("type") or CHAT


def _like(scope: dict[str, Json], body: Json) -> Json | None:
    return next((each for each in scope.values() if _key(each) == _key(body)), None)


def _made(call: Call, body: Json, there: Json | None) -> Json:
    """Return a command as it is read back."""
    guild = {"guild_id": call.parts["guild"]} if "guild" in call.parts else {}
    needed = body.get("default_member_permissions")
    return {
        "id": there["id"] if there else call.world.new_id(),
        "application_id": call.world.application.id,
        "version": call.world.new_id(),
        "type": body.get("type") or CHAT,
        "name": body["name"],
        "description": body.get("description") or "",
        "default_member_permissions": None if needed is None else str(needed),
        "nsfw": bool(body.get("nsfw")),
        "dm_permission": body.get("dm_permission") is not False,
        "integration_types": body.get("integration_types") or [0],
        **{name: body[name] for name in PASSED_ON if body.get(name) is not None},
        **guild,
    }


def _check_room(scope: dict[str, Json]) -> None:
    for kind, most in MOST.items():
        if sum(each["type"] == kind for each in scope.values()) > most:
            raise Refused(400, 30032, f"Maximum number of application commands reached ({most}).")


def _judge(form: Form, path: str, body: Json) -> None:
    """Note what is wrong with a command."""
    if (body.get("type") or CHAT) != CHAT:
        form.measure(f"{path}name", str(body.get("name") or ""), least=1, most=32)
        return
    _judge_named(form, path, body)
    _judge_options(form, path, body.get("options") or [])


def _judge_options(form: Form, path: str, options: list[Json]) -> None:
    if len(options) > 25:  # noqa: PLR2004 (Discord's bound)
        form.fail(f"{path}options", "BASE_TYPE_BAD_LENGTH", "Must be between 0 and 25 in length.")
    optional_before = False
    for index, each in enumerate(options):
        below = f"{path}options.{index}."
        _judge_named(form, below, each)
        if each.get("required") and optional_before:
            message = "Required options must be placed before non-required options"
            form.fail(f"{path}options", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional_before = optional_before or not each.get("required")
        _judge_options(form, below, each.get("options") or [])


def _judge_named(form: Form, path: str, body: Json) -> None:
    name = str(body.get("name") or "")
    if not NAME.fullmatch(name) or name != name.lower():
        form.fail(f"{path}name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    form.measure(f"{path}description", str(body.get("description") or ""), least=1, most=100)


TABLE: Table = [
    (method, f"/applications/{{application}}{where}/commands{path}", handler)
    for where in ("", "/guilds/{guild}")
    for method, path, handler in (
        ("GET", "", list_commands),
        ("POST", "", create_command),
        ("PUT", "", replace_commands),
        ("GET", "/{command}", get_command),
        ("PATCH", "/{command}", change_command),
        ("DELETE", "/{command}", delete_command),
    )
]
