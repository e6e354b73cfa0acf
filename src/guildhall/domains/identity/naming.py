"""Who people are by the ids that a front desk names them by: that of a provider, or that of the house."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import bindparam, literal_column, select, text, union_all

from guildhall.core.db import JsonDoc, Tx, query
from guildhall.domains.identity.models import ADMIN_ROLES, identities, user_roles, users


class KnownPerson(msgspec.Struct, frozen=True):
    """Somebody by the id that was asked for. `user_id` is theirs in the house, which they administer or not."""

    person_id: str
    user_id: str
    username: str
    display_name: str
    is_admin: bool


# Written out, because a statement that is compiled once takes no list of values.
_admins = select(user_roles.c.user_id).where(
    user_roles.c.role.in_([literal_column(f"'{role}'") for role in sorted(ADMIN_ROLES)])
)
_shown = (
    users.c.id.label("user_id"),
    users.c.username,
    users.c.display_name,
    users.c.id.in_(_admins).label("is_admin"),
)
_listed = {
    "postgresql": "= ANY(ARRAY(SELECT jsonb_array_elements_text(:ids)))",
    "sqlite": "IN (SELECT value FROM json_each(:ids))",
}
KNOWN = {
    engine: query(
        KnownPerson,
        union_all(
            select(identities.c.external_id.label("person_id"), *_shown)
            .join(users, users.c.id == identities.c.user_id)
            .where(
                identities.c.provider == bindparam("provider"),
                text(f"identities.external_id {listed}").bindparams(bindparam("ids", type_=JsonDoc)),
            ),
            select(users.c.id.label("person_id"), *_shown).where(
                text(f"users.id {listed}").bindparams(bindparam("ids", type_=JsonDoc))
            ),
        ),
    )
    for engine, listed in _listed.items()
}


async def people_known_as(tx: Tx, person_ids: Iterable[str], *, provider: str) -> dict[str, KnownPerson]:
    """Return those whom a provider or the house knows by these ids, in one read."""
    found = await tx.all(KNOWN[tx.engine], ids=sorted(set(person_ids)), provider=provider)
    return {each.person_id: each for each in found}


ROUNDED_WITHIN = 2048
"""How far at most a floating number is from the id that was made one: ids of providers stay below 2^64."""

NEAR = query(
    str,
    select(identities.c.external_id)
    .where(
        identities.c.provider == bindparam("provider"),
        identities.c.external_id.between(bindparam("low"), bindparam("high")),
    )
    .order_by(identities.c.external_id),
)


async def unrounded(tx: Tx, number: int, *, provider: str) -> str | None:
    """Return the one id that a number was before it lost its last digits as a floating number; None for several."""
    low, high = str(number - ROUNDED_WITHIN), str(number + ROUNDED_WITHIN)
    found = await tx.all(NEAR, provider=provider, low=low, high=high)
    same = [each for each in found if len(each) in {len(low), len(high)} and float(each) == float(number)]
    return same[0] if len(same) == 1 else None
