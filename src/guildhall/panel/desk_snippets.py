"""Snippets: answers that staff write once and send often."""

from typing import Final

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import snippets
from guildhall.panel.forms import change, show, text_or_none
from guildhall.panel.pages import page, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form
from guildhall.web.calls import Call
from guildhall.web.house import House

SNIPPETS: Final = "/panel/desk/snippets"
MANAGE: Final = Permission.MANAGE_SNIPPETS


class SnippetForm(Form, frozen=True, kw_only=True):
    """A snippet as a form states it; the key of one that exists is in the address."""

    key: str = ""
    content: str = ""
    anonymous: str = ""

    @property
    def text(self) -> str:
        """The text with plain line ends."""
        return text_or_none(self.content) or ""


@show(SNIPPETS, permission=MANAGE)
async def list_snippets(call: Call, tx: Tx) -> Answer:
    """List snippets, each with the form that changes it."""
    return await _page(call, tx)


@change(SNIPPETS, permission=MANAGE)
async def create_snippet(form: SnippetForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Write a snippet."""
    try:
        async with tx.savepoint():
            await snippets.create_snippet(
                tx,
                actor,
                key=form.key.strip(),
                content=form.text,
                anonymous=bool(form.anonymous),
                now=house.clock.now(),
            )
    except GuildhallError as error:
        return await _page(call, tx, entered=form, error=error)
    return redirect(told(SNIPPETS, "snippet-saved"))


@change(SNIPPETS + "/{key}", permission=MANAGE)
async def save_snippet(key: str, form: SnippetForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Change a snippet."""
    found = await snippets.access_snippet_to_change(tx, actor, key)
    try:
        await snippets.change_snippet(
            tx, actor, found, content=form.text, anonymous=bool(form.anonymous), now=house.clock.now()
        )
    except GuildhallError as error:
        return await _page(call, tx, changed=key, entered=form, error=error)
    return redirect(told(SNIPPETS, "snippet-saved"))


@change(SNIPPETS + "/{key}/delete", permission=MANAGE)
async def delete_snippet(key: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Delete a snippet."""
    found = await snippets.access_snippet_to_change(tx, actor, key)
    await snippets.delete_snippet(tx, actor, found, now=house.clock.now())
    return redirect(told(SNIPPETS, "snippet-deleted"))


async def _page(
    call: Call, tx: Tx, *, changed: str = "", entered: SnippetForm | None = None, error: GuildhallError | None = None
) -> Answer:
    """Show the page; `changed` is the key of the snippet whose form was refused, empty for the form of a new one."""
    refusal = Refusal.of(error) if error else None
    return page(
        call,
        "desk_snippets.html",
        status=refusal.status if refusal else 200,
        title="Snippets",
        snippets=await snippets.list_snippets(tx),
        variables=snippets.VARIABLES,
        changed=changed,
        entered=entered or SnippetForm(),
        refusal=refusal,
    )
