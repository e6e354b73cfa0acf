"""Apps that vouch for their users."""

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains import identity
from guildhall.domains.identity import App, AppKind, Permission
from guildhall.panel.forms import change, show
from guildhall.panel.pages import page, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form
from guildhall.web.calls import Call
from guildhall.web.house import House

APPS = "/panel/apps"
MANAGE = Permission.MANAGE_APPS


class NewApp(Form, frozen=True, kw_only=True):
    """An app to register."""

    name: str = ""
    provider: str = "discord"
    kind: AppKind = AppKind.TRUSTED


@show(APPS, permission=MANAGE)
async def list_apps(call: Call, tx: Tx) -> Answer:
    """List the apps that are not revoked."""
    return await _list(call, tx)


@change(APPS, permission=MANAGE)
async def register_app(form: NewApp, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Register an app and show its secret this once."""
    try:
        async with tx.savepoint():
            _, secret = await identity.register_app(
                tx, actor, name=form.name, provider=form.provider.strip(), kind=form.kind, now=house.clock.now()
            )
    except GuildhallError as error:
        return await _list(call, tx, entered=form, refusal=Refusal.of(error))
    return await _list(call, tx, secret=secret)


@change(APPS + "/{app_id}/revoke", permission=MANAGE)
async def revoke_app(app_id: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """End an app."""
    app = await identity.access_app(tx, actor, app_id)
    await identity.revoke_app(tx, actor, app, now=house.clock.now())
    return redirect(told(APPS, "app-revoked"))


async def _list(
    call: Call, tx: Tx, *, entered: NewApp | None = None, refusal: Refusal | None = None, secret: str = ""
) -> Answer:
    apps = await identity.live_apps(tx)
    return page(
        call,
        "apps.html",
        status=refusal.status if refusal else 200,
        title="Apps",
        apps=apps,
        command_line=_command_line(apps, call.house),
        server=call.house.settings.public_url,
        entered=entered or NewApp(),
        refusal=refusal,
        secret=secret,
    )


def _command_line(apps: list[App], house: House) -> str | None:
    """Return the secret that `guildhall login` asks for, while its app lives and the secret can be read."""
    secrets = (identity.shown_secret(app, key=house.token_key) for app in apps)
    return next((secret for secret in secrets if secret), None)
