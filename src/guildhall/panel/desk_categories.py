"""Categories of tickets: the menu people choose from, and the editor of one with its form."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from msgspec.structs import asdict

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable
from guildhall.domains.identity import Permission
from guildhall.domains.identity.desk.errors import NoStaffServer, StaffServerAway
from guildhall.domains.tickets import categories
from guildhall.domains.tickets.categories import Category, ChoiceSettings, FieldKind, FormField, Layout
from guildhall.domains.tickets.categories.errors import InvalidFormField, InvalidTimeout
from guildhall.domains.tickets.categories.forms import MOST_FIELDS
from guildhall.panel.forms import change, show, text_or_none, whole_number
from guildhall.panel.pages import page, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import read_form
from guildhall.web.calls import Call
from guildhall.web.house import House

CATEGORIES: Final = "/panel/desk/categories"
MANAGE: Final = Permission.MANAGE_CATEGORIES
PINGED, VIEWER = "ping_", "view_"
"""Before the id of a role, in the names of its two ticks."""


@dataclass(frozen=True)
class Server:
    """The names of the staff server's roles but the one that all have, and of its categories, by their ids."""

    roles: Mapping[str, str]
    places: Mapping[str, str]


@show(CATEGORIES, permission=MANAGE)
async def list_categories(call: Call, tx: Tx) -> Answer:
    """List categories in the order of the menu."""
    return await _list(call, tx)


