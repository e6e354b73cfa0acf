"""What is written in the channel of a ticket: commands first, else notes or replies, as the configuration says."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import discord

from guildhall.bot.desk.reading import incoming_of
from guildhall.core.actor import Actor, ActorKind
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.core.log import get_logger
from guildhall.domains import tickets
from guildhall.domains.tickets import EVERYTHING, Person, Ticket, Transport, intake
from guildhall.domains.tickets.relay import Incoming

if TYPE_CHECKING:
    from guildhall.bot.desk.desk import Desk

log = get_logger(__name__)

REFUSED = "\N{WARNING SIGN}\N{VARIATION SELECTOR-16}"
"""The reaction on what was not taken."""


async def write_in_channel(desk: "Desk", message: discord.Message) -> None:
    """Take in what somebody wrote in a channel: a command anywhere, anything in that of an open ticket."""
    house, now = desk.house, desk.house.clock.now()
    async with house.database.read() as tx:
        ticket = await tickets.ticket_of_channel(tx, message.channel.id)
    if ticket is None:
        await desk.is_command(message)
        return
    heard = incoming_of(message, lane=message.channel.id, now=now)
    # What is said while a ticket is closed is no part of it, also not when it is open again and its channel is read.
    if await desk.is_command(message) or ticket.closed:
        # Its effect is there once, however often it is told; noted beforehand, it could become something that was said.
        async with house.database.write() as tx:
            await intake.store_incoming(tx, heard, user_id=None, done=True)
        return
    async with house.database.write() as tx:
        await intake.store_incoming(tx, heard, user_id=None)
    try:
        await write_waiting(desk, ticket, heard.lane)
    except GuildhallError as error:
        log.info("What was written in a channel is not taken", ticket=ticket.id, reason=error.message)
        async with house.database.write() as tx:
            await intake.settle(tx, heard.lane, up_to=heard.message_id)
        await message.add_reaction(REFUSED)


async def write_waiting(desk: "Desk", ticket: Ticket, lane: int) -> None:
    """Write into a ticket what came in in its channel and was not worked on yet, with its files."""
    if not await desk.files.fetch_waiting(lane):
        desk.do_later(lane, partial(write_waiting, desk, ticket, lane))
    async with desk.house.database.write() as tx:
        for each in await intake.waiting_in(tx, lane):
            actor = Actor(ActorKind.USER, user_id=each.author_id, provider="discord")
            if each.is_pending:
                return
            fresh = await tickets.access_ticket_to_change(tx, actor, ticket.id, sight=EVERYTHING)
            await _write(desk, tx, actor, fresh, each)
            await intake.settle(tx, lane, up_to=each.message_id)


async def _write(desk: "Desk", tx: Tx, actor: Actor, ticket: Ticket, heard: Incoming) -> None:
    """Write down one message: by its user in a direct ticket, by staff a note or a reply."""
    document, now = desk.house.site.now.document, desk.house.clock.now()
    person, draft = Person(heard.author_id, heard.author_name), intake.draft_of(heard)
    if not draft.says_something:
        return
    if ticket.transport is Transport.DIRECT and person.id == ticket.user_id:
        keeps_open = document.tickets.cancel_close_on_user_message
        await tickets.write_as_user(tx, actor, ticket, person, draft, keeps_open=keeps_open, now=now)
    elif ticket.transport is Transport.RELAY and document.thread.plain_messages == "note":
        await tickets.write_note(tx, actor, ticket, person, draft, now=now)
    else:
        is_anonymous = document.tickets.anonymous_by_default and ticket.transport is Transport.RELAY
        await tickets.write_as_staff(
            tx,
            actor,
            ticket,
            person,
            replace(draft, anonymous=is_anonymous),
            only_claimer=document.tickets.claim_exclusive,
            now=now,
        )
