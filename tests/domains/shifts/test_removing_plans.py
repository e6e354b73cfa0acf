"""Which plans can be removed: those that nothing of the past rests on."""

from datetime import date, timedelta

import httpx
import pytest

from guildhall.core.actor import SYSTEM
from guildhall.core.errors import InvalidField, ManagedByFile
from guildhall.domains import shifts
from guildhall.domains.shifts import Change, PlanDraft, PlannedSlot
from guildhall.domains.shifts.errors import PlanNotFound, PlanStays
from tests.clock import SettableClock
from tests.serving import Served

EVENING = [PlannedSlot(20 * 60, 22 * 60, 2)]
TUESDAY, WEDNESDAY = date(2026, 3, 3), date(2026, 3, 4)


async def remove(served: Served, valid_from: date) -> None:
    house = served.house
    async with house.database.write() as tx:
        plan = await shifts.access_plan(tx, SYSTEM, valid_from)
        await shifts.remove_plan(tx, SYSTEM, plan, hub=house.hub, now=house.clock.now())


async def plan(served: Served, valid_from: date) -> None:
    async with served.house.database.write() as tx:
        await shifts.set_plan(tx, SYSTEM, valid_from=valid_from, daily=EVENING, now=served.house.clock.now())


async def test_a_plan_goes_until_a_day_begins_that_somebody_signed_up_for(
    served: Served, person: httpx.AsyncClient, clock: SettableClock
) -> None:
    await plan(served, TUESDAY)
    await person.post(f"/v1/shifts/{WEDNESDAY}/0/signup")
    await remove(served, TUESDAY)
    kept = (await person.get(f"/v1/shifts/{WEDNESDAY}")).json()["slots"]
    assert [(slot["index"], slot["closed"]) for slot in kept if slot["signups"]] == [(0, True)]
    with pytest.raises(PlanNotFound):
        await remove(served, TUESDAY)
    with pytest.raises(PlanStays, match="only plan"):
        await remove(served, shifts.FIRST_DAY)

    await plan(served, TUESDAY)
    await plan(served, WEDNESDAY + timedelta(days=1))
    clock.advance(timedelta(days=2))
    with pytest.raises(PlanStays, match="People did shifts"):
        await remove(served, TUESDAY)
    await remove(served, WEDNESDAY + timedelta(days=1))


async def test_what_the_file_sets_is_changed_only_there(served: Served) -> None:
    house, now = served.house, served.house.clock.now()
    async with house.database.write() as tx:
        await shifts.apply_plans(tx, SYSTEM, [PlanDraft(TUESDAY, EVENING)], now=now)
    with pytest.raises(ManagedByFile):
        await plan(served, TUESDAY)
    with pytest.raises(ManagedByFile):
        await remove(served, TUESDAY)
    async with house.database.write() as tx:
        await shifts.apply_plans(tx, SYSTEM, [], now=now)
    await remove(served, TUESDAY)


async def test_the_week_under_a_draft_says_what_would_change(served: Served, person: httpx.AsyncClient) -> None:
    house = served.house
    await person.post(f"/v1/shifts/{WEDNESDAY}/1/signup")
    draft = PlanDraft(TUESDAY, [PlannedSlot(510, 690, 9), *EVENING], {3: []})
    async with house.database.read() as tx:
        week = await shifts.week_under(tx, draft, hub=house.hub, now=house.clock.now())
        wrong = PlanDraft(TUESDAY, EVENING, {3: [*EVENING, *EVENING]})
        with pytest.raises(InvalidField) as refused:
            await shifts.week_under(tx, wrong, hub=house.hub, now=house.clock.now())
    assert refused.value.details == {"field": "weekdays.3.1"}
    tuesday, wednesday, thursday = week[:3]
    assert [each.day for each in week] == [TUESDAY + timedelta(days=number) for number in range(7)]
    assert [(slot.opens, change) for slot, change in tuesday.slots if change is not Change.GOES] == [
        (510, Change.SAME),
        (1200, Change.NEW),
    ]
    assert not tuesday.fixed
    assert wednesday.fixed
    assert [(slot.index, slot.places, change) for slot, change in wednesday.slots] == [
        (0, 3, Change.SAME),
        (1, 3, Change.CLOSES),
        (2, 3, Change.CLOSES),
        (3, 3, Change.CLOSES),
        (5, 2, Change.NEW),
        (4, 3, Change.CLOSES),
    ]
    assert {change for _, change in thursday.slots} == {Change.GOES}
