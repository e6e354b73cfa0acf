"""Prepared actions: the page behind the link that an app gives its person, and the list of what waits for them.

The page lies where the Commons Hub's links point to, below /v1. Programs that do not ask for a page are answered in the
words of that dialect.
"""

from typing import Literal

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import STATUS, GuildhallError, Unauthenticated
from guildhall.domains import actions
from guildhall.domains.actions import Outcome, PreparedAction
from guildhall.domains.identity import Permission
from guildhall.panel.face import OPEN, UNCACHED, UNTOLD, Panel, known_viewer
from guildhall.panel.forms import check_form, show
from guildhall.panel.pages import page
from guildhall.panel.words import Refusal
from guildhall.web.answers import HTML, Answer
from guildhall.web.bodies import Form
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.notices import prefers_page
from guildhall.web.routing import route

CONFIRM = "/v1/actions/{action_id}/confirm"


class Decision(Form, frozen=True, kw_only=True):
    """What the person says; the button that Enter presses confirms."""

    decision: Literal["confirm", "decline"] = "confirm"


@show("/panel/actions", permission=Permission.USE_ACTIONS)
async def show_own_actions(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Show what apps have prepared for the person: what waits, and what is over."""
    now, user_id = house.clock.now(), str(actor.user_id)
    over = await actions.over_of(tx, user_id, now=now)
    return page(
        call,
        "actions.html",
        title="Prepared actions",
        pending=await actions.pending_of(tx, user_id, now=now),
        over=[(each, each.state_at(now)) for each in over],
    )


@show(CONFIRM, permission=Permission.USE_ACTIONS)
async def show_confirm_page(action_id: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Show what will happen. Nothing does by looking, for programs that preview links look too."""
    return await _question(call, tx, actor, house, action_id)


@route("POST", CONFIRM, permission=Permission.PUBLIC, accepts=OPEN, transaction="write", content="text/html")
async def confirm_action(action_id: str, form: Decision, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Do what was prepared, or decline it. A refusal of the deed itself leaves the question standing."""
    try:
        if known_viewer(call) is None:
            raise Unauthenticated("Please sign in to decide")
        check_form(call, hides_origin=True)
        async with tx.savepoint():
            outcome = await _decide(tx, actor, house, action_id, form)
    except GuildhallError as error:
        if not prefers_page(call):
            return _refusal_for_programs(error)
        if known_viewer(call) is None:
            return _problem(call, error)
        return await _question(call, tx, actor, house, action_id, error=error)
    action = await actions.access_action(tx, actor, action_id)
    if outcome is None or prefers_page(call):
        return _confirm_page(call, "action_decided.html", action, title="Done" if outcome is not None else "Declined")
    return Answer(msgspec.json.encode({"ok": True, "result": outcome, "actionId": action.id}), headers=[UNCACHED])


async def _decide(tx: Tx, actor: Actor, house: House, action_id: str, form: Decision) -> Outcome | None:
    """Return what came of the action, or None when it is declined."""
    if form.decision == "confirm":
        return await actions.execute_action(tx, actor, action_id, hub=house.hub, now=house.clock.now())
    await actions.cancel_action(tx, actor, action_id, now=house.clock.now())
    return None


async def _question(
    call: Call, tx: Tx, actor: Actor, house: House, action_id: str, *, error: GuildhallError | None = None
) -> Answer:
    try:
        action = await actions.access_action_to_execute(tx, actor, action_id)
        actions.check_pending(action, now=house.clock.now())
        sentence = await actions.describe_action(tx, actor, action, hub=house.hub)
    except GuildhallError as unanswerable:
        return _problem(call, unanswerable)
    refusal = Refusal.of(error) if error else None
    return _confirm_page(
        call,
        "action.html",
        action,
        status=refusal.status if refusal else 200,
        title="Shall this happen?",
        sentence=sentence,
        refusal=refusal,
    )


def _confirm_page(call: Call, template: str, action: PreparedAction, *, status: int = 200, **context: object) -> Answer:
    return page(call, template, status=status, headers=[UNTOLD], action=action, **context)


def _problem(call: Call, error: GuildhallError) -> Answer:
    answer = Panel().refuse(error, request_id=call.request_id)
    return Answer(answer.body, status=answer.status, media_type=HTML, headers=[*answer.headers, UNTOLD])


def _refusal_for_programs(error: GuildhallError) -> Answer:
    status = STATUS[error.kind]
    body = {"error": error.code, "message": error.message, "status": status}
    return Answer(msgspec.json.encode(body), status=status, headers=[UNCACHED])
