"""Opening a ticket for somebody who has not written themselves."""

from typing import Final

from guildhall.core.actor import Actor
from guildhall.core.errors import GuildhallError, InvalidField
from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.identity.desk.granting import SNOWFLAKE
from guildhall.domains.tickets import Draft, Origin, Source, Ticket, categories
from guildhall.domains.tickets.categories import sight_of
from guildhall.domains.tickets.errors import UserNotFound
from guildhall.domains.tickets.guests import Guest, open_for
from guildhall.panel.face import viewer_of
from guildhall.panel.forms import change, show
from guildhall.panel.pages import page, told
from guildhall.panel.words import Refusal
from guildhall.web import ticket_channels
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House

NEW: Final = "/panel/desk/new"
MANAGE: Final = Permission.MANAGE_TICKETS


class ForWhom(QueryString, frozen=True, kw_only=True):
    """For whom the form is filled in already."""

    member: str = ""


class NewTicket(Form, frozen=True, kw_only=True):
    """For whom a ticket is to be opened, what it is about, and what they are told first."""

    member: str = ""
    category: str = ""
    subject: str = ""
    text: str = ""
    anonymous: str = ""


@show(NEW, permission=MANAGE, transaction="none")
async def ask(query: ForWhom, call: Call, house: House) -> Answer:
    """Ask for whom a ticket is to be opened."""
    return await _page(call, house, NewTicket(member=query.member))


@change(NEW, permission=MANAGE, transaction="none")
async def open_one(form: NewTicket, call: Call, actor: Actor, house: House) -> Answer:
    """Open a ticket; its channel follows, and its page shows when it is there."""
    try:
        guest = await _guest(house, form.member.strip())
        ticket = await _open(form, guest, call, actor, house)
    except GuildhallError as error:
        return await _page(call, house, form, Refusal.of(error, fields={"": "member"}))
    return redirect(told(f"/panel/desk/{ticket.id}", "ticket-made"))


async def _open(form: NewTicket, guest: Guest, call: Call, actor: Actor, house: House) -> Ticket:
    now = house.clock.now()
    async with house.database.write() as tx:
        ticket = await open_for(
            tx,
            actor,
            guest,
            guild_id=house.discord.guild_id,
            origin=Origin.PANEL,
            category=await categories.find_category(tx, form.category) if form.category else None,
            subject=form.subject,
            now=now,
        )
        if form.text.strip():
            draft = Draft(form.text, Source.PANEL, bool(form.anonymous))
            await tickets.write_as_staff(tx, actor, ticket, viewer_of(call).person, draft, now=now)
    return ticket


async def _guest(house: House, named: str) -> Guest:
    """Return the member of the community with an id, or with a name where staff and members share a server.

    Raises InvalidField, and as `ticket_channels.guest_of` does.
    """
    if SNOWFLAKE.fullmatch(named):
        return await ticket_channels.guest_of(house, named)
    if not named or house.discord.staff_guild_id != house.discord.guild_id:
        raise InvalidField("An id of Discord's has digits alone", field="member")
    for member in await house.staff.server.members_named(named):
        if named.casefold() in {member.username.casefold(), member.display_name.casefold()}:
            return await ticket_channels.guest_of(house, str(member.id))
    raise UserNotFound


async def _page(call: Call, house: House, entered: NewTicket, refusal: Refusal | None = None) -> Answer:
    async with house.database.read() as tx:
        seen = (await sight_of(tx, call.actor)).categories
        offered = await categories.list_categories(tx)
    return page(
        call,
        "desk_open.html",
        status=refusal.status if refusal else 200,
        title="Open a ticket",
        categories=[each for each in offered if seen is None or each.id in seen],
        by_name=house.discord.staff_guild_id == house.discord.guild_id,
        entered=entered,
        refusal=refusal,
    )
