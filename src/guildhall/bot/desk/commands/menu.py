"""Categories: what people choose from before a ticket opens."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from msgspec.structs import replace

from guildhall.bot.desk.commands.lines import fitting
from guildhall.bot.desk.commands.model import Argument, Command, Kind, Telling, Use
from guildhall.core.db import Tx
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import categories
from guildhall.domains.tickets.categories import Category, ChoiceSettings, FieldKind, FormField, Layout
from guildhall.domains.tickets.errors import CategoryNotFound

MANAGE: Final = Permission.MANAGE_CATEGORIES
CATEGORY: Final = Argument("category", Kind.NAME)
ROLE: Final = re.compile(r"<@&(\d{1,20})>|(?<!\S)(\d{1,20})(?!\S)", re.ASCII)
NONE: Final = "-"
"""What is typed to have nothing there."""

REQUIRED, PARAGRAPH = "*", ">"
"""Behind a question that must be answered, and before one that is answered in several lines."""


async def category_named(tx: Tx, name: str) -> Category:
    """Return the category of a name, in whatever case, or of an id. Raises CategoryNotFound."""
    wanted = " ".join(name.split())
    for each in await categories.list_categories(tx):
        if wanted == each.id or wanted.casefold() == each.name.casefold():
            return each
    raise CategoryNotFound


async def list_all(use: Use) -> str:
    """List the categories, and say whether people choose one."""
    async with use.house.database.read() as tx:
        found, choice = await categories.list_categories(tx), await categories.choice_settings(tx)
    lines = [_line(number, each) for number, each in enumerate(found, 1)]
    return fitting([_choice(use, choice), *lines], use.words)


async def create(use: Use) -> str:
    """Make a category whose channels are made in a category of Discord's."""
    layout = Layout(name=use.values["category"], discord_category_id=str(use.values["place"]))
    async with use.change() as tx:
        made = await categories.create_category(tx, use.actor, layout, now=use.now)
    return use.words("commands.said.category.created", category=made.name)


async def rename(use: Use) -> str:
    """Give a category another name."""
    return await _lay_out(use, name=use.values["name"])


async def move(use: Use) -> str:
    """Give a category another place in the menu."""
    return await _lay_out(use, position=use.values["number"])


async def enable(use: Use) -> str:
    """Offer a category."""
    return await _lay_out(use, enabled=True)


async def disable(use: Use) -> str:
    """Offer a category no more."""
    return await _lay_out(use, enabled=False)


async def answer(use: Use) -> str:
    """Set what is sent at once to whoever chooses a category."""
    text = use.values["text"].strip()
    return await _lay_out(use, answer=None if text == NONE else text)


async def ask(use: Use) -> str:
    """Set the form of a category, or show it."""
    typed = use.values.get("questions")
    if typed is not None:
        return await _lay_out(use, fields=read_form(typed))
    async with use.house.database.read() as tx:
        found = await category_named(tx, use.values["category"])
    return fitting([_question(each) for each in found.fields], use.words, none="commands.said.category.formless")


async def set_roles(use: Use) -> str:
    """Set the roles that are pinged when a ticket opens in a category."""
    roles = [mention or bare for mention, bare in ROLE.findall(use.values["roles"])]

    async def change(tx: Tx, category: Category) -> Category:
        return await categories.set_roles(tx, use.actor, category, roles, now=use.now)

    return await _change(use, change)


async def delete(use: Use) -> str:
    """Delete a category; its tickets stay."""
    async with use.change() as tx:
        category = await _access(use, tx)
        await categories.delete_category(tx, use.actor, category, now=use.now)
    return use.words("commands.said.category.deleted", category=category.name)


async def switch_on(use: Use) -> str:
    """Let people choose a category."""
    return await _choose(use, enabled=True)


async def switch_off(use: Use) -> str:
    """Let people choose no category."""
    return await _choose(use, enabled=False)


