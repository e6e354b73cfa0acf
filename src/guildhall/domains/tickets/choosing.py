"""What somebody chooses and fills in before their ticket opens, in their direct messages or by a button on the server.

A category first, then its answer, its form, and a last look at all of it. Who writes and wants none of the categories
is asked no more; every other choice is confirmed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from guildhall.core.db import Tx
from guildhall.domains.tickets import blocks, categories, gates
from guildhall.domains.tickets.categories import Category, FormAnswer
from guildhall.domains.tickets.errors import TooManyOpen
from guildhall.domains.tickets.intake import (
    DISABLED,
    STRANGER,
    Guest,
    Rules,
    drop_waiting,
    end_intake,
    offered_to,
    open_for,
    put_intake,
    words_before,
    words_of,
)
from guildhall.domains.tickets.models import Origin, Ticket
from guildhall.domains.tickets.office import is_staffed
from guildhall.domains.tickets.opening import check_open
from guildhall.domains.tickets.queries import LIVE_RELAY
from guildhall.domains.tickets.relay.models import Intake, Post, Say, Step
from guildhall.domains.tickets.relay.queries import INTAKE


@dataclass(frozen=True)
class Next:
    """What comes next for somebody: a step with its category and what they filled in, their ticket, or a refusal."""

    step: Step | None = None
    category: Category | None = None
    answers: tuple[FormAnswer, ...] = ()
    ticket: Ticket | None = None
    refusal: Post | None = None


async def ask_for_ticket(tx: Tx, guest: Guest, rules: Rules, category_id: str | None, *, now: datetime) -> Next | None:
    """Let somebody ask for a ticket who has pressed a button, of a category or of none.

    None for a category that they are not offered any more.
    """
    refusal = await _refusal_of(tx, guest, rules, category_id, now)
    if refusal is not None:
        return Next(refusal=refusal)
    category = await _offered(tx, guest, category_id, now)
    if category is None and category_id is not None:
        return None
    return await _go_on(tx, guest, category, Origin.BUTTON, asks_on=False, now=now)


async def choose(
    tx: Tx, guest: Guest, rules: Rules, category_id: str | None, *, asks_on: bool = False, now: datetime
) -> Next | None:
    """Take a choice of category, None being none of them; who `asks on` is not helped by its answer.

    Returns None when it came too late.
    """
    begun = await tx.one(INTAKE, user_id=guest.user_id)
    if begun is None:
        return None
    category = await _offered(tx, guest, category_id, now)
    if category is not None:
        return await _go_on(tx, guest, category, begun.origin, asks_on=asks_on, now=now)
    if category_id is not None:
        return None
    return Next(ticket=await open_for(tx, guest, rules, None, [], origin=begun.origin, now=now))


async def category_asked_on(tx: Tx, user_id: str) -> str | None:
    """Return the category whose answer or form somebody has before them."""
    begun = await tx.one(INTAKE, user_id=user_id)
    return begun.category_id if begun else None


async def fill_in(tx: Tx, guest: Guest, answers: Mapping[str, str], *, now: datetime) -> Next | None:
    """Take a form; None when it came too late. Raises InvalidFormField."""
    begun = await _begun(tx, guest, Step.FORM)
    category = await _offered(tx, guest, begun.category_id, now) if begun else None
    if begun is None or category is None:
        return None
    filled_in = categories.check_answers(category.fields, answers)
    await put_intake(tx, guest, Step.CONFIRMING, category, origin=begun.origin, answers=filled_in, now=now)
    return Next(Step.CONFIRMING, category, tuple(filled_in))


async def confirm(tx: Tx, guest: Guest, rules: Rules, *, now: datetime) -> Next | None:
    """Open the ticket that somebody has looked at once more; None when it came too late, and they have none."""
    begun = await _begun(tx, guest, Step.CONFIRMING)
    if begun is None:
        # Whoever presses twice, or when it has just opened by itself, has what they wanted.
        live = await tx.one(LIVE_RELAY, guild_id=rules.guild_id, user_id=guest.user_id)
        return Next(ticket=live) if live is not None else None
    category = await _offered(tx, guest, begun.category_id, now)
    if category is None and begun.category_id is not None:
        return None
    if begun.origin is Origin.BUTTON:
        # Minutes may have passed since the button.
        refusal = await _refusal_of(tx, guest, rules, begun.category_id, now)
        if refusal is not None:
            await end_intake(tx, guest)
            return Next(refusal=refusal)
    ticket = await open_for(tx, guest, rules, category, begun.answers, origin=begun.origin, now=now)
    return Next(ticket=ticket, category=category)


async def cancel(tx: Tx, guest: Guest) -> bool:
    """Open nothing, and take in nothing of what they have written; False when it came too late."""
    if await _begun(tx, guest, Step.CONFIRMING) is None:
        return False
    await end_intake(tx, guest)
    await drop_waiting(tx, guest)
    return True


async def _begun(tx: Tx, guest: Guest, step: Step) -> Intake | None:
    begun = await tx.one(INTAKE, user_id=guest.user_id)
    return begun if begun is not None and begun.step is step else None


async def _offered(tx: Tx, guest: Guest, category_id: str | None, now: datetime) -> Category | None:
    if category_id is None:
        return None
    return next((each for each in await offered_to(tx, guest, now=now) if each.id == category_id), None)


async def _go_on(
    tx: Tx, guest: Guest, category: Category | None, origin: Origin, *, asks_on: bool, now: datetime
) -> Next:
    step = _step_after(category, asks_on=asks_on)
    await put_intake(tx, guest, step, category, origin=origin, now=now)
    return Next(step, category)


def _step_after(category: Category | None, *, asks_on: bool) -> Step:
    if category is not None and category.answer and not asks_on:
        return Step.ANSWERED
    return Step.FORM if category is not None and category.fields else Step.CONFIRMING


async def _refusal_of(tx: Tx, guest: Guest, rules: Rules, category_id: str | None, now: datetime) -> Post | None:
    """Return what whoever has pressed a button is told in place of a ticket, None for nothing."""
    return await _refusal_of_person(tx, guest, rules, category_id, now) or (
        _refusal_of_time(rules, now) or await _limit_of(tx, guest, rules)
    )


async def _refusal_of_person(tx: Tx, guest: Guest, rules: Rules, category_id: str | None, now: datetime) -> Post | None:
    """Return what somebody is told who may not come in, whoever is there, None for nothing."""
    if guest.role_ids is None:
        return STRANGER
    block = await blocks.block_of(tx, user_id=guest.user_id, role_ids=guest.role_ids, category_id=category_id, now=now)
    if block is not None:
        return words_of(block)
    shut = await gates.gate_before(
        tx, rules.document.gates, user_id=guest.user_id, joined_at=guest.joined_at, guild_id=rules.guild_id, now=now
    )
    return words_before(shut) if shut is not None else None


def _refusal_of_time(rules: Rules, now: datetime) -> Post | None:
    """Return what somebody is told while nobody may come in, None for nothing."""
    document = rules.document
    if not document.tickets.enabled:
        return DISABLED
    if document.bot.presence_state == "maintenance":
        return Post(text=document.bot.maintenance_message)
    if document.office_hours.mode == "refuse" and not is_staffed(document, now):
        return Post(text=document.office_hours.closed_message)
    return None


async def _limit_of(tx: Tx, guest: Guest, rules: Rules) -> Post | None:
    if await tx.one(LIVE_RELAY, guild_id=rules.guild_id, user_id=guest.user_id) is not None:
        return Post(say=Say.WORDS, words="desk.entry.has_ticket")
    try:
        # Whoever takes no direct messages gets a direct ticket, of which there are only so many.
        await check_open(tx, guest.user_id, rules.document.tickets.max_open_per_user)
    except TooManyOpen:
        return Post(say=Say.WORDS, words="desk.entry.too_many")
    return None
