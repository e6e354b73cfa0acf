"""Reads about grants, integration keys, and what people are called at the desk."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import bindparam, func, select, text

from guildhall.core.db import JsonDoc, Tx, query
from guildhall.domains.identity.desk.models import (
    Grant,
    IntegrationKey,
    ShownGrant,
    ShownIntegrationKey,
    desk_grants,
    integration_keys,
)
from guildhall.domains.identity.models import identities, users

DISCORD = "discord"

_discord_id = (
    select(func.min(identities.c.external_id))
    .where(identities.c.user_id == users.c.id, identities.c.provider == DISCORD)
    .scalar_subquery()
)


class KnownPerson(msgspec.Struct, frozen=True):
    """A person by their id within the house: their public id, name, and Discord's id for them."""

    id: str
    alias: str
    display_name: str
    discord_id: str | None

    @property
    def shown_id(self) -> str:
        """The id by which the desk names them."""
        return self.discord_id or self.alias


# Lists come as one JSON parameter, because a statement has a fixed number of them.
_one_of_roles = {
    "postgresql": text("subject_id = ANY(ARRAY(SELECT jsonb_array_elements_text(:roles)))"),
    "sqlite": text("subject_id IN (SELECT value FROM json_each(:roles))"),
}
GRANTED = {
    engine: query(
        str,
        select(desk_grants.c.permission)
        .where(desk_grants.c.subject_kind == "user", desk_grants.c.subject_id == bindparam("me"))
        .union(
            select(desk_grants.c.permission).where(
                desk_grants.c.subject_kind == "role", one_of.bindparams(bindparam("roles", type_=JsonDoc))
            )
        ),
    )
    for engine, one_of in _one_of_roles.items()
}
_one_of_people = {
    "postgresql": text("users.id = ANY(ARRAY(SELECT jsonb_array_elements_text(:ids)))"),
    "sqlite": text("users.id IN (SELECT value FROM json_each(:ids))"),
}
KNOWN_PEOPLE = {
    engine: query(
        KnownPerson,
        select(users.c.id, users.c.alias, users.c.display_name, _discord_id.label("discord_id")).where(
            one_of.bindparams(bindparam("ids", type_=JsonDoc))
        ),
    )
    for engine, one_of in _one_of_people.items()
}

_shown = func.coalesce(_discord_id, users.c.alias)
GRANTS = query(
    ShownGrant,
    select(
        desk_grants.c.id,
        desk_grants.c.subject_kind,
        desk_grants.c.subject_id,
        desk_grants.c.permission,
        _shown.label("granted_by"),
        users.c.display_name.label("giver"),
        desk_grants.c.granted_at,
    )
    .select_from(desk_grants.outerjoin(users, users.c.id == desk_grants.c.granted_by))
    .order_by(desk_grants.c.id),
)
_grant = select(*(desk_grants.c[name] for name in Grant.__struct_fields__))
GRANT_LOCKED = query(Grant, _grant.where(desk_grants.c.id == bindparam("id")).with_for_update())
SAME_GRANT = query(
    Grant,
    _grant.where(
        desk_grants.c.subject_kind == bindparam("kind"),
        desk_grants.c.subject_id == bindparam("subject"),
        desk_grants.c.permission == bindparam("wanted"),
    ),
)

_key_columns = [integration_keys.c[name] for name in IntegrationKey.__struct_fields__]
KEYS = query(
    ShownIntegrationKey,
    select(*_key_columns, _shown.label("created_by"))
    .select_from(integration_keys.outerjoin(users, users.c.id == integration_keys.c.created_by))
    .order_by(integration_keys.c.id.desc()),
)
KEY_BY_HASH = query(IntegrationKey, select(*_key_columns).where(integration_keys.c.key_hash == bindparam("hash")))
KEY = query(IntegrationKey, select(*_key_columns).where(integration_keys.c.id == bindparam("id")))
KEY_LOCKED = query(
    IntegrationKey, select(*_key_columns).where(integration_keys.c.id == bindparam("id")).with_for_update()
)


async def list_grants(tx: Tx) -> list[ShownGrant]:
    """Return every grant, oldest first."""
    return await tx.all(GRANTS)


async def list_integration_keys(tx: Tx) -> list[ShownIntegrationKey]:
    """Return every key that is not deleted, newest first."""
    return await tx.all(KEYS)


async def known_people(tx: Tx, user_ids: Iterable[str]) -> dict[str, KnownPerson]:
    """Return those of these ids that are people's, by their ids; in one read."""
    found = await tx.all(KNOWN_PEOPLE[tx.engine], ids=sorted(set(user_ids)))
    return {each.id: each for each in found}
