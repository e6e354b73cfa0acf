"""Reads about people, apps and sessions."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Select, bindparam, func, literal, literal_column, select, text, union_all

from guildhall.core.db import JsonDoc, Query, Tx, query
from guildhall.domains.identity.models import (
    ADMIN_ROLES,
    ApiKey,
    App,
    Attempts,
    CalendarFeed,
    DeviceLogin,
    EnvironmentAccount,
    Identity,
    Session,
    User,
    UserRole,
    UserToken,
    api_keys,
    apps,
    calendar_feeds,
    code_misses,
    device_logins,
    environment_accounts,
    identities,
    master_key,
    sessions,
    sign_in_attempts,
    user_grants,
    user_roles,
    user_tokens,
    users,
)

USER_COLUMNS = [users.c[name] for name in User.__struct_fields__]


def _users(*where: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    return select(*USER_COLUMNS).where(*where)


USER = query(User, _users(users.c.id == bindparam("id")))
# The row stays locked to the end of the transaction; what refers to a person does not have to wait for it.
USER_LOCKED = query(User, _users(users.c.id == bindparam("id")).with_for_update(key_share=True))
USER_BY_ALIAS = query(User, _users(users.c.alias == bindparam("alias")))
USER_BY_SIGN_IN_NAME = query(User, _users(users.c.sign_in_name == bindparam("name")))
INVITATION_ADDRESS = query(str, select(users.c.email).where(users.c.id == bindparam("id"), users.c.wants_invitations))
PASSWORD_HASH = query(str, select(users.c.password_hash).where(users.c.id == bindparam("id")))
# Two reads by index in one statement; joined by OR they would make PostgreSQL look at everybody.
USER_KNOWN_AS = query(
    User,
    union_all(
        _users(users.c.alias == bindparam("name")).add_columns(literal(0).label("place")),
        _users(
            users.c.id.in_(
                select(identities.c.user_id).where(
                    identities.c.provider == bindparam("provider"),
                    identities.c.external_id.in_([bindparam("name"), bindparam("bare")]),
                )
            )
        ).add_columns(literal(1)),
    )
    .order_by("place")
    .limit(1),
)
USER_LINKED_TO = query(
    User,
    _users(
        users.c.id.in_(
            select(identities.c.user_id).where(
                identities.c.provider == bindparam("system"), identities.c.external_id == bindparam("known_as")
            )
        )
    ),
)
ROLES = query(
    str, select(user_roles.c.role).where(user_roles.c.user_id == bindparam("user_id")).order_by(user_roles.c.role)
)
# The ids come as one JSON list, because a statement has a fixed number of parameters; as an array it is by index that
# PostgreSQL looks for each.
_one_of = {
    "postgresql": text("user_id = ANY(ARRAY(SELECT jsonb_array_elements_text(:ids)))"),
    "sqlite": text("user_id IN (SELECT value FROM json_each(:ids))"),
}
ROLES_OF_ALL = {
    engine: query(
        UserRole,
        select(user_roles).where(one_of.bindparams(bindparam("ids", type_=JsonDoc))).order_by(user_roles.c.role),
    )
    for engine, one_of in _one_of.items()
}
GRANTS = query(str, select(user_grants.c.permission).where(user_grants.c.user_id == bindparam("user_id")))
IDENTITIES = query(
    Identity,
    select(identities)
    .where(identities.c.user_id == bindparam("user_id"))
    .order_by(identities.c.provider, identities.c.external_id),
)
ADMINS = query(
    str,
    select(user_roles.c.user_id)
    .where(user_roles.c.role.in_(sorted(ADMIN_ROLES)))
    .order_by(user_roles.c.user_id)
    .limit(100)
    .with_for_update(),
)
ANY_ADMIN = query(str, select(user_roles.c.user_id).where(user_roles.c.role.in_(sorted(ADMIN_ROLES))).limit(1))

_page = _users(users.c.seq > bindparam("after")).order_by(users.c.seq).limit(bindparam("limit"))
PAGE_OF_USERS = query(User, _page)
USERS_LIKE = query(User, _page.where(users.c.search.like(bindparam("pattern"), escape="\\")))
# An index of all three-letter parts serves LIKE on PostgreSQL; on SQLite it is a full-text table beside the users.
# It is cut to the page too, or everybody whose address has a common part would be gathered for each page.
_found = text(
    "SELECT rowid FROM users_search WHERE users_search MATCH :phrase AND rowid > :after ORDER BY rowid LIMIT :limit"
).bindparams(*(bindparam(name, required=True) for name in ("phrase", "after", "limit")))
USERS_CONTAINING: dict[str, Query[User]] = {
    "postgresql": USERS_LIKE,
    "sqlite": query(User, _page.where(users.c.seq.in_(_found.columns(users.c.seq)))),
}
TRIGRAM = 3

APP = query(App, select(apps).where(apps.c.id == bindparam("id"), apps.c.revoked_at.is_(None)))
APP_BY_SECRET = query(App, select(apps).where(apps.c.secret_hash == bindparam("hash"), apps.c.revoked_at.is_(None)))
LIVE_APPS = query(App, select(apps).where(apps.c.revoked_at.is_(None)).order_by(apps.c.created_at, apps.c.id))
API_KEY_BY_HASH = query(
    ApiKey, select(api_keys).where(api_keys.c.key_hash == bindparam("hash"), api_keys.c.revoked_at.is_(None))
)
API_KEYS_OF = query(
    ApiKey,
    select(api_keys)
    .where(api_keys.c.user_id == bindparam("user_id"), api_keys.c.revoked_at.is_(None))
    .order_by(api_keys.c.id),
)
MASTER_KEY = query(str, select(master_key.c.key_hash))
SESSION = query(Session, select(sessions).where(sessions.c.id == bindparam("id")))
SESSION_BY_HASH = query(
    Session, select(sessions).where(sessions.c.token_hash == bindparam("hash"), sessions.c.ended_at.is_(None))
)
SESSIONS_OF = query(
    Session,
    select(sessions)
    .where(
        sessions.c.user_id == bindparam("user_id"),
        sessions.c.expires_at > bindparam("now"),
        sessions.c.ended_at.is_(None),
    )
    .order_by(sessions.c.last_seen_at.desc())
    .limit(50),
)
TOKEN_BY_HASH = query(
    UserToken,
    select(user_tokens).where(user_tokens.c.token_hash == bindparam("hash"), user_tokens.c.revoked_at.is_(None)),
)
TOKENS_OF = query(
    UserToken,
    select(user_tokens)
    .where(user_tokens.c.user_id == bindparam("user_id"), user_tokens.c.revoked_at.is_(None))
    .order_by(user_tokens.c.created_at.desc(), user_tokens.c.id)
    .limit(200),
)
_pending = device_logins.c.state == literal_column("'pending'")
LOGIN_BY_DEVICE = query(
    DeviceLogin,
    select(device_logins).where(device_logins.c.device_hash == bindparam("hash")).with_for_update(),
)
LOGIN_BY_CODE = query(
    DeviceLogin,
    select(device_logins)
    .where(device_logins.c.user_code == bindparam("code"))
    .order_by(_pending.desc(), device_logins.c.created_at.desc())
    .limit(1),
)
LIVE_CODES = query(
    datetime, select(device_logins.c.created_at).where(_pending, device_logins.c.expires_at > bindparam("now"))
)
# The rows of the app's logins are counted no further than the limit.
PENDING_OF_APP = query(
    int,
    select(func.count()).select_from(
        select(device_logins.c.id).where(device_logins.c.app_id == bindparam("app_id"), _pending).limit(50).subquery()
    ),
)
MISSES_OF_USER = query(
    datetime,
    select(code_misses.c.at).where(
        code_misses.c.user_id == bindparam("user_id"), code_misses.c.at > bindparam("since")
    ),
)
MISSES_OF_ADDRESS = query(
    datetime, select(code_misses.c.at).where(code_misses.c.ip == bindparam("ip"), code_misses.c.at > bindparam("since"))
)
ATTEMPTS = query(
    Attempts,
    select(sign_in_attempts.c.count, sign_in_attempts.c.window_ends_at).where(
        sign_in_attempts.c.subject == bindparam("who")
    ),
)
FEED_BY_HASH = query(CalendarFeed, select(calendar_feeds).where(calendar_feeds.c.token_hash == bindparam("hash")))
FEED_OF = query(CalendarFeed, select(calendar_feeds).where(calendar_feeds.c.user_id == bindparam("user_id")))

ENVIRONMENT_ACCOUNTS = query(EnvironmentAccount, select(environment_accounts).order_by(environment_accounts.c.name))
ENVIRONMENT_ACCOUNT_LOCKED = query(
    EnvironmentAccount,
    select(environment_accounts).where(environment_accounts.c.name == bindparam("name")).with_for_update(),
)


async def roles_of(tx: Tx, user_id: str) -> list[str]:
    """Return the roles a person holds, in alphabetical order."""
    return await tx.all(ROLES, user_id=user_id)


async def public_roles_of(tx: Tx, user_id: str) -> list[str]:
    """Return a person's roles as other people see them: a super administrator is an admin."""
    return _public(await roles_of(tx, user_id))


