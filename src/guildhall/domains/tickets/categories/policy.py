"""Fetch and authorise in one step, and who sees the tickets of which categories."""

from collections.abc import Iterable, Set as AbstractSet

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains.identity import Permission
from guildhall.domains.tickets.categories.models import CHOICE_AT_FIRST, Category, ChoiceSettings, Viewers
from guildhall.domains.tickets.categories.queries import CATEGORY, CHOICE_LOCKED, VIEWERS
from guildhall.domains.tickets.errors import CategoryNotFound
from guildhall.domains.tickets.policy import EVERYTHING, Sight
from guildhall.domains.tickets.tallies import UNCATEGORISED


async def access_category(tx: Tx, actor: Actor, category_id: str) -> Category:
    """Return a category for those who manage them. Raises CategoryNotFound."""
    found = await tx.one(CATEGORY, id=category_id)
    if found is None or not actor.may(Permission.MANAGE_CATEGORIES):
        raise CategoryNotFound
    return found


async def access_category_to_change(tx: Tx, actor: Actor, category_id: str) -> Category:
    """Return the same when no other change of any category is under way. Raises CategoryNotFound."""
    await hold_menu(tx)
    return await access_category(tx, actor, category_id)


async def hold_menu(tx: Tx) -> ChoiceSettings:
    """Return how people choose; until the transaction ends nobody else changes that, or any category."""
    return await tx.one(CHOICE_LOCKED) or CHOICE_AT_FIRST


async def sight_of(tx: Tx, actor: Actor, *, role_ids: AbstractSet[str] | None = None) -> Sight:
    """Return which tickets somebody of the staff sees, by their roles on the staff server. Super admins see all.

    The roles are those that the actor is known to have, unless others are named.
    """
    if actor.may(Permission.RULE_DESK):
        return EVERYTHING
    return Sight(seen_categories(await tx.all(VIEWERS), actor.desk_roles if role_ids is None else role_ids))


def seen_categories(categories: Iterable[Viewers], role_ids: AbstractSet[str]) -> frozenset[str] | None:
    """Return the ids of the categories whose tickets somebody with these roles sees, None when that is every ticket.

    Tickets without a category, which the empty text stands for, are everybody's.
    """
    seen, hidden = {UNCATEGORISED}, False
    for each in categories:
        if each.viewer_role_ids and role_ids.isdisjoint(each.viewer_role_ids):
            hidden = True
        else:
            seen.add(each.id)
    return frozenset(seen) if hidden else None
