"""Lists of tickets: filtered, sorted, page by page, with how many there are. No list reads a message, but to search."""

from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from guildhall.core.db import Database, Tx
from guildhall.domains.tickets.lists.queries import Shape, Sort, Tally, counting, listing, summing, tallying
from guildhall.domains.tickets.models import SPANS, Ticket
from guildhall.domains.tickets.policy import Sight

NOBODY: Final = ""
"""As a claimer: tickets that nobody has claimed."""

ANYBODY: Final = "*"
"""As a claimer: tickets that somebody has claimed."""


FAR: Final = 10_000
"""How many tickets are skipped one by one without anybody noticing."""

HIGHEST: Final = 2**31 - 1
"""The greatest running number that a store keeps."""


@dataclass(frozen=True)
class Wanted:
    """Which tickets a list is about. None leaves a question open; `claimed_by` may be NOBODY or ANYBODY.

    `changed_since` asks for those to which something happened at that time or later.
    """

    closed: bool | None = None
    category_id: str | None = None
    user_id: str | None = None
    claimed_by: str | None = None
    tag: str | None = None
    words: str | None = None
    changed_since: datetime | None = None

    @property
    def is_tallied(self) -> bool:
        """Whether tickets of this kind are counted already."""
        return self.user_id is None and self.claimed_by is None and self.tag is None and not self.is_searched

    @property
    def is_searched(self) -> bool:
        """Whether tickets must be looked at for it: at what was said in them, or at what happened to them."""
        return self.has_words or self.changed_since is not None

    @property
    def may_be_many(self) -> bool:
        """Whether far more may have to be looked at than a page has: all with a tag or a word, or without a claimer."""
        return self.is_searched or self.tag is not None or self.claimed_by in {NOBODY, ANYBODY}

    @property
    def has_words(self) -> bool:
        """Whether something is to be found; spaces are nothing."""
        return bool(self.words and self.words.strip())


@dataclass(frozen=True)
class TicketPage:
    """A page of a list, and how many tickets the whole of it has."""

    tickets: list[Ticket]
    total: int


async def find_tickets(
    database: Database,
    tx: Tx,
    wanted: Wanted,
    *,
    sight: Sight,
    sort: Sort = Sort.CREATED,
    ascending: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> TicketPage:
    """Return what `list_tickets` does, and let nobody wait behind a list that takes long, such as that of a word."""

    def read(tx: Tx) -> Coroutine[Any, Any, TicketPage]:
        return list_tickets(tx, wanted, sight=sight, sort=sort, ascending=ascending, limit=limit, offset=offset)

    is_far = sort is not Sort.CREATED and offset > FAR
    return await database.long_read(read) if wanted.may_be_many or is_far else await read(tx)


async def list_tickets(
    tx: Tx,
    wanted: Wanted,
    *,
    sight: Sight,
    sort: Sort = Sort.CREATED,
    ascending: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> TicketPage:
    """Return a page of the tickets that somebody sees."""
    wanted = _within(wanted, sight)
    values = _values(tx.engine, wanted, sight)
    shape = _shape(tx.engine, wanted, sight, sort, ascending=ascending)
    total = await count_tickets(tx, wanted, sight=sight)
    if offset >= total:
        return TicketPage([], total)
    if not wanted.is_tallied or sort is not Sort.CREATED or offset < SPANS[-1]:
        found = await tx.all(listing(shape), **values, limit=limit, offset=offset)
        return TicketPage(found, total)
    border, skip = await _leap(tx, wanted, sight, offset, ascending=ascending)
    found = await tx.all(listing(replace(shape, below=True)), **values, border=border, limit=limit, offset=skip)
    return TicketPage(found, total)


async def count_tickets(tx: Tx, wanted: Wanted, *, sight: Sight) -> int:
    """Return how many of the tickets that somebody sees there are."""
    wanted = _within(wanted, sight)
    if wanted.is_tallied:
        categories = _categories(wanted, sight)
        summed = summing(tx.engine, wanted.closed is not None, categories is not None)
        return await tx.one(summed, span=SPANS[0], closed=bool(wanted.closed), categories=categories or []) or 0
    shape = _shape(tx.engine, wanted, sight, Sort.CREATED, ascending=False)
    return await tx.one(counting(shape), **_values(tx.engine, wanted, sight)) or 0


def _within(wanted: Wanted, sight: Sight) -> Wanted:
    return wanted if sight.own is None else replace(wanted, user_id=sight.own)


async def _leap(tx: Tx, wanted: Wanted, sight: Sight, offset: int, *, ascending: bool) -> tuple[int, int]:
    """Return at which number a page begins to be looked for, and how many tickets it skips from there."""
    lowest, highest = 0, HIGHEST
    for span in SPANS:
        tallies = await _tallies(tx, wanted, sight, span, lowest // span, highest // span)
        block, offset = _block_with(tallies, offset, ascending=ascending)
        lowest, highest = block * span, (block + 1) * span - 1
    return (lowest if ascending else highest), offset


def _block_with(tallies: Iterable[Tally], offset: int, *, ascending: bool) -> tuple[int, int]:
    """Return the block in which so many tickets are skipped, and how many of them are skipped within it."""
    block = 0
    for tally in sorted(tallies, key=lambda each: each.block, reverse=not ascending):
        block = tally.block
        if tally.count > offset:
            break
        offset -= tally.count
    return block, offset


async def _tallies(tx: Tx, wanted: Wanted, sight: Sight, span: int, first: int, last: int) -> list[Tally]:
    categories = _categories(wanted, sight)
    found = tallying(tx.engine, wanted.closed is not None, categories is not None)
    values = {"closed": bool(wanted.closed), "categories": categories or []}
    return await tx.all(found, span=span, first=first, last=last, **values)


def _categories(wanted: Wanted, sight: Sight) -> list[str] | None:
    """Return the categories that are asked for and seen, None for all."""
    categories: list[str] | None = None if sight.categories is None else sorted(sight.categories)
    if wanted.category_id is None:
        return categories
    return [wanted.category_id] if categories is None or wanted.category_id in categories else []


def _shape(engine: str, wanted: Wanted, sight: Sight, sort: Sort, *, ascending: bool) -> Shape:
    return Shape(
        engine=engine,
        closed=wanted.closed is not None,
        category=wanted.category_id is not None,
        user=wanted.user_id is not None,
        claimed=wanted.claimed_by not in {None, NOBODY, ANYBODY},
        unclaimed=wanted.claimed_by == NOBODY,
        taken=wanted.claimed_by == ANYBODY,
        tag=wanted.tag is not None,
        words=wanted.has_words,
        changed=wanted.changed_since is not None,
        limited=sight.categories is not None,
        below=False,
        sort=sort,
        ascending=ascending,
    )


def _values(engine: str, wanted: Wanted, sight: Sight) -> dict[str, Any]:
    return {
        "closed": bool(wanted.closed),
        "category_id": wanted.category_id,
        "user_id": wanted.user_id,
        "claimed_by": wanted.claimed_by,
        "tag": wanted.tag,
        "words": _phrases(engine, wanted.words or ""),
        "since": wanted.changed_since,
        "categories": sorted(sight.categories or ()),
    }


def _phrases(engine: str, words: str) -> str:
    """Return words as an engine searches for them: all of them, in any order, and none is a command."""
    if engine == "postgresql":
        return words
    return " ".join('"' + word.replace('"', '""') + '"' for word in words.split())