@change(CATEGORIES, permission=MANAGE)
async def save_choice(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Say whether people choose a category, and how long they have."""
    fields = read_form(call.body, dict[str, str])
    try:
        seconds = whole_number(fields.get("selection_timeout_s", ""), field="selection_timeout_s")
        wanted = ChoiceSettings("enabled" in fields, seconds)
        await categories.change_choice(tx, actor, wanted, now=house.clock.now())
    except InvalidTimeout as error:
        return await _list(call, tx, refusal=Refusal.of(error))
    return redirect(told(CATEGORIES, "choice-saved"))


@show(CATEGORIES + "/new", permission=MANAGE, transaction="none")
async def show_new_category(call: Call, house: House) -> Answer:
    """Show an empty editor."""
    return _editor(call, None, {"enabled": "yes"}, await _server(house))


@change(CATEGORIES + "/new", permission=MANAGE, transaction="none")
async def create_category(call: Call, actor: Actor, house: House) -> Answer:
    """Make a category."""
    fields = read_form(call.body, dict[str, str])
    try:
        async with house.database.write() as tx:
            made = await categories.create_category(tx, actor, _layout(fields), now=house.clock.now())
            await categories.set_roles(tx, actor, made, _ticked(fields, PINGED), now=house.clock.now())
    except GuildhallError as error:
        return _editor(call, None, fields, await _server(house), error)
    return redirect(told(CATEGORIES, "category-saved"))


@show(CATEGORIES + "/{category_id}", permission=MANAGE, transaction="none")
async def show_category(category_id: str, call: Call, actor: Actor, house: House) -> Answer:
    """Show the editor of a category."""
    async with house.database.read() as tx:
        found = await categories.access_category(tx, actor, category_id)
    return _editor(call, found, _filled(found), await _server(house))


@change(CATEGORIES + "/{category_id}", permission=MANAGE, transaction="none")
async def save_category(category_id: str, call: Call, actor: Actor, house: House) -> Answer:
    """Change a category."""
    fields = read_form(call.body, dict[str, str])
    async with house.database.read() as tx:
        found = await categories.access_category(tx, actor, category_id)
    try:
        async with house.database.write() as tx:
            held = await categories.access_category_to_change(tx, actor, category_id)
            changed = await categories.change_category(tx, actor, held, _layout(fields), now=house.clock.now())
            await categories.set_roles(tx, actor, changed, _ticked(fields, PINGED), now=house.clock.now())
    except GuildhallError as error:
        return _editor(call, found, fields, await _server(house), error)
    return redirect(told(CATEGORIES, "category-saved"))


@change(CATEGORIES + "/{category_id}/delete", permission=MANAGE)
async def delete_category(category_id: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Delete a category."""
    found = await categories.access_category_to_change(tx, actor, category_id)
    await categories.delete_category(tx, actor, found, now=house.clock.now())
    return redirect(told(CATEGORIES, "category-deleted"))


async def _list(call: Call, tx: Tx, *, refusal: Refusal | None = None) -> Answer:
    return page(
        call,
        "desk_categories.html",
        status=refusal.status if refusal else 200,
        title="Categories",
        categories=await categories.list_categories(tx),
        choice=await categories.choice_settings(tx),
        refusal=refusal,
    )


async def _server(house: House) -> Server | None:
    """Return what of the staff server the editor offers, None while Discord cannot be asked."""
    server = house.staff.server
    try:
        roles = await server.roles()
        channels = await house.directory.channels(server.guild_id)
    except (NoStaffServer, StaffServerAway, BotNotInGuild, DiscordUnavailable):
        return None
    return Server(
        {str(each.id): each.name for each in roles if each.position > 0},
        {str(each.id): each.name for each in channels if each.kind == "category"},
    )


def _editor(
    call: Call,
    category: Category | None,
    fields: Mapping[str, str],
    server: Server | None,
    error: GuildhallError | None = None,
) -> Answer:
    refusal = Refusal.of(error, fields=_places(fields)) if error else None
    # What is ticked or chosen stays to be seen, whether Discord knows it or not.
    ticked = {each: each for prefix in (PINGED, VIEWER) for each in _ticked(fields, prefix)}
    place = fields.get("discord_category_id", "")
    used = [slot for slot in range(MOST_FIELDS) if _is_used(fields, slot)]
    return page(
        call,
        "desk_category.html",
        status=refusal.status if refusal else 200,
        title=category.name if category else "A new category",
        category=category,
        fields=defaultdict(str, fields),
        roles={**ticked, **(server.roles if server else {})},
        places={place: place or "Choose one", **server.places} if server and server.places else {},
        form_fields=list(_places(fields).values()),
        away=server is None,
        slots=range(min(MOST_FIELDS, max(used, default=-1) + 2)),
        refusal=refusal,
    )


def _filled(category: Category) -> dict[str, str]:
    """Return what the editor of a category has in its fields."""
    fields = {
        "name": category.name,
        "description": category.description or "",
        "emoji": category.emoji or "",
        "discord_category_id": category.discord_category_id,
        "position": str(category.position),
        "answer": category.answer or "",
        **({"enabled": "yes"} if category.enabled else {}),
        **{PINGED + each: "yes" for each in category.role_ids},
        **{VIEWER + each: "yes" for each in category.viewer_role_ids},
    }
    for slot, each in enumerate(category.fields):
        said = {name: value for name, value in asdict(each).items() if value not in (None, False)}
        fields |= {f"f{slot}_{name}": "yes" if value is True else str(value) for name, value in said.items()}
    return fields


def _layout(fields: Mapping[str, str]) -> Layout:
    """Return the category as the editor states it. Raises InvalidFormField, InvalidField."""
    return Layout(
        name=fields.get("name", ""),
        discord_category_id=fields.get("discord_category_id", "").strip(),
        description=fields.get("description"),
        emoji=fields.get("emoji"),
        position=_position(fields.get("position", "").strip()),
        enabled="enabled" in fields,
        fields=[_field(fields, slot) for slot in range(MOST_FIELDS) if _is_used(fields, slot)],
        answer=text_or_none(fields.get("answer", "")),
        viewer_role_ids=_ticked(fields, VIEWER),
    )


def _position(text: str) -> int | None:
    # It may stand before the first one, so it may be negative.
    sign = -1 if text.startswith("-") else 1
    return sign * whole_number(text.removeprefix("-"), field="position") if text else None


def _field(fields: Mapping[str, str], slot: int) -> FormField:
    def said(name: str) -> str:
        return fields.get(f"f{slot}_{name}", "").strip()

    def length(name: str) -> int | None:
        return whole_number(said(name), field=f"f{slot}_{name}") if said(name) else None

    if said("type") not in set(FieldKind):
        raise InvalidFormField("Choose one line or several", field=f"f{slot}_type")
    return FormField(
        key=said("key") or _key_from(said("label")) or f"field_{slot + 1}",
        label=said("label"),
        type=FieldKind(said("type")),
        required=bool(said("required")),
        placeholder=said("placeholder") or None,
        min_length=length("min_length"),
        max_length=length("max_length"),
    )


def _key_from(label: str) -> str:
    """Return a key that follows from a label: most people need not know that there are keys."""
    return "_".join(re.findall("[a-z0-9]+", label.lower()))[:32]


def _is_used(fields: Mapping[str, str], slot: int) -> bool:
    return bool(fields.get(f"f{slot}_label", "").strip())


def _places(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the editor's names of what a refusal names: fields without gaps there, slots here."""
    used = [slot for slot in range(MOST_FIELDS) if _is_used(fields, slot)]
    return {
        f"fields[{index}].{name}": f"f{slot}_{name}"
        for index, slot in enumerate(used)
        for name in FormField.__struct_fields__
    }


def _ticked(fields: Mapping[str, str], prefix: str) -> list[str]:
    return [name.removeprefix(prefix) for name in fields if name.startswith(prefix)]
