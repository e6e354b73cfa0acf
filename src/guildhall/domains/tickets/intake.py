"""From somebody's first words to a ticket: what comes in is stored first, then judged, and written down.

Whatever a person writes before they have a ticket waits in their lane, and becomes its first messages in order.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, update
from sqlalchemy.dialects.postgresql import insert

from guildhall.core.actor import Actor, ActorKind
from guildhall.core.db import Tx, command, insert_if_new, insert_or_replace
from guildhall.domains.site.sections import Document
from guildhall.domains.tickets import blocks, categories, gates
from guildhall.domains.tickets.categories import Category, FormAnswer
from guildhall.domains.tickets.conversation import Draft, Written, write_as_user
from guildhall.domains.tickets.models import Origin, Person, Source, Ticket, Transport
from guildhall.domains.tickets.office import is_staffed
from guildhall.domains.tickets.opening import open_ticket
from guildhall.domains.tickets.queries import LIVE_RELAY, TICKET_LOCKED
from guildhall.domains.tickets.relay.models import (
    Attached,
    Button,
    Incoming,
    Post,
    Say,
    Step,
    ticket_cursors,
    ticket_incoming,
    ticket_intakes,
    ticket_notices,
)
from guildhall.domains.tickets.relay.queries import DUE_INTAKES, INTAKE, WAITING, WAITING_LANES
from guildhall.domains.tickets.relay.queueing import queue_for_user, queue_welcome

DAILY: Final = timedelta(days=1)
HOURLY: Final = timedelta(hours=1)
STRANGER: Final = Post(say=Say.WORDS, words="desk.stranger")
DISABLED: Final = Post(say=Say.WORDS, words="desk.disabled")

STORE = insert_if_new(ticket_incoming)
NOTE_FILES = command(
    update(ticket_incoming)
    .where(ticket_incoming.c.message_id == bindparam("heard"))
    .values(attachments=bindparam("files"))
)
SETTLE = command(
    update(ticket_incoming)
    .where(
        ticket_incoming.c.lane == bindparam("in_lane"),
        ticket_incoming.c.message_id <= bindparam("up_to"),
        ticket_incoming.c.state == "waiting",
    )
    .values(state="done")
)
_cursor = insert(ticket_cursors)
MOVE_CURSOR = command(
    _cursor.on_conflict_do_update(
        index_elements=[ticket_cursors.c.channel_id],
        set_={name: _cursor.excluded[name] for name in ("user_id", "last_seen", "active_at")},
        where=ticket_cursors.c.last_seen < _cursor.excluded.last_seen,
    )
)
_notice = insert(ticket_notices)
TELL = command(
    _notice.on_conflict_do_update(
        index_elements=[ticket_notices.c.user_id, ticket_notices.c.what],
        set_={"at": _notice.excluded["at"]},
        where=ticket_notices.c.at <= bindparam("before"),
    )
)
PUT = insert_or_replace(ticket_intakes)
END = command(delete(ticket_intakes).where(ticket_intakes.c.user_id == bindparam("person")))


@dataclass(frozen=True)
class Guest:
    """Somebody who writes to the bot. `role_ids` are theirs in the community, None for whoever is not a member."""

    user_id: str
    name: str
    language: str
    role_ids: frozenset[str] | None
    joined_at: datetime | None = None

    @property
    def person(self) -> Person:
        """Who they are at the desk."""
        return Person(self.user_id, self.name)

    @property
    def actor(self) -> Actor:
        """As whom they act."""
        return Actor(ActorKind.USER, user_id=self.user_id, provider="discord")


@dataclass(frozen=True)
class Rules:
    """What intake goes by: the configuration, and the guild whose members may write."""

    document: Document
    guild_id: int


async def store_incoming(tx: Tx, incoming: Incoming, *, user_id: str | None, done: bool = False) -> bool:
    """Keep a message of Discord's until it is worked on, unless that is `done`. False for one that is known.

    `user_id` is whose direct message it is.
    """
    fields = {name: getattr(incoming, name) for name in Incoming.__struct_fields__}
    is_new = await tx.run(STORE, **fields, state="done" if done else "waiting") == 1
    await tx.run(
        MOVE_CURSOR,
        channel_id=incoming.channel_id,
        user_id=user_id,
        last_seen=incoming.message_id,
        active_at=incoming.heard_at,
    )
    return is_new


async def waiting_in(tx: Tx, lane: int) -> list[Incoming]:
    """Return what came in there and was not worked on yet, in order."""
    return await tx.all(WAITING, lane=lane)


async def note_files(tx: Tx, incoming: Incoming, files: list[Attached]) -> None:
    """Write down which files of a message are kept by now, and which never will be."""
    await tx.run(NOTE_FILES, heard=incoming.message_id, files=files)


async def settle(tx: Tx, lane: int, *, up_to: int) -> None:
    """Note that all that came in there up to a message was worked on."""
    await tx.run(SETTLE, in_lane=lane, up_to=up_to)


async def take_in(tx: Tx, guest: Guest, rules: Rules, *, now: datetime) -> None:
    """Do what is to be done about what somebody has written.

    It goes into their ticket if they have one. Otherwise they are refused, held, asked for a category, or given a
    ticket, in this order of questions: membership, block, desk open, gates, maintenance, office hours, choice.
    """
    waiting = await waiting_in(tx, int(guest.user_id))
    if not waiting:
        return
    last = waiting[-1].message_id
    live = await tx.one(LIVE_RELAY, guild_id=rules.guild_id, user_id=guest.user_id)
    if live is None and guest.role_ids is None:
        await _refuse(tx, guest, "stranger", STRANGER, last, now)
        return
    block = await blocks.block_of(
        tx,
        user_id=guest.user_id,
        role_ids=guest.role_ids or frozenset(),
        category_id=live.category_id if live else None,
        now=now,
    )
    if block is not None:
        await _refuse(tx, guest, "block" if block.notify else None, words_of(block), last, now)
    elif live is not None:
        await _write_down(tx, guest, live, rules, now=now)
    else:
        begun = await tx.one(INTAKE, user_id=guest.user_id)
        # Whoever has pressed a button and writes instead is asked here: nobody knows whether they still look there.
        if begun is None or begun.origin is Origin.BUTTON:
            await _begin(tx, guest, rules, last, now)


async def _begin(tx: Tx, guest: Guest, rules: Rules, last: int, now: datetime) -> None:
    document = rules.document
    if not document.tickets.enabled:
        await _refuse(tx, guest, "disabled", DISABLED, last, now)
        return
    shut = await gates.gate_before(
        tx, document.gates, user_id=guest.user_id, joined_at=guest.joined_at, guild_id=rules.guild_id, now=now
    )
    if shut is not None:
        await settle(tx, int(guest.user_id), up_to=last)
        await _notify(tx, guest, f"gate.{shut.what}", words_before(shut), min(DAILY, shut.until - now), now)
        return
    if document.bot.presence_state == "maintenance":
        # What they write waits, and is taken in when that ends.
        await _notify(tx, guest, "maintenance", Post(text=document.bot.maintenance_message), DAILY, now)
        return
    if not is_staffed(document, now):
        cooldown = timedelta(minutes=document.office_hours.notice_cooldown_minutes)
        await _notify(tx, guest, "office", Post(text=document.office_hours.closed_message), cooldown, now)
        if document.office_hours.mode == "refuse":
            await settle(tx, int(guest.user_id), up_to=last)
            return
    choice = await categories.choice_settings(tx)
    if choice.enabled and await offered_to(tx, guest, now=now):
        await put_intake(tx, guest, Step.CHOOSING, None, origin=Origin.DM, now=now)
        post = Post(say=Say.WORDS, words="desk.choose", buttons=[Button.MENU])
        await queue_for_user(tx, guest.user_id, post, now=now)
        return
    await open_for(tx, guest, rules, None, [], now=now)


async def offered_to(tx: Tx, guest: Guest, *, now: datetime) -> list[Category]:
    """Return the categories that somebody may choose from."""
    roles = guest.role_ids or frozenset()
    return [
        each
        for each in await categories.list_categories(tx)
        if each.enabled
        and await blocks.block_of(tx, user_id=guest.user_id, role_ids=roles, category_id=each.id, now=now) is None
    ]


async def open_for(
    tx: Tx,
    guest: Guest,
    rules: Rules,
    category: Category | None,
    answers: list[FormAnswer],
    *,
    origin: Origin = Origin.DM,
    now: datetime,
) -> Ticket:
    """Open a ticket for somebody who came themselves, with what waits as its first messages."""
    live = await tx.one(LIVE_RELAY, guild_id=rules.guild_id, user_id=guest.user_id)
    await end_intake(tx, guest)
    if live is None:
        live = await open_ticket(
            tx,
            guest.actor,
            guild_id=rules.guild_id,
            person=guest.person,
            origin=origin,
            transport=Transport.RELAY,
            needs_channel=True,
            category_id=category.id if category else None,
            category_name=category.name if category else None,
            language=guest.language,
            now=now,
        )
        await categories.keep_answers(tx, live, answers)
        await queue_welcome(tx, live, now=now)
    await _write_down(tx, guest, live, rules, now=now)
    return live


async def put_intake(
    tx: Tx,
    guest: Guest,
    step: Step,
    category: Category | None,
    *,
    origin: Origin,
    answers: list[FormAnswer] | None = None,
    now: datetime,
) -> None:
    """Note how far somebody is who has no ticket yet, and let the time that they have begin anew."""
    choice = await categories.choice_settings(tx)
    await tx.run(
        PUT,
        user_id=guest.user_id,
        user_name=guest.name,
        step=step.value,
        category_id=category.id if category else None,
        language=guest.language,
        origin=origin.value,
        answers=answers or [],
        begun_at=now,
        ends_at=now + timedelta(seconds=choice.selection_timeout_s),
    )


async def end_intake(tx: Tx, guest: Guest) -> None:
    """Forget how far somebody is."""
    await tx.run(END, person=guest.user_id)


async def drop_waiting(tx: Tx, guest: Guest) -> None:
    """Take nothing in of what somebody has written so far."""
    waiting = await waiting_in(tx, int(guest.user_id))
    if waiting:
        await settle(tx, int(guest.user_id), up_to=waiting[-1].message_id)


async def end_due_intakes(tx: Tx, rules: Rules, *, now: datetime) -> None:
    """Go on without whoever has taken too long.

    Who has seen all that they chose and filled in, gets their ticket with it, and others get one without a category.
    Who was answered and asked no more, needs none, and who has only pressed a button has written nothing to lose.
    """
    for intake in await tx.all(DUE_INTAKES, now=now):
        guest = Guest(intake.user_id, intake.user_name, intake.language, frozenset())
        if intake.origin is Origin.BUTTON and not await waiting_in(tx, int(guest.user_id)):
            await end_intake(tx, guest)
        elif intake.step is Step.ANSWERED:
            await end_intake(tx, guest)
            await drop_waiting(tx, guest)
        else:
            is_chosen = intake.step is Step.CONFIRMING
            known = await categories.list_categories(tx) if is_chosen else []
            category = next((each for each in known if each.id == intake.category_id), None)
            await open_for(tx, guest, rules, category, intake.answers, now=now)


async def go_on_writing(tx: Tx, rules: Rules, *, now: datetime) -> None:
    """Write down what had to wait as it came too fast. What somebody wrote who is blocked by now is left out."""
    if not rules.document.gates.messages_per_minute:
        return
    for lane in await tx.all(WAITING_LANES):
        ticket = await tx.one(LIVE_RELAY, guild_id=rules.guild_id, user_id=str(lane))
        if ticket is None:
            continue
        language = ticket.language or str(rules.document.language.default_language)
        guest = Guest(ticket.user_id, ticket.user_name, language, frozenset())
        block = await blocks.block_of(
            tx, user_id=guest.user_id, role_ids=frozenset(), category_id=ticket.category_id, now=now
        )
        if block is None:
            await _write_down(tx, guest, ticket, rules, now=now)
        else:
            await settle(tx, lane, up_to=(await waiting_in(tx, lane))[-1].message_id)


async def _write_down(tx: Tx, guest: Guest, ticket: Ticket, rules: Rules, *, now: datetime) -> None:
    """Write what waits into a ticket, in order.

    A message whose files are still to be fetched waits on, and one that comes too fast, with all after it.
    """
    lane = int(guest.user_id)
    for each in await waiting_in(tx, lane):
        # Each message changes what the next one is counted by.
        fresh = await tx.one(TICKET_LOCKED, id=ticket.id)
        if fresh is None or fresh.closed or each.is_pending:
            return
        if await gates.is_too_fast(tx, rules.document.gates, fresh, now=now):
            await _notify(tx, guest, "gate.pace", Post(say=Say.WORDS, words="desk.gate.pace"), HOURLY, now)
            return
        draft = draft_of(each)
        if draft.says_something:
            keeps_open = rules.document.tickets.cancel_close_on_user_message
            await write_as_user(tx, guest.actor, fresh, guest.person, draft, keeps_open=keeps_open, now=now)
        await settle(tx, lane, up_to=each.message_id)


def draft_of(incoming: Incoming) -> Draft:
    """Return what somebody wrote in Discord as it is written into a ticket; sent twice it is known."""
    return Draft(
        incoming.text(incoming.content),
        Source.DISCORD,
        client_id=str(incoming.message_id),
        attachments=incoming.files,
        written=Written(incoming.channel_id, incoming.message_id),
    )


async def _refuse(tx: Tx, guest: Guest, what: str | None, post: Post, last: int, now: datetime) -> None:
    """Take nothing in of what waits, and say so once a day, or not at all."""
    await settle(tx, int(guest.user_id), up_to=last)
    if what is not None:
        await _notify(tx, guest, what, post, DAILY, now)


async def _notify(tx: Tx, guest: Guest, what: str, post: Post, every: timedelta, now: datetime) -> None:
    if await tx.run(TELL, user_id=guest.user_id, what=what, at=now, before=now - every):
        await queue_for_user(tx, guest.user_id, post, now=now)


def words_before(shut: gates.Shut) -> Post:
    """Return what somebody is told who stands before a gate."""
    fields = {"when": f"<t:{math.ceil(shut.until.timestamp())}:R>"}
    return Post(say=Say.WORDS, words=f"desk.gate.{shut.what}", fields=fields)


def words_of(block: blocks.Block) -> Post:
    """Return what somebody is told who is blocked."""
    ends = f"<t:{int(block.expires_at.timestamp())}:f>" if block.expires_at else "-"
    key = "desk.blocked_until" if block.expires_at else "desk.blocked"
    return Post(say=Say.WORDS, words=key, fields={"reason": block.reason or "-", "ends": ends})
