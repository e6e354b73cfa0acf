"""What is configured for the front desk and the bot: one form for each section."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import STATUS, GuildhallError, NotFound
from guildhall.domains import site
from guildhall.domains.identity import Permission
from guildhall.domains.site import KINDS, SECRETS, Change, Snapshot
from guildhall.panel.configuration_words import GROUPS, SENTENCES, Group
from guildhall.panel.forms import change, show
from guildhall.panel.pages import page, told
from guildhall.panel.words import message_of
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import number_in_path, read_form
from guildhall.web.bot_control import configure
from guildhall.web.calls import Call
from guildhall.web.house import House

CONFIGURATION: Final = "/panel/desk/configuration"
MANAGE: Final = Permission.MANAGE_CONFIG
LATEST: Final = 10
LONG_TEXT: Final = 500
WINDOW: Final = re.compile(r"\s*(\w{3})\w*\s+([0-9:]+)\s*(?:-|\N{EN DASH}|to)\s*([0-9:]+)\s*")
SECRET: Final = "secret"  # noqa: S105 (the kind of a field)


@dataclass(frozen=True)
class Field:
    """How a setting is entered: `kind` names the widget, `value` is what stands in it."""

    key: str
    label: str
    hint: str
    kind: str
    value: str
    choices: tuple[tuple[str, str], ...] = ()
    on: bool = False
    locked: bool = False
    fault: str = ""


@dataclass(frozen=True)
class Entered:
    """A form that was refused: of which section, what it held, and what is wrong with it."""

    group: str
    fields: Mapping[str, str]
    faults: Mapping[str, str]
    message: str
    status: int


@show(CONFIGURATION, permission=MANAGE)
async def show_configuration(call: Call, tx: Tx) -> Answer:
    """Show what is configured."""
    return await _page(call, tx)


@change(CONFIGURATION + "/{group}", permission=MANAGE, transaction="none")
async def save_configuration(group: str, call: Call, actor: Actor, house: House) -> Answer:
    """Save one section."""
    section = next((each for each in GROUPS if each.name == group), None)
    if section is None:
        raise NotFound
    fields = read_form(call.body, dict[str, str])
    snapshot = house.site.now
    changes = {
        key: _entered(key, fields) for key in section.keys if key not in snapshot.locked and _is_sent(key, fields)
    }
    try:
        await configure(house, actor, changes, version=number_in_path(fields.get("version", "")))
    except GuildhallError as error:
        found = error.details.get("faults")
        faults = {key: str(words) for key, words in found.items()} if isinstance(found, dict) else {}
        message = "Something here cannot be saved; nothing was changed." if faults else message_of(error)
        async with house.database.read() as tx:
            return await _page(call, tx, Entered(group, fields, faults, message, STATUS[error.kind]))
    return redirect(told(CONFIGURATION, "configuration-saved") + f"#{group}")


async def _page(call: Call, tx: Tx, entered: Entered | None = None) -> Answer:
    snapshot = await site.read_configuration(tx, call.house.site)
    return page(
        call,
        "desk_configuration.html",
        status=entered.status if entered else 200,
        title="Configuration",
        groups=[(each, [_field(key, snapshot, each, entered) for key in each.keys]) for each in GROUPS],
        snapshot=snapshot,
        entered=entered,
        changes=[_told(each) for each in await site.list_changes(tx, most=LATEST)],
    )


def _told(each: Change) -> tuple[Change, list[str]]:
    return each, [SENTENCES[one.key].label if one.key in SENTENCES else one.key for one in each.changes]


def _field(key: str, snapshot: Snapshot, group: Group, entered: Entered | None) -> Field:
    words, kind = SENTENCES[key], _kind(key)
    locked = key in snapshot.locked
    refused = entered if entered is not None and entered.group == group.name and not locked else None
    fault = entered.faults.get(key, "") if refused and entered else ""
    if kind == SECRET:
        hint = "A value is set; leave this empty to keep it." if snapshot.secret(key) else "Not set."
        return Field(key, words.label, hint, kind, "", locked=locked, fault=fault)
    section, _, name = key.partition(".")
    stored = site.plain(getattr(getattr(snapshot.document, section), name))
    value = refused.fields.get(key, "") if refused else _text(stored)
    on = key in refused.fields if refused else stored is True
    choices = tuple((str(each), words.choices.get(str(each), str(each))) for each in _choices(KINDS[key]))
    return Field(key, words.label, words.hint, kind, value, choices, on, locked, fault)


def _bare(kind: Any) -> Any:  # noqa: ANN401 (any type that a setting has)
    """Return a type without its limits and without none."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if isinstance(kind, UnionType):
        return _bare(next(each for each in get_args(kind) if each is not type(None)))
    return kind


def _choices(kind: object) -> tuple[Any, ...]:
    return get_args(_bare(kind)) if get_origin(_bare(kind)) is Literal else ()


def _kind(key: str) -> str:
    """Return how a setting is entered."""
    if key in SECRETS:
        return SECRET
    bare = _bare(KINDS[key])
    if get_origin(bare) is tuple:
        return "lines" if key == "office_hours.windows" else "list"
    if get_origin(bare) is Literal:
        return "choice"
    if bare is bool:
        return "tick"
    return "number" if bare is int else "long" if _longest(KINDS[key]) > LONG_TEXT else "text"


def _longest(kind: object) -> int:
    limits = (each.max_length for each in get_args(kind) if isinstance(each, msgspec.Meta))
    return next((each for each in limits if each), 0)


def _text(value: object) -> str:
    """Write a value as its field holds it."""
    if isinstance(value, list):
        if any(isinstance(each, dict) for each in value):
            return "\n".join(f"{each['day']} {each['from']}-{each['to']}" for each in value)
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _is_sent(key: str, fields: Mapping[str, str]) -> bool:
    # A box that is not ticked is not sent, and a secret that is left empty stays.
    return bool(fields.get(key)) if _kind(key) == SECRET else True


def _entered(key: str, fields: Mapping[str, str]) -> object:
    """Return what a field says; what is no value at all is left to the domain to refuse."""
    kind, text = _kind(key), fields.get(key, "").replace("\r\n", "\n").strip()
    if kind == "tick":
        return key in fields
    if kind == "list":
        return [each.strip() for each in re.split(r"[,\n]", text) if each.strip()]
    if kind == "lines":
        return [_window(line) for line in text.splitlines() if line.strip()]
    if kind == SECRET or text:
        numeric = kind == "number" or all(isinstance(each, int) for each in _choices(KINDS.get(key)) or ("",))
        return int(text) if numeric and re.fullmatch("-?[0-9]{1,9}", text) else text
    return None if isinstance(KINDS[key], UnionType) else text


def _window(line: str) -> object:
    found = WINDOW.fullmatch(line)
    return {"day": found[1].lower(), "from": found[2], "to": found[3]} if found else line
