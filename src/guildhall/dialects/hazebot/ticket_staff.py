"""Finding somebody of the staff by the id that a client sends, which may have been damaged on its way."""

from typing import Final, TypeAlias

from guildhall.dialects.hazebot.auth import caller_of
from guildhall.domains import identity
from guildhall.domains.identity import KnownPerson
from guildhall.domains.identity.community import UNLINKED, role_of
from guildhall.domains.tickets import Person
from guildhall.domains.tickets.errors import NotStaff
from guildhall.web.calls import Call

PersonId: TypeAlias = str | int

EXACT: Final = 2**53
"""Up to here a floating number, which browsers make of an id, is the id itself."""


async def staff_member(call: Call, given: PersonId) -> Person:
    """Return who an id means, by their id at Discord or in the house. Raises NotStaff.

    Discord may be asked what they are, so no transaction should be open.
    """
    known = await _known(call, given)
    if known is None:
        raise NotStaff
    role = await role_of(call.house.community, known.user_id)
    if not role.is_staff:
        raise NotStaff
    async with call.house.database.read() as tx:
        discord_id = await identity.discord_id_of(tx, known.user_id)
    return Person(str(discord_id or known.user_id), known.display_name)


async def _known(call: Call, given: PersonId) -> KnownPerson | None:
    caller = caller_of(call)
    wanted = caller.person_id if given == UNLINKED else str(given)
    async with call.house.database.read() as tx:
        found = await identity.people_known_as(tx, [wanted], provider=identity.DISCORD)
        if not found and isinstance(given, int) and given > EXACT:
            whole = await identity.unrounded(tx, given, provider=identity.DISCORD)
            found = await identity.people_known_as(tx, [whole] if whole else [], provider=identity.DISCORD)
    return next(iter(found.values()), None)
