"""The community that `guildhall demo` moves in."""

import re
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from guildhall import demo
from guildhall.demo.desk import STAFF
from guildhall.demo.voice import PASSPHRASE, WEEKS
from guildhall.domains import attendance, bot, identity, tickets
from guildhall.domains.attendance.key_models import Pending
from guildhall.domains.attendance.signed.queries import pending_of
from guildhall.domains.identity import User
from guildhall.domains.tickets import EVERYTHING, Wanted, categories
from guildhall.domains.tickets.statistics import statistics_of
from guildhall.own_discord import stage_of
from guildhall.simulator.discord import simulate
from tests.serving import ADMIN_NAME, ADMIN_PASSWORD, Served


async def test_a_community_moves_into_an_empty_house_once(served: Served, administrator: User) -> None:
    told = await demo.fill(served.house)
    assert told is not None
    password = re.search(r"with password (\S+) ", told)
    assert password is not None
    assert told.startswith("16 people have moved in and made ")
    async with httpx.AsyncClient(base_url=served.url) as client:
        opened = await client.post("/panel/sign-in", data={"name": "mira", "password": password[1]})
        assert opened.status_code == 303
        this_week = (await client.get("/panel/rooms")).text
        a_week_on = served.house.clock.now() + timedelta(days=7)
        next_week = (await client.get(f"/panel/rooms?date={a_week_on:%Y-%m-%d}")).text
        assert this_week.count('class="chip') > 25
        assert next_week.count('class="chip') > 20
        assert next_week.count("House cleaning day") == 7
        assert "After-school play" in this_week
        assert "Busy" in this_week
        shifts = (await client.get("/panel/shifts")).text
        assert shifts.count('<span class="tag') > 40
        account = (await client.get("/panel/account")).text
        assert "You hold <b>6 CHT</b>" in account
        assert "Sign up for the shift on" in (await client.get("/panel/actions")).text
    assert await demo.fill(served.house) is None


async def test_a_house_with_a_booking_stays_as_it_is(
    served: Served, administrator: User, master: httpx.AsyncClient
) -> None:
    async with httpx.AsyncClient(base_url=served.url) as client:
        await client.post("/panel/sign-in", data={"name": ADMIN_NAME, "password": ADMIN_PASSWORD})
        found = re.search(r'name="csrf_token" value="(\w+)"', (await client.get("/panel/rooms")).text)
        assert found is not None
        booking = {"room": "mush", "date": "2026-03-03", "start": "10:00", "end": "11:00", "title": "Tea"}
        await client.post("/panel/book", data={**booking, "csrf_token": found[1]})
    with pytest.raises(demo.NotEmpty):
        await demo.fill(served.house)
    assert (await master.get("/v1/users")).json()["users"][1:] == []


async def test_the_guild_of_the_demo_has_weeks_behind_it_and_all_of_it_is_signed(
    served: Served, administrator: User
) -> None:
    settings = served.house.settings
    house = replace(served.house, settings=replace(settings, admin=replace(settings.admin, user=ADMIN_NAME)))
    now = house.clock.now()
    async with simulate() as simulator:
        stage = stage_of(simulator)
    assert stage is not None
    told = await demo.attend(house, stage)
    assert told is not None
    assert PASSPHRASE in told
    async with house.database.read() as tx:
        assert await identity.discord_id_of(tx, administrator.id) == stage.owner_id
        history = await attendance.history_of(tx, guild_id=stage.guild_id)
        assert history.total == WEEKS - 1  # The last one ends when the bot looks.
        for period in history.periods:
            assert (await attendance.verify_period(tx, guild_id=stage.guild_id, number=period.number)).valid
        board = await attendance.board_of(tx, guild_id=stage.guild_id, number=WEEKS - 1, now=now)
        assert len(board.entries) > 5
        lines = await attendance.sessions_of(tx, guild_id=stage.guild_id, now=now, limit=200)
        assert len(lines) > 100
        assert all(each.session.left_at is not None and each.session.left_at < now for each in lines)
        assert {each.session.user_id for each in lines} == set(stage.people)
        assert {each.session.channel_id for each in lines} == set(stage.channels)
        verdict = await attendance.verify_session(tx, session_id=lines[0].session.id, now=now)
        assert verdict.valid
        assert await pending_of(tx, stage.guild_id) == Pending(0, 0)
    assert await demo.attend(house, stage) is None
    await demo.wake(house, stage)
    names = await bot.names_of(house.cache, stage.guild_id, stage.people)
    assert "Chidi Okonkwo" in {each.shown for each in names.values()}


async def test_the_front_desk_of_the_demo_has_weeks_behind_it_and_something_to_do(
    served: Served, administrator: User
) -> None:
    house = served.house
    await demo.fill(house)
    async with simulate() as simulator:
        stage = stage_of(simulator)
    assert stage is not None
    assert await demo.receive(house, stage) is not None
    async with house.database.read() as tx:
        closed, still_open = [
            await tickets.list_tickets(tx, Wanted(closed=each), sight=EVERYTHING) for each in (True, False)
        ]
        menu = await categories.list_categories(tx)
        (side_door,) = [each for each in still_open.tickets if each.user_name == "Chiara Rossi"]
        filled = await categories.answers_of(tx, side_door.id)
        found = await statistics_of(tx, days=30, zone=ZoneInfo("UTC"), sight=EVERYTHING, now=house.clock.now())
    assert closed.total > 10
    assert all(each.first_reply_at and each.closed_at and each.closed_at < house.clock.now() for each in closed.tickets)
    assert {each.user_name for each in still_open.tickets} == {
        "Bram Verhoeven", "Chiara Rossi", "Elif Aydemir", "Noor Janssens",
    }  # fmt: skip
    assert [bool(each.fields or each.answer) for each in menu] == [True, True, False, True]
    assert filled[0].value == "Side door, to the yard"
    assert found.rated > 0
    assert len(found.staff) == STAFF
    assert await demo.receive(house, stage) is None
