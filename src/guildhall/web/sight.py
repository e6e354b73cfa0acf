"""Which tickets somebody of the staff sees: what the categories say of their roles on the staff server."""

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains.tickets import Person, Sight
from guildhall.domains.tickets.categories.policy import sight_of
from guildhall.web.house import House


async def roles_of(house: House, person: Person) -> frozenset[str]:
    """Return the ids of somebody's roles on the staff server; none for whoever has no account at Discord.

    Discord may be asked, so no transaction should be open.
    """
    if not person.id.isdigit():
        return frozenset()
    standing = await house.staff.standing_of(int(person.id))
    return frozenset(map(str, standing.role_ids))


async def sight_with(tx: Tx, actor: Actor, role_ids: frozenset[str]) -> Sight:
    """Return which tickets they see with these roles, as the categories are now."""
    return await sight_of(tx, actor, role_ids=role_ids)
