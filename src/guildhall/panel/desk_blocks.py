"""Blocks: who may not write to the desk."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains.bot import names_of
from guildhall.domains.identity import Permission
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.identity.desk.errors import InvalidSubject
from guildhall.domains.tickets import blocks, categories
from guildhall.domains.tickets.blocks import Block
from guildhall.domains.tickets.errors import InvalidTime
from guildhall.panel.forms import change, show
from guildhall.panel.pages import page, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, QueryString, number_in_path
from guildhall.web.calls import Call
from guildhall.web.house import House

BLOCKS: Final = "/panel/desk/blocks"
MANAGE: Final = Permission.MANAGE_BLOCKS


class BlockForm(Form, frozen=True, kw_only=True):
    """Whom to block; `last_day` is empty for a block without an end, `category_id` for one of the whole desk."""

    subject_kind: str = SubjectKind.USER.value
    subject_id: str = ""
    reason: str = ""
    last_day: str = ""
    notify: str = ""
    category_id: str = ""

    @property
    def kind(self) -> SubjectKind:
        """Whether it is a member or a role. Raises InvalidSubject."""
        if self.subject_kind not in set(SubjectKind):
            raise InvalidSubject(field="subject_id")
        return SubjectKind(self.subject_kind)

    def end(self, zone: ZoneInfo) -> datetime | None:
        """Return the end of the last day, None for never. Raises InvalidTime."""
        if not self.last_day.strip():
            return None
        try:
            day = datetime.strptime(self.last_day.strip(), "%Y-%m-%d").replace(tzinfo=zone).date()
        except ValueError as fault:
            raise InvalidTime("Choose a day", field="last_day") from fault
        return datetime.combine(day, time.max, zone)


class Whom(QueryString, frozen=True, kw_only=True):
    """Whom the form is filled in for already."""

    member: str = ""


@show(BLOCKS, permission=MANAGE)
async def list_blocks(query: Whom, call: Call, tx: Tx) -> Answer:
    """List the blocks that are in force."""
    return await _page(call, tx, BlockForm(subject_id=query.member, notify="yes"))


@change(BLOCKS, permission=MANAGE)
async def create_block(form: BlockForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Block somebody."""
    try:
        await blocks.block(
            tx,
            actor,
            subject_kind=form.kind,
            subject_id=form.subject_id.strip(),
            category_id=form.category_id or None,
            reason=form.reason,
            notify=bool(form.notify),
            expires_at=form.end(house.hub.zone),
            now=house.clock.now(),
        )
    except GuildhallError as error:
        return await _page(call, tx, form, Refusal.of(error, fields={"expires_at": "last_day"}))
    return redirect(told(BLOCKS, "blocked"))


@change(BLOCKS + "/{block_id}/lift", permission=MANAGE)
async def lift_block(block_id: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Let somebody write again."""
    found = await blocks.access_block(tx, actor, number_in_path(block_id))
    await blocks.lift_block(tx, actor, found, now=house.clock.now())
    return redirect(told(BLOCKS, "block-lifted"))


async def _page(call: Call, tx: Tx, entered: BlockForm, refusal: Refusal | None = None) -> Answer:
    house, offered = call.house, await categories.list_categories(tx)
    found = await blocks.list_blocks(tx, now=house.clock.now())
    return page(
        call,
        "desk_blocks.html",
        status=refusal.status if refusal else 200,
        title="Blocks",
        blocks=found,
        called=await _names(house, [*found, entered]),
        categories=offered,
        names={each.id: each.name for each in offered},
        entered=entered,
        refusal=refusal,
    )


async def _names(house: House, named: Sequence[Block | BlockForm]) -> dict[str, str]:
    """Return what the members among these are called, by their ids, as far as the bot has seen them of late."""
    members = {int(each.subject_id) for each in named if each.subject_kind == "user" and each.subject_id.isdecimal()}
    found = await names_of(house.cache, house.discord.guild_id, members)
    return {str(user_id): name.shown for user_id, name in found.items()}