async def public_roles_of_all(tx: Tx, people: Iterable[User]) -> dict[str, list[str]]:
    """Return the roles of several people, by their ids, as other people see them; in one read."""
    held: dict[str, list[str]] = {user.id: [] for user in people}
    for each in await tx.all(ROLES_OF_ALL[tx.engine], ids=list(held)):
        held[each.user_id].append(each.role)
    return {user_id: _public(roles) for user_id, roles in held.items()}


def _public(roles: Iterable[str]) -> list[str]:
    return sorted({"admin" if role == "super_admin" else role for role in roles})


async def search_users(tx: Tx, *, text: str | None, after: int = 0, limit: int) -> list[User]:
    """Return users by creation, from user number `after` on, whose names or address contain `text`."""
    if not text:
        return await tx.all(PAGE_OF_USERS, after=after, limit=limit)
    wanted = text.casefold()
    pattern = "%" + wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    phrase = '"' + wanted.replace('"', '""') + '"'
    statement = USERS_CONTAINING[tx.engine] if len(wanted) >= TRIGRAM else USERS_LIKE
    return await tx.all(statement, pattern=pattern, phrase=phrase, after=after, limit=limit)


async def names_of(tx: Tx, user_ids: Iterable[str]) -> dict[str, str]:
    """Return the display names of those of these ids that are people's; each costs a read by primary key."""
    found = [await tx.one(USER, id=user_id) for user_id in set(user_ids)]
    return {user.id: user.display_name for user in found if user is not None}


async def user_by_alias(tx: Tx, alias: str) -> User | None:
    """Return the person with a public id."""
    return await tx.one(USER_BY_ALIAS, alias=alias)


async def user_known_as(tx: Tx, name: str, *, provider: str) -> User | None:
    """Return the person with this public id, else the one a provider knows by it, with or without a leading `u_`."""
    return await tx.one(USER_KNOWN_AS, name=name, bare=name.removeprefix("u_"), provider=provider)


async def user_who_signs_in_as(tx: Tx, name: str) -> User | None:
    """Return the person who signs in with a name, whatever its case."""
    return await tx.one(USER_BY_SIGN_IN_NAME, name=name.casefold())


async def has_administrator(tx: Tx) -> bool:
    """Tell whether anybody administers the house."""
    return await tx.one(ANY_ADMIN) is not None


async def address_for_invitations(tx: Tx, user_id: str) -> str | None:
    """Return where a person wants to be invited to what they book; None for one who does not, or has no address."""
    return await tx.one(INVITATION_ADDRESS, id=user_id)
