"""Reading who people are by ids of several kinds."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import ColumnElement, bindparam, literal_column, null, select, text, union_all

from guildhall.core.db import JsonDoc, Tx, query
from guildhall.domains.identity.models import identities, user_roles, users


class KnownPerson(msgspec.Struct, frozen=True):
    """Somebody by the id that was asked for. `user_id` is theirs in the house, which they administer or not.

    `avatar` is the provider's hash of their picture, for whom the id is the provider's.
    """

    person_id: str
    user_id: str
    username: str
    display_name: str
    is_admin: bool
    avatar: str | None


_admin: list[ColumnElement[str]] = [literal_column("'admin'"), literal_column("'super_admin'")]
_admins = select(user_roles.c.user_id).where(user_roles.c.role.in_(_admin))
_shown = (
    users.c.id.label("user_id"),
    users.c.username,
    users.c.display_name,
    users.c.id.in_(_admins).label("is_admin"),
)
_by_provider = {
    "postgresql": text("identities.external_id = ANY(ARRAY(SELECT jsonb_array_elements_text(:ids)))"),
    "sqlite": text("identities.external_id IN (SELECT value FROM json_each(:ids))"),
}
_by_house = {
    "postgresql": text("users.id = ANY(ARRAY(SELECT jsonb_array_elements_text(:ids)))"),
    "sqlite": text("users.id IN (SELECT value FROM json_each(:ids))"),
}
_ids = bindparam("ids", type_=JsonDoc)
KNOWN = {
    engine: query(
        KnownPerson,
        union_all(
            select(identities.c.external_id.label("person_id"), *_shown, identities.c.avatar)
            .join(users, users.c.id == identities.c.user_id)
            .where(identities.c.provider == bindparam("provider"), by_provider.bindparams(_ids)),
            select(users.c.id.label("person_id"), *_shown, null().label("avatar")).where(
                _by_house[engine].bindparams(_ids)
            ),
        ),
    )
    for engine, by_provider in _by_provider.items()
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
