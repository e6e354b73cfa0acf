"""Opening a ticket, and waiting a while for its channel."""

from datetime import timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import InvalidField, Limited
from guildhall.dialects.hazebot.ticket_errors import Blocked, InvalidCategory, TicketsDisabled
from guildhall.dialects.hazebot.ticket_wire import NO_CATEGORY, TicketCreated, first_words
from guildhall.dialects.hazebot.ticket_work import Visitor
from guildhall.dialects.hazebot.tickets import OWN, TICKETS, TOKEN, visitor_of
from guildhall.domains import tickets
from guildhall.domains.tickets import Draft, Origin, Source, Transport
from guildhall.domains.tickets.blocks import block_of
from guildhall.domains.tickets.categories import Category, list_categories
from guildhall.domains.tickets.errors import DeskOffline, TooManyOpen
from guildhall.web import ticket_channels
from guildhall.web.answers import Answer
from guildhall.web.bodies import Body
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import Unsettled, route

CREATED: Final = 201
HOUR: Final = timedelta(hours=1)
OPENINGS: Final = 5
"""Tickets that somebody who is not staff may open in an hour."""


class TicketCreate(Body, frozen=True, kw_only=True):
    """A new ticket. `type` is the name of a category, in whatever case."""

    type: str
    subject: str
    description: str

    def check(self) -> None:
        """Refuse texts that are too short or too long. Raises InvalidField."""
        for name, least, most in (("subject", 3, 100), ("description", 10, 2000)):
            if not least <= len(getattr(self, name).strip()) <= most:
                raise InvalidField(f"{name} has {least} to {most} characters", field=name)


async def wait_for_channel(call: Call, body: bytes) -> bytes:
    """Bring the answer about a new ticket up to date once its channel is there, within ten seconds.

    While no bot is connected the answer leaves as it is: the ticket is there, and gets its channel later.
    """
    reply = msgspec.json.decode(body, type=TicketCreated)
    try:
        async with call.house.database.read() as tx:
            await ticket_channels.check_connected(tx, call.house)
        made = await ticket_channels.await_channel(call.house, reply.ticket_id)
    except (DeskOffline, Unsettled):
        return body
    return msgspec.json.encode(replace(reply, channel_id=str(made.channel_id)))


@route(
    "POST", TICKETS, permission=OWN, accepts=TOKEN, follow=wait_for_channel, also=(CREATED,),
    refusals=(InvalidCategory, InvalidField, Blocked, TooManyOpen, TicketsDisabled, Limited),
)  # fmt: skip
async def create_ticket(data: TicketCreate, call: Call, tx: Tx, house: House, clock: Clock) -> Answer:
    """Open a ticket for oneself."""
    visitor, now, rules = visitor_of(call), clock.now(), house.site.now.document.tickets
    if not rules.enabled:
        raise TicketsDisabled
    data.check()
    category = await category_called(tx, data.type)
    person, category_id = visitor.person, category.id if category else None
    roles = {str(each) for each in visitor.caller.role_ids}
    if await block_of(tx, user_id=person.id, role_ids=roles, category_id=category_id, now=now) is not None:
        raise Blocked
    await _count_opening(house, visitor)
    ticket = await tickets.open_ticket(
        tx,
        visitor.actor,
        guild_id=house.discord.guild_id,
        person=person,
        origin=Origin.WEB,
        transport=Transport.DIRECT,
        needs_channel=_wants_channel(house, visitor),
        category_id=category_id,
        category_name=category.name if category else None,
        subject=data.subject,
        most_open=rules.max_open_per_user,
        now=now,
    )
    words = first_words(data.subject.strip(), data.description.strip())
    await tickets.write_as_user(tx, visitor.actor, ticket, person, Draft(words, Source.HAZEBOT), now=now)
    reply = TicketCreated(
        ticket_id=ticket.id,
        ticket_num=ticket.number,
        channel_id=None,
        message=f"Ticket #{ticket.number} created successfully!",
    )
    return Answer(msgspec.json.encode(reply), status=CREATED)


async def category_called(tx: Tx, name: str) -> Category | None:
    """Return the category that people choose by this name; None stands for none. Raises InvalidCategory."""
    offered = {each.name.casefold(): each for each in await list_categories(tx) if each.enabled}
    wanted = name.strip().casefold()
    if wanted in offered:
        return offered[wanted]
    if wanted == NO_CATEGORY.casefold():
        return None
    names = [each.name for each in offered.values()] or [NO_CATEGORY]
    raise InvalidCategory(f"type is one of {', '.join(names)}", field="type")


async def _count_opening(house: House, visitor: Visitor) -> None:
    if visitor.is_staff:
        return
    allowance = await house.limiter.hit(f"hazebot.open:{visitor.person.id}", limit=OPENINGS, window=HOUR)
    if not allowance.allowed:
        raise Limited("You have opened many tickets, wait a while", retry_after=allowance.retry_after)


def _wants_channel(house: House, visitor: Visitor) -> bool:
    """Whether a channel is to be made: for who is on Discord, where there is a place for it and a bot."""
    document = house.site.now.document
    in_thread = document.thread.container == "threads" and document.bot.features_channel_id is not None
    has_place = in_thread or document.thread.inbox_category_id is not None
    return bool(visitor.caller.discord_id and has_place and house.discord.token)