async def set_timeout(use: Use) -> str:
    """Set how many seconds people have to choose."""
    return await _choose(use, selection_timeout_s=use.values["number"])


def read_form(typed: str) -> list[FormField]:
    """Return the questions that were typed, each in its line or behind a semicolon; `-` is an empty form."""
    questions = [each.strip() for each in re.split(r"[;\n]", typed)]
    return [_field(number, each) for number, each in enumerate(filter(None, questions), 1) if each != NONE]


def _field(number: int, typed: str) -> FormField:
    label = typed.removeprefix(PARAGRAPH).removesuffix(REQUIRED).strip()
    kind = FieldKind.PARAGRAPH if typed.startswith(PARAGRAPH) else FieldKind.SHORT
    return FormField(key=f"q{number}", label=label, type=kind, required=typed.endswith(REQUIRED))


def _question(field: FormField) -> str:
    """Return a question as it is typed, without Discord taking its signs for something else."""
    before = rf"\{PARAGRAPH} " if field.type is FieldKind.PARAGRAPH else ""
    return before + field.label + (rf"\{REQUIRED}" if field.required else "")


async def _lay_out(use: Use, **changed: Any) -> str:  # noqa: ANN401 (whatever a layout has)
    async def change(tx: Tx, category: Category) -> Category:
        own = {name: getattr(category, name) for name in Layout.__struct_fields__}
        return await categories.change_category(tx, use.actor, category, Layout(**{**own, **changed}), now=use.now)

    return await _change(use, change)


async def _change(use: Use, change: Callable[[Tx, Category], Awaitable[Category]]) -> str:
    async with use.change() as tx:
        changed = await change(tx, await _access(use, tx))
    return use.words("commands.said.category.changed", category=changed.name)


async def _access(use: Use, tx: Tx) -> Category:
    known = await category_named(tx, use.values["category"])
    return await categories.access_category_to_change(tx, use.actor, known.id)


async def _choose(use: Use, **changed: Any) -> str:  # noqa: ANN401 (whatever the settings have)
    async with use.change() as tx:
        before = await categories.choice_settings(tx)
        after = await categories.change_choice(tx, use.actor, replace(before, **changed), now=use.now)
    return _choice(use, after)


def _choice(use: Use, choice: ChoiceSettings) -> str:
    key = "commands.said.category.on" if choice.enabled else "commands.said.category.off"
    return use.words(key, seconds=choice.selection_timeout_s)


def _line(number: int, category: Category) -> str:
    roles = " ".join(f"<@&{each}>" for each in category.role_ids)
    shown = (
        f"{number}. {category.emoji or ''} {category.name}" if category.enabled else f"{number}. ~~{category.name}~~"
    )
    return " ".join(f"{shown} {roles}".split())


COMMANDS: Final = (
    Command("category list", list_all, MANAGE, telling=Telling.ANSWER),
    Command("category create", create, MANAGE, (CATEGORY, Argument("place", Kind.PLACE))),
    Command("category rename", rename, MANAGE, (CATEGORY, Argument("name", Kind.NAME))),
    Command("category move", move, MANAGE, (CATEGORY, Argument("number", Kind.NUMBER))),
    Command("category enable", enable, MANAGE, (CATEGORY,)),
    Command("category disable", disable, MANAGE, (CATEGORY,)),
    Command("category delete", delete, MANAGE, (CATEGORY,)),
    Command("category timeout", set_timeout, MANAGE, (Argument("number", Kind.NUMBER),)),
    Command("category on", switch_on, MANAGE),
    Command("category off", switch_off, MANAGE),
    Command("category roles", set_roles, MANAGE, (CATEGORY, Argument("roles", Kind.TEXT))),
    Command(
        "category form",
        ask,
        MANAGE,
        (CATEGORY, Argument("questions", Kind.TEXT, required=False)),
        telling=Telling.ANSWER,
    ),
    Command("category answer", answer, MANAGE, (CATEGORY, Argument("text", Kind.TEXT))),
)
