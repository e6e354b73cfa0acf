"""The archive of a guild: its periods, whether each is genuine, what can be downloaded, and what the tier shows."""

from typing import Annotated, Final

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains import attendance
from guildhall.domains.attendance import FREE_ARCHIVES, Tier
from guildhall.domains.attendance.errors import PeriodNotFound, TierLocked
from guildhall.evidence.receipts import Export, Receipt
from guildhall.panel.forms import change, show
from guildhall.panel.guild_door import MANAGE, place_of
from guildhall.panel.guild_verdicts import log_state, moment_of, words_of
from guildhall.panel.guild_words import policy_words
from guildhall.panel.guilds import GUILD, guild_page
from guildhall.panel.pages import PER_PAGE, told
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House

ARCHIVE: Final = GUILD + "/archive"
LONGEST: Final = 9
"""Digits of the number of a period, as far as there will ever be one."""


class OfArchive(QueryString, frozen=True, kw_only=True):
    """Which page of the archive."""

    page: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] = 1


class TierForm(Form, frozen=True, kw_only=True):
    """Another tier."""

    tier: Tier


@show(ARCHIVE, permission=MANAGE)
async def show_archive(query: OfArchive, call: Call, tx: Tx, house: House) -> Answer:
    """Show the periods that have ended, newest first."""
    place = place_of(call)
    offset = (query.page - 1) * PER_PAGE
    history = await attendance.history_of(tx, guild_id=place.guild_id, limit=PER_PAGE, offset=offset)
    return guild_page(
        call,
        "guild_archive.html",
        await attendance.access_guild(tx, place.guild_id),
        title="Archive",
        history=history,
        page_number=query.page,
        more=offset + PER_PAGE < history.total,
        free_archives=FREE_ARCHIVES,
        may_switch=_may_switch(call, house),
    )


@show(ARCHIVE + "/{number}", permission=MANAGE)
async def show_period(number: str, call: Call, tx: Tx) -> Answer:
    """Show one archived period, and whether it is genuine."""
    place = place_of(call)
    period = await attendance.period_of(tx, guild_id=place.guild_id, number=_number(number))
    if period.policy is None:
        return redirect(f"{place.path}/board")
    verdict = await attendance.verify_period(tx, guild_id=place.guild_id, number=period.number)
    return guild_page(
        call,
        "guild_period.html",
        await attendance.access_guild(tx, place.guild_id),
        title=f"Period {period.number}",
        period=period,
        policy=policy_words(period.policy),
        verdict=verdict,
        words=words_of(verdict),
        signed_at=moment_of(verdict.signed_at),
        log=await log_state(tx, verdict),
    )


@show(ARCHIVE + "/{number}/export", permission=MANAGE)
async def export_period(number: str, call: Call, tx: Tx) -> Answer:
    """Download an archived period with its signature and the receipts of its sessions."""
    guild_id = place_of(call).guild_id
    await attendance.access_pro_guild(tx, guild_id)
    period = await attendance.period_of(tx, guild_id=guild_id, number=_number(number))
    export = await attendance.period_export(tx, guild_id=guild_id, number=period.number)
    return _attachment(export, f"guild-{guild_id}-period-{period.number}.json")


@show(GUILD + "/sessions/{session_id}/receipt", permission=MANAGE)
async def get_receipt(session_id: str, call: Call, tx: Tx) -> Answer:
    """Download the signed receipt of a session."""
    receipt = await attendance.session_receipt(tx, guild_id=place_of(call).guild_id, session_id=session_id.lower())
    return _attachment(receipt, f"session-{session_id.lower()}.json")


@change(GUILD + "/tier", permission=MANAGE)
async def switch_tier(form: TierForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Switch what the guild may see and use."""
    place = place_of(call)
    if not _may_switch(call, house):
        raise TierLocked
    await attendance.set_tier(tx, actor, guild_id=place.guild_id, tier=form.tier, now=house.clock.now())
    return redirect(told(f"{place.path}/archive", "tier-changed"))


def _may_switch(call: Call, house: House) -> bool:
    """Tell whether the tier is theirs to switch: where the operator keeps the tiers, only super admins do."""
    return not house.settings.attendance.tier_lock or "super_admin" in call.actor.roles


def _number(text: str) -> int:
    """Return the number of a period that stands in an address. Raises PeriodNotFound for what can be none."""
    if not text.isascii() or not text.isdigit() or len(text) > LONGEST:
        raise PeriodNotFound
    return int(text)


def _attachment(document: Receipt | Export, name: str) -> Answer:
    headers = (
        (b"content-disposition", f'attachment; filename="{name}"'.encode()),
        (b"cache-control", b"no-store"),
    )
    return Answer(msgspec.json.encode(document), headers=headers)
