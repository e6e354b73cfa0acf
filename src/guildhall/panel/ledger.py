"""The ledger: what people hold, every entry, and whether all of it is as it was written."""

import re
from dataclasses import dataclass
from datetime import date

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains import identity, ledger
from guildhall.domains.identity import Permission
from guildhall.domains.ledger import ChainMint, Head, Holding, LedgerBroken, Verified
from guildhall.panel.forms import change, show
from guildhall.panel.pages import PER_PAGE, page, told
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House

LEDGER = "/panel/ledger"
ON_CHAIN = LEDGER + "/chain"
SEE = Permission.SEE_LEDGER
OF_SHIFT = re.compile(r"reward:(\d{4}-\d\d-\d\d):(\d+):(.+)", re.ASCII)
"""What an entry for a shift refers to: the day, the slot, and the person by public id."""


class Balances(QueryString, frozen=True, kw_only=True):
    """Whose balances: of those who are called so, or of everybody, after the person and token of the page before."""

    q: str = ""
    after: str = ""
    token: str = ""
    number: int = 0


class Entries(QueryString, frozen=True, kw_only=True):
    """The last entry of the page before."""

    before: int | None = None


class Mints(QueryString, frozen=True, kw_only=True):
    """The last mint of the page before."""

    before: str = ""


@dataclass(frozen=True)
class Facts:
    """What every page of the ledger says above all else: its head, and how much of each token was given.

    `on_chain`: rewards go to a chain now, and what is given there is told on a page of its own.
    """

    head: Head
    given: list[tuple[str, int]]
    on_chain: bool


@dataclass(frozen=True)
class ShownMint:
    """A mint as people read it: base units, and the shift and person it is for, if it is for one."""

    mint: ChainMint
    amount: int
    day: date | None
    alias: str


@show(LEDGER, permission=SEE)
async def show_balances(query: Balances, call: Call, tx: Tx, house: House) -> Answer:
    """Show what people hold."""
    if query.q.strip():
        return await _search(query, call, tx, house)
    found = await ledger.page_of_holdings(tx, after=(query.after, query.token), limit=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    last = shown[-1] if len(found) > PER_PAGE else None
    more = f"after={last.account}&token={last.token}" if last else ""
    return await _balances(call, tx, house, query, shown, more=more)


@show(LEDGER + "/entries", permission=SEE)
async def show_entries(query: Entries, call: Call, tx: Tx, house: House) -> Answer:
    """Show the entries, newest first."""
    found = await ledger.page_of_movements(tx, before=query.before, limit=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    return page(
        call,
        "ledger_entries.html",
        title="Ledger",
        facts=await _facts(tx, house),
        entries=[(each, _shift_of(each.ref)) for each in shown],
        before=shown[-1].seq if len(found) > PER_PAGE else None,
    )


@show(ON_CHAIN, permission=SEE)
async def show_mints(query: Mints, call: Call, tx: Tx, house: House) -> Answer:
    """Show what was minted on the chain, newest first, and what is in the way."""
    found = await ledger.page_of_mints(tx, before=query.before, limit=PER_PAGE + 1)
    decimals = {token.code: token.decimals for token in await ledger.list_tokens(tx)}
    return page(
        call,
        "ledger_mints.html",
        title="Ledger",
        facts=await _facts(tx, house),
        alerts=await ledger.mint_alerts(tx, now=house.clock.now()),
        mints=[_shown(each, decimals[each.token]) for each in found[:PER_PAGE]],
        before=found[PER_PAGE - 1].id if len(found) > PER_PAGE else "",
    )


@change(ON_CHAIN + "/{mint_id}/retry", permission=Permission.MANAGE_SYSTEM)
async def retry_mint(mint_id: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Take a mint that failed to the chain once more."""
    await ledger.retry_mint(tx, actor, mint_id, now=house.clock.now())
    return redirect(told(ON_CHAIN, "mint-again"))


@change(LEDGER + "/verify", permission=SEE, transaction="none")
async def verify_ledger(call: Call, house: House) -> Answer:
    """Recompute the whole ledger and show what was found."""
    found: Verified | None = None
    fault = ""
    try:
        found = await house.database.long_read(ledger.verify)
    except LedgerBroken as error:
        fault = error.message
    async with house.database.read() as tx:
        facts = await _facts(tx, house)
    return page(call, "ledger_verified.html", title="Ledger", facts=facts, found=found, fault=fault)


async def _search(query: Balances, call: Call, tx: Tx, house: House) -> Answer:
    people = await identity.search_users(tx, text=query.q.strip(), after=query.number, limit=PER_PAGE + 1)
    holdings = [
        Holding(ledger.OF_PERSON + user.alias, balance.token, balance.amount, user.alias, user.display_name)
        for user in people[:PER_PAGE]
        for balance in await ledger.balances_of(tx, ledger.OF_PERSON + user.alias)
    ]
    more = f"number={people[PER_PAGE - 1].seq}" if len(people) > PER_PAGE else ""
    return await _balances(call, tx, house, query, holdings, more=more)


async def _balances(call: Call, tx: Tx, house: House, query: Balances, holdings: list[Holding], *, more: str) -> Answer:
    facts = await _facts(tx, house)
    return page(call, "ledger.html", title="Ledger", facts=facts, query=query, holdings=holdings, more=more)


async def _facts(tx: Tx, house: House) -> Facts:
    given = [
        (token.code, -balance.amount)
        for token in await ledger.list_tokens(tx)
        for balance in await ledger.balances_of(tx, ledger.issuer_of(token.code))
    ]
    return Facts(await ledger.head_of_chain(tx), given, house.hub.mints_on_chain)


def _shown(mint: ChainMint, decimals: int) -> ShownMint:
    found = OF_SHIFT.fullmatch(mint.ref)
    day, alias = (date.fromisoformat(found[1]), found[3]) if found else (None, "")
    return ShownMint(mint, ledger.base_units_of(int(mint.units), decimals), day, alias)


def _shift_of(ref: str) -> tuple[date, int] | None:
    """Return the day and number of the slot that an entry is for."""
    found = OF_SHIFT.fullmatch(ref)
    return (date.fromisoformat(found[1]), int(found[2])) if found else None
