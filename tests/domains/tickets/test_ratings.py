"""What people think of how they were helped."""

from zoneinfo import ZoneInfo

import pytest

from guildhall.core.errors import InvalidField
from guildhall.domains import tickets
from guildhall.domains.tickets import EVERYTHING, Ticket
from guildhall.domains.tickets.errors import AlreadyRated, RatingOver
from guildhall.domains.tickets.ratings import Rating, comment_on_rating, rate_ticket
from guildhall.domains.tickets.statistics import statistics_of
from tests.domains.tickets.desk import MARA, PAVEL, ROSA, TOBIAS, Desk

HOURS = 24


async def rate(desk: Desk, ticket: Ticket, score: int, closing: int = 0) -> Rating:
    return await desk.do(rate_ticket, ticket, closing=closing, score=score, hours=HOURS)


async def test_each_closing_is_rated_once_in_time_and_credited_to_who_claimed_or_replied_most(desk: Desk) -> None:
    claimed, free = await desk.open(), await desk.open(PAVEL)
    for who in (MARA, TOBIAS, TOBIAS):
        await desk.replies(claimed, "Yes", who)
        await desk.replies(free, "Yes", who)
    await desk.do(tickets.claim_ticket, claimed, MARA)
    with pytest.raises(RatingOver):
        await rate(desk, claimed, 5)
    await desk.do(tickets.close_ticket, claimed, by=MARA.id)
    await desk.do(tickets.close_ticket, free, by=MARA.id)
    with pytest.raises(InvalidField):
        await rate(desk, claimed, 6)
    assert (await rate(desk, claimed, 5)).staff_id == MARA.id
    assert (await rate(desk, free, 2)).staff_id == TOBIAS.id
    with pytest.raises(AlreadyRated):
        await rate(desk, claimed, 1)
    said = await desk.do(comment_on_rating, free, closing=0, text=" Too slow ", hours=HOURS)
    assert (said.score, said.comment) == (2, "Too slow")
    with pytest.raises(AlreadyRated):
        await desk.do(comment_on_rating, free, closing=0, text="And rude", hours=HOURS)
    async with desk.database.read() as tx:
        assert (await tickets.details_of(tx, free)).rating == said

    found = await desk.database.long_read(
        lambda tx: statistics_of(tx, days=7, zone=ZoneInfo("UTC"), sight=EVERYTHING, now=desk.now)
    )
    assert (found.rating, found.rated) == (3.5, 2)
    assert {each.person_id: each.rating for each in found.staff} == {MARA.id: 5.0, TOBIAS.id: 2.0}

    # Opened and closed again it is another closing, whose time runs out; the buttons of the first one are over.
    await desk.do(tickets.reopen_ticket, free)
    await desk.do(tickets.close_ticket, free, by=ROSA.id)
    with pytest.raises(RatingOver):
        await rate(desk, free, 4)
    desk.later(hours=HOURS, seconds=1)
    with pytest.raises(RatingOver):
        await rate(desk, free, 4, closing=1)
    desk.later(hours=-1)
    assert (await rate(desk, free, 4, closing=1)).closing == 1
