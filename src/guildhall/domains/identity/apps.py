"""Apps that vouch for their users, the app of the command line, and the master key that registers them."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.crypto import SecretBox, SecretUnreadable, digest, same
from guildhall.core.db import Tx, command, insert_if_new
from guildhall.core.errors import InvalidField
from guildhall.domains import audit
from guildhall.domains.identity import names
from guildhall.domains.identity.errors import SuperAdminRequired
from guildhall.domains.identity.models import App, AppKind, apps, master_key
from guildhall.domains.identity.queries import APP_BY_SECRET, LIVE_APPS, MASTER_KEY

log = logging.getLogger(__name__)

COMMAND_LINE = "chb"
COMMAND_LINE_ID = "app_" + COMMAND_LINE.rjust(20, "0")
"""Every house knows its command line by the same id: a row with it, revoked or not, says that the app was made."""

DEFAULT_PROVIDER = "discord"
SECRET_PREFIX = "chb_sk_live_"  # noqa: S105 (a prefix, not a secret)
MASTER_PREFIX = "chb_admin_"
LONGEST_NAME = 64
TOUCH_EVERY = timedelta(minutes=1)

REVOKE = command(
    update(apps).where(apps.c.id == bindparam("app_id"), apps.c.revoked_at.is_(None)).values(revoked_at=bindparam("at"))
)
TOUCH = command(update(apps).where(apps.c.id == bindparam("app_id")).values(last_used_at=bindparam("at")))
KEEP_APP = insert_if_new(apps)
FORGET_MASTER_KEY = command(delete(master_key))
KEEP_MASTER_KEY = insert_if_new(master_key)


async def register_app(
    tx: Tx, actor: Actor, *, name: str, provider: str, kind: AppKind, now: datetime
) -> tuple[App, str]:
    """Register an app and return it with its secret, which is never readable again. Raises InvalidField."""
    secret = SECRET_PREFIX + ids.base62(32)
    app = App(
        id="app_" + ids.base62(20),
        name=names.clean_name(name, longest=LONGEST_NAME, field="name"),
        provider=_valid_provider(provider),
        kind=kind,
        secret_hash=digest(secret),
        created_at=now,
    )
    await tx.insert(app)
    await audit.record(tx, actor, "app.registered", app.id, now=now, name=app.name, kind=kind.value)
    return app, secret


async def create_command_line_app(tx: Tx, actor: Actor, *, key: str, now: datetime) -> None:
    """Make the device app "chb", through which the command line logs people in, where it was never made before.

    Two processes starting together make one, and one that was revoked stays revoked. `key` is the house's SECRET_KEY.
    """
    secret = SECRET_PREFIX + ids.base62(32)
    made = await tx.run(
        KEEP_APP,
        id=COMMAND_LINE_ID,
        name=COMMAND_LINE,
        provider=DEFAULT_PROVIDER,
        kind=AppKind.DEVICE.value,
        secret_hash=digest(secret),
        created_at=now,
        last_used_at=None,
        revoked_at=None,
        sealed_secret=_box(key).encrypt(secret, place=COMMAND_LINE_ID),
    )
    if made:
        await audit.record(
            tx, actor, "app.registered", COMMAND_LINE_ID, now=now, name=COMMAND_LINE, kind=AppKind.DEVICE.value
        )


def shown_secret(app: App, *, key: str) -> str | None:
    """Return the secret of an app that has one to show; None for all others, and after a change of SECRET_KEY."""
    if app.sealed_secret is None:
        return None
    try:
        return _box(key).decrypt(app.sealed_secret, place=app.id)
    except SecretUnreadable as fault:
        log.warning("%s", fault)
        return None


async def revoke_app(tx: Tx, actor: Actor, app: App, *, now: datetime) -> None:
    """End an app; its secret is unknown from the next request on, in every process."""
    if await tx.run(REVOKE, app_id=app.id, at=now):
        await audit.record(tx, actor, "app.revoked", app.id, now=now)


async def live_apps(tx: Tx) -> list[App]:
    """Return the apps that are not revoked, oldest first."""
    return await tx.all(LIVE_APPS)


async def app_with_secret(tx: Tx, secret: str) -> App | None:
    """Return the live app that this is the secret of."""
    return await tx.one(APP_BY_SECRET, hash=digest(secret))


async def touch_app(tx: Tx, app: App, *, now: datetime) -> None:
    """Remember that the app was used, to the minute. Not audited: it is a reading, not an act."""
    await tx.run(TOUCH, app_id=app.id, at=now)


def wants_touch(last_used_at: datetime | None, now: datetime) -> bool:
    """Tell whether the time of last use is old enough to be written again."""
    return last_used_at is None or now - last_used_at >= TOUCH_EVERY


async def note_secret_shown(tx: Tx, actor: Actor, setting: str, *, now: datetime) -> None:
    """Write down that somebody has a secret of the server shown to them. Raises SuperAdminRequired."""
    if "super_admin" not in actor.roles:
        raise SuperAdminRequired
    await audit.record(tx, actor, "secret.shown", setting, now=now)


async def ensure_master_key(tx: Tx, *, now: datetime) -> str | None:
    """Make the master key if there is none, and return it this once. Two processes starting together make one."""
    key = MASTER_PREFIX + ids.base62(40)
    made = await tx.run(KEEP_MASTER_KEY, id=1, key_hash=digest(key), created_at=now)
    return key if made else None


async def replace_master_key(tx: Tx, actor: Actor, *, now: datetime) -> str:
    """Make a new master key and return it this once; the old one is unknown from the next request on."""
    key = MASTER_PREFIX + ids.base62(40)
    await tx.run(FORGET_MASTER_KEY)
    await tx.run(KEEP_MASTER_KEY, id=1, key_hash=digest(key), created_at=now)
    await audit.record(tx, actor, "master_key.replaced", None, now=now)
    return key


async def is_master_key(tx: Tx, presented: str, *, configured: str) -> bool:
    """Tell whether this is the master key: the configured one where there is one, else the stored one."""
    if configured:
        return same(digest(presented), digest(configured))
    if not presented.startswith(MASTER_PREFIX):
        return False
    kept = await tx.one(MASTER_KEY)
    return kept is not None and same(digest(presented), kept)


def _box(key: str) -> SecretBox:
    return SecretBox(key, "secrets of apps")


def _valid_provider(provider: str) -> str:
    if not names.ROLE.fullmatch(provider):
        raise InvalidField("provider is a word of small letters, digits, _ and -", field="provider")
    return provider
