"""Apps: registered and revoked by the holder of the master key."""

from guildhall.core.actor import Actor
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import InvalidField, MissingField
from guildhall.dialects.commonshub.auth import MASTER
from guildhall.dialects.commonshub.wire import HubBody, Ok, Reply, Word, utc
from guildhall.domains import identity
from guildhall.domains.identity import App, AppKind, Permission
from guildhall.domains.identity.errors import AdminRequired, AppNotFound
from guildhall.web.routing import route


class AppCreate(HubBody, frozen=True, kw_only=True):
    """An app to register."""

    name: str
    provider: Word = "discord"
    kind: AppKind = AppKind.TRUSTED


class AppReply(Reply, frozen=True, kw_only=True):
    """An app without its secret."""

    app_id: str
    name: str
    created_at: str
    last_used_at: str | None
    provider: str
    kind: AppKind

    @classmethod
    def of(cls, app: App) -> "AppReply":
        """Show an app."""
        return cls(
            app_id=app.id,
            name=app.name,
            created_at=utc(app.created_at),
            last_used_at=utc(app.last_used_at) if app.last_used_at else None,
            provider=app.provider,
            kind=app.kind,
        )


class AppWithSecret(Reply, frozen=True, kw_only=True):
    """A new app with its secret, which cannot be read again."""

    app_id: str
    app_secret: str
    name: str
    created_at: str
    provider: str
    kind: AppKind


class AppList(Reply, frozen=True):
    """All apps that are not revoked."""

    apps: list[AppReply]


@route(
    "POST", "/v1/apps", permission=Permission.MANAGE_APPS, accepts=MASTER,
    refusals=(AdminRequired, MissingField, InvalidField),
)  # fmt: skip
async def register_app(data: AppCreate, tx: Tx, actor: Actor, clock: Clock) -> AppWithSecret:
    """Register an app and show its secret once."""
    app, secret = await identity.register_app(
        tx, actor, name=data.name, provider=data.provider, kind=data.kind, now=clock.now()
    )
    return AppWithSecret(
        app_id=app.id,
        app_secret=secret,
        name=app.name,
        created_at=utc(app.created_at),
        provider=app.provider,
        kind=app.kind,
    )


@route("GET", "/v1/apps", permission=Permission.MANAGE_APPS, accepts=MASTER, refusals=(AdminRequired,))
async def list_apps(tx: Tx) -> AppList:
    """List registered apps without their secrets."""
    return AppList([AppReply.of(app) for app in await identity.live_apps(tx)])


@route(
    "DELETE", "/v1/apps/{app_id}", permission=Permission.MANAGE_APPS, accepts=MASTER,
    refusals=(AdminRequired, AppNotFound),
)  # fmt: skip
async def revoke_app(app_id: str, tx: Tx, actor: Actor, clock: Clock) -> Ok:
    """Revoke an app; its secret answers 401 from the next request on."""
    app = await identity.access_app(tx, actor, app_id)
    await identity.revoke_app(tx, actor, app, now=clock.now())
    return Ok()
