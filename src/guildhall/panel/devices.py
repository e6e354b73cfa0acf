"""Letting a device in: the person types its code, sees who asks, and approves or denies."""

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains import identity
from guildhall.domains.identity import Permission
from guildhall.panel.account import ACCOUNT
from guildhall.panel.forms import change, show
from guildhall.panel.pages import page, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House


class CodeQuery(QueryString, frozen=True, kw_only=True):
    """A code to fill in, never to submit."""

    code: str = ""


class CodeForm(Form, frozen=True, kw_only=True):
    """The code that a device shows."""

    code: str = ""


@show("/auth/verify", permission=Permission.APPROVE_DEVICE, transaction="none")
async def show_verify_page(query: CodeQuery, call: Call) -> Answer:
    """Ask for the code that the device shows."""
    code = query.code if query.code.isdigit() and query.code.isascii() else ""
    return page(call, "device.html", title="Let a device in", code=code, refusal=None)


@change("/panel/device-login", permission=Permission.APPROVE_DEVICE, transaction="none")
async def show_device(form: CodeForm, call: Call, actor: Actor, house: House) -> Answer:
    """Show who asks to be let in, before anything is decided."""
    try:
        login, app = await identity.show_login(house.database, actor, form.code, now=house.clock.now())
    except GuildhallError as error:
        refusal = Refusal.of(error)
        return page(
            call, "device.html", status=refusal.status, title="Let a device in", code=form.code, refusal=refusal
        )
    return page(call, "device_asks.html", title="Let this device in?", login=login, app=app)


@change("/panel/account/tokens/{token_id}/revoke", permission=Permission.OWN_PROFILE)
async def revoke_token(token_id: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """End one of the person's device tokens."""
    user = await identity.access_self(tx, actor)
    await identity.revoke_token(tx, actor, user, token_id, now=house.clock.now())
    return redirect(told(ACCOUNT, "token-revoked"))


def show_notice(call: Call, *, title: str, text: str) -> Answer:
    """Show a page with one thing to say; the port through which dialects show theirs."""
    return page(call, "notice.html", headline=title, message=text)
