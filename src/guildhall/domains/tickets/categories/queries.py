"""Reading categories."""

from sqlalchemy import bindparam, func, select, text

from guildhall.core.db import Tx, query
from guildhall.domains.tickets.categories.models import (
    CHOICE_AT_FIRST,
    Category,
    ChoiceSettings,
    TicketAnswers,
    Viewers,
    ticket_answers,
    ticket_categories,
    ticket_choice,
)
from guildhall.domains.tickets.errors import CategoryNotFound
from guildhall.domains.tickets.models import FormAnswer

_columns = [ticket_categories.c[name] for name in Category.__struct_fields__]
# The partial index of names is used only by a statement that says so in its text.
_live = text("deleted_at IS NULL")

CATEGORIES = query(
    Category, select(*_columns).where(_live).order_by(ticket_categories.c.position, ticket_categories.c.id)
)
CATEGORY = query(Category, select(*_columns).where(ticket_categories.c.id == bindparam("id"), _live))
SAME_NAME = query(
    str, select(ticket_categories.c.id).where(ticket_categories.c.folded_name == bindparam("folded"), _live)
)
OFFERED = query(
    int, select(func.count()).select_from(ticket_categories).where(ticket_categories.c.enabled.is_(True), _live)
)
LAST_POSITION = query(int, select(func.coalesce(func.max(ticket_categories.c.position), -1)).where(_live))
VIEWERS = query(Viewers, select(ticket_categories.c.id, ticket_categories.c.viewer_role_ids))

_choice = select(ticket_choice.c.enabled, ticket_choice.c.selection_timeout_s)
CHOICE = query(ChoiceSettings, _choice)
CHOICE_LOCKED = query(ChoiceSettings, _choice.with_for_update())

ANSWERS = query(TicketAnswers, select(ticket_answers).where(ticket_answers.c.ticket_id == bindparam("ticket_id")))


async def list_categories(tx: Tx) -> list[Category]:
    """Return every category in the order of the menu."""
    return await tx.all(CATEGORIES)


async def find_category(tx: Tx, word: str) -> Category:
    """Return the category that has this id, or else this name in whatever case. Raises CategoryNotFound."""
    found = await tx.one(CATEGORY, id=word)
    namesake = None if found else await tx.one(SAME_NAME, folded=fold(word.strip()))
    found = await tx.one(CATEGORY, id=namesake) if namesake else found
    if found is None:
        raise CategoryNotFound
    return found


def fold(name: str) -> str:
    """Return a name as it is compared: people do not tell Billing from billing."""
    return name.casefold()


async def choice_settings(tx: Tx) -> ChoiceSettings:
    """Return whether people choose a category."""
    return await tx.one(CHOICE) or CHOICE_AT_FIRST


async def answers_of(tx: Tx, ticket_id: str) -> list[FormAnswer]:
    """Return what was filled in before a ticket opened, in the order of its form."""
    found = await tx.one(ANSWERS, ticket_id=ticket_id)
    return found.answers if found else []
