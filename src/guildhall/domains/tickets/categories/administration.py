"""Making, changing and deleting categories, and saying whether people choose one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec.structs import asdict, replace
from sqlalchemy import bindparam, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.domains import audit
from guildhall.domains.tickets.categories.errors import (
    DuplicateName,
    InvalidCategoryName,
    InvalidTimeout,
    TooManyCategories,
)
from guildhall.domains.tickets.categories.layouts import check_layout, check_roles
from guildhall.domains.tickets.categories.models import (
    MOST_OFFERED,
    Category,
    ChoiceSettings,
    Layout,
    NewCategory,
    TicketAnswers,
    ticket_categories,
    ticket_choice,
)
from guildhall.domains.tickets.categories.policy import hold_menu
from guildhall.domains.tickets.categories.queries import CATEGORIES, LAST_POSITION, OFFERED, SAME_NAME, fold
from guildhall.domains.tickets.models import FormAnswer, Ticket
from guildhall.domains.tickets.working import move_ticket

SHORTEST_CHOICE: Final = 30
LONGEST_CHOICE: Final = 86_400

_changed = (*Layout.__struct_fields__, "folded_name", "role_ids", "updated_at")
_this = ticket_categories.c.id == bindparam("category")
CHANGE = command(
    update(ticket_categories)
    .where(_this)
    .values({name: bindparam(f"new_{name}", type_=ticket_categories.c[name].type) for name in _changed})
)
DELETE = command(update(ticket_categories).where(_this).values(deleted_at=bindparam("now"), enabled=False))
SET_CHOICE = command(
    update(ticket_choice).values(enabled=bindparam("is_enabled"), selection_timeout_s=bindparam("seconds"))
)


async def create_category(tx: Tx, actor: Actor, layout: Layout, *, now: datetime) -> Category:
    """Make a category.

    Raises InvalidCategoryName, InvalidFormField, InvalidField, DuplicateName, TooManyCategories.
    """
    wanted = check_layout(layout)
    await hold_menu(tx)
    await _check_place(tx, wanted, None)
    if wanted.position is None:
        wanted = replace(wanted, position=(await tx.one(LAST_POSITION) or 0) + 1)
    made = NewCategory(
        **asdict(wanted), id=ids.ulid(), role_ids=[], created_at=now, updated_at=now, folded_name=fold(wanted.name)
    )
    await tx.insert(made, clash=DuplicateName)
    await audit.record(tx, actor, "category.created", made.id, now=now, name=made.name)
    return made


async def change_category(tx: Tx, actor: Actor, category: Category, layout: Layout, *, now: datetime) -> Category:
    """Change what can be set of a category, which is held; tickets keep the name that they were opened under.

    Raises InvalidCategoryName, InvalidFormField, InvalidField, DuplicateName, TooManyCategories.
    """
    wanted = check_layout(layout)
    if wanted.position is None:
        wanted = replace(wanted, position=category.position)
    await _check_place(tx, wanted, category)
    return await _store(tx, actor, category, replace(category, **asdict(wanted)), now)


async def offer_only(tx: Tx, actor: Actor, names: Sequence[str], *, place: str | None, now: datetime) -> bool:
    """Let people choose the categories of these names and no others, and tell whether that changed anything.

    What is not there yet is made, with its channels in the category `place` of Discord. Raises what
    `create_category` does, and InvalidCategoryName for a name that comes twice or a new one without a place.
    """
    wanted = {fold(" ".join(each.split())): each for each in names}
    if len(wanted) != len(names):
        raise InvalidCategoryName("A name comes twice", field="categories")
    await hold_menu(tx)
    known = {fold(each.name): each for each in await tx.all(CATEGORIES)}
    moved = [each for name, each in known.items() if each.enabled != (name in wanted)]
    # First what makes room in the menu, then what needs it.
    for each in sorted(moved, key=lambda category: not category.enabled):
        layout = Layout(**{name: getattr(each, name) for name in Layout.__struct_fields__})
        await change_category(tx, actor, each, replace(layout, enabled=not each.enabled), now=now)
    fresh = [each for name, each in wanted.items() if name not in known]
    if fresh and place is None:
        raise InvalidCategoryName("New categories need a category in Discord for their channels", field="categories")
    for name in fresh:
        await create_category(tx, actor, Layout(name=name, discord_category_id=place or ""), now=now)
    return bool(moved or fresh)


async def set_roles(tx: Tx, actor: Actor, category: Category, role_ids: list[str], *, now: datetime) -> Category:
    """Say which roles are pinged when a ticket opens in a category, which is held. Raises InvalidRole."""
    return await _store(tx, actor, category, replace(category, role_ids=check_roles(role_ids)), now)


async def add_role(tx: Tx, actor: Actor, category: Category, role_id: str, *, now: datetime) -> Category:
    """Let one more role be pinged; one that is already stays. Raises InvalidRole."""
    (known,) = check_roles([role_id], field="role_id")
    return await set_roles(tx, actor, category, list(dict.fromkeys([*category.role_ids, known])), now=now)


async def remove_role(tx: Tx, actor: Actor, category: Category, role_id: str, *, now: datetime) -> Category:
    """Let a role be pinged no more; one that was not is no fault."""
    return await set_roles(tx, actor, category, [each for each in category.role_ids if each != role_id], now=now)


async def delete_category(tx: Tx, actor: Actor, category: Category, *, now: datetime) -> None:
    """Take a category, which is held, out of everything that is offered; its tickets keep its name."""
    await tx.run(DELETE, category=category.id, now=now)
    await audit.record(tx, actor, "category.deleted", category.id, now=now, name=category.name)


async def change_choice(tx: Tx, actor: Actor, settings: ChoiceSettings, *, now: datetime) -> ChoiceSettings:
    """Say whether people choose a category, and how long they have. Raises InvalidTimeout."""
    if not SHORTEST_CHOICE <= settings.selection_timeout_s <= LONGEST_CHOICE:
        raise InvalidTimeout(field="selection_timeout_s")
    before = await hold_menu(tx)
    if settings != before:
        await tx.run(SET_CHOICE, is_enabled=settings.enabled, seconds=settings.selection_timeout_s)
        await audit.record(
            tx, actor, "category_choice.changed", None, now=now, old=asdict(before), new=asdict(settings)
        )
    return settings


async def put_ticket(tx: Tx, actor: Actor, ticket: Ticket, category: Category | None, *, now: datetime) -> Ticket:
    """Put a ticket into a category, or into none. The ticket is locked. Raises TicketClosed."""
    name = category.name if category else None
    return await move_ticket(
        tx, actor, ticket, category_id=category.id if category else None, category_name=name, now=now
    )


async def keep_answers(tx: Tx, ticket: Ticket, answers: list[FormAnswer]) -> None:
    """Keep what was filled in before a new ticket opened, as `check_answers` returned it."""
    if answers:
        await tx.insert(TicketAnswers(ticket.id, answers))


async def _check_place(tx: Tx, wanted: Layout, before: Category | None) -> None:
    namesake = await tx.one(SAME_NAME, folded=fold(wanted.name))
    if namesake is not None and (before is None or namesake != before.id):
        raise DuplicateName
    is_offered_anew = wanted.enabled and not (before is not None and before.enabled)
    if is_offered_anew and (await tx.one(OFFERED) or 0) >= MOST_OFFERED:
        raise TooManyCategories


async def _store(tx: Tx, actor: Actor, before: Category, after: Category, now: datetime) -> Category:
    if after == before:
        return before
    after = replace(after, updated_at=now)
    values = asdict(after) | {"folded_name": fold(after.name)}
    await tx.run(CHANGE, category=after.id, **{f"new_{name}": values[name] for name in _changed})
    old, new = asdict(before), asdict(after)
    changed = sorted(name for name in new if new[name] != old[name] and name != "updated_at")
    await audit.record(
        tx, actor, "category.changed", after.id, now=now,
        old={name: old[name] for name in changed}, new={name: new[name] for name in changed},
    )  # fmt: skip
    return after
