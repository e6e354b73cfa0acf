"""The pages of a guild, seen without a browser: who may enter, what is shown, what it costs, what is proved."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from sqlalchemy import bindparam, update

from guildhall.core.actor import SYSTEM
from guildhall.core.db import command
from guildhall.domains import attendance, identity
from guildhall.domains.attendance import Mode, Tier
from guildhall.domains.attendance.models import attendance_sessions
from guildhall.domains.identity import User
from guildhall.evidence.receipts import GuildKeys, Pins, judge, read
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, Fault
from tests.clock import SettableClock
from tests.dialects.attendance.asking import PASSPHRASE, Place, Voices
from tests.dialects.commonshub.test_statement_counts import counted
from tests.panel.test_refusals import csrf_token
from tests.serving import ADMIN_NAME, ADMIN_PASSWORD, Served, settings_for

HOUR = timedelta(hours=1)
TABS = ("", "/board", "/heatmap", "/archive", "/tracking", "/signing", "/roles", "/webhook", "/destinations")
SHORTEN = command(
    update(attendance_sessions).where(attendance_sessions.c.id == bindparam("named")).values(user_id=bindparam("other"))
)


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    """Settings of a server that asks the simulator about guilds."""
    asked = {"DISCORD_TOKEN": discord.token, "DISCORD_API_BASE": discord.api_base}
    return settings_for(database_url, tmp_path, **asked)


@pytest.fixture
async def keeper(served: Served, administrator: User) -> AsyncIterator[httpx.AsyncClient]:
    """A client of whoever runs the house."""
    async with signed_in(served, ADMIN_NAME, ADMIN_PASSWORD) as client:
        yield client


@pytest.fixture
async def member(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client of somebody who manages nothing."""
    await live_here(served, "grace")
    async with signed_in(served, "grace", "a member's password") as client:
        yield client


@pytest.fixture
async def stranger(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client of somebody without an account."""
    async with httpx.AsyncClient(base_url=served.url) as client:
        yield client


@pytest.fixture
async def tracked(served: Served, place: Place, voices: Voices, clock: SettableClock) -> int:
    """The guild, with every channel tracked and a key that is unlocked."""
    house, guild_id = served.house, int(place.guild)
    await voices.begin()
    async with house.database.write() as tx:
        await attendance.set_mode(tx, SYSTEM, guild_id=guild_id, mode=Mode.ALL, now=clock.now(), scene=house.scene)
    await attendance.generate_key(
        house.database, house.keyring, SYSTEM, guild_id=guild_id, passphrase=PASSPHRASE, now=clock.now()
    )
    return guild_id


@asynccontextmanager
async def signed_in(served: Served, name: str, password: str) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client that has come in through the door."""
    async with httpx.AsyncClient(base_url=served.url) as client:
        answer = await client.post("/panel/sign-in", data={"name": name, "password": password})
        assert answer.status_code == 303
        yield client


async def live_here(served: Served, name: str, *roles: str) -> None:
    """Let somebody have an account."""
    house = served.house
    password_hash = await house.passwords.hash("a member's password")
    async with house.database.write() as tx:
        await identity.create_person(
            tx,
            SYSTEM,
            sign_in_name=name,
            password_hash=password_hash,
            email=None,
            roles=list(roles),
            now=house.clock.now(),
        )


async def link(served: Served, name: str, discord_id: str) -> None:
    """Let Discord know somebody who has an account."""
    house = served.house
    async with house.database.write() as tx:
        [user] = await identity.search_users(tx, text=name, after=0, limit=2)
        await identity.link_identity(
            tx, SYSTEM, user, provider="discord", external_id=discord_id, now=house.clock.now()
        )


async def end_period(served: Served, guild_id: int) -> None:
    """Let the current period end now."""
    house = served.house
    async with house.database.write() as tx:
        await attendance.reset_now(tx, SYSTEM, guild_id=guild_id, now=house.clock.now(), scene=house.scene)


async def a_session(served: Served, guild_id: int) -> str:
    """Return the id of the newest session."""
    house = served.house
    async with house.database.read() as tx:
        lines = await attendance.sessions_of(tx, guild_id=guild_id, now=house.clock.now(), limit=1)
    return lines[0].session.id


async def test_whoever_manages_nothing_finds_no_guild_and_whoever_runs_the_house_goes_straight_in(
    keeper: httpx.AsyncClient, member: httpx.AsyncClient, stranger: httpx.AsyncClient, place: Place, tracked: int
) -> None:
    straight = await keeper.get("/panel/guilds")
    assert (straight.status_code, straight.headers["location"]) == (303, f"/panel/guilds/{tracked}")
    assert "There is no guild here that you manage." in (await member.get("/panel/guilds")).text
    for tab in TABS:
        path = f"/panel/guilds/{tracked}{tab}"
        assert (await keeper.get(path)).status_code == 200, path
        refused = await member.get(path)
        assert (refused.status_code, "The Lantern" in refused.text) == (404, False)
        assert (await stranger.get(path)).headers["location"].startswith("/panel/sign-in?next=")
    form = {"csrf_token": await csrf_token(member), "mode": "Off"}
    assert (await member.post(f"/panel/guilds/{tracked}/tracking/mode", data=form)).status_code == 404
    assert (await member.get(f"/panel/guilds/{tracked}/live")).status_code == 404
    for nowhere in ("4242", "0", "me", "1" * 19, "9" * 30, "1%00"):
        assert (await keeper.get(f"/panel/guilds/{nowhere}")).status_code == 404, nowhere


async def test_addresses_that_ask_for_what_cannot_be_are_refused_and_break_nothing(
    keeper: httpx.AsyncClient, place: Place, tracked: int
) -> None:
    guild, person = f"/panel/guilds/{tracked}", f"/panel/guilds/{tracked}/board/people/{place.member}"
    for path, status in (
        (f"/panel/guilds?after={10**30}", 400),
        ("/panel/guilds?after=-1", 400),
        (f"{guild}/board?page=0", 400),
        (f"{guild}/board?period={10**20}", 400),
        (f"{guild}/board?period=7", 404),
        (f"{guild}/board?page=9999999", 200),
        (f"{guild}/board/people/{10**30}", 404),
        (f"{guild}/board/people/me", 404),
        (f"{guild}/board/channels/4242", 404),
        (f"{guild}/heatmap?days=0", 400),
        (f"{guild}/heatmap?zone=Europe/Nowhere", 400),
        (f"{guild}/heatmap?channel=x", 404),
        (f"{guild}/archive?page={10**30}", 400),
        (f"{guild}/archive?page=10000000", 200),
        (f"{person}?before=yesterday", 400),
        (f"{person}?before=0001-01-01T00:00:00%2B14:00&session=x", 200),
        (f"{person}?before=9999-12-31T23:59:59-14:00&session=x", 200),
    ):
        assert (path, (await keeper.get(path)).status_code) == (path, status)


async def test_whoever_manages_a_guild_on_discord_enters_it_and_no_other_member_does(
    served: Served, member: httpx.AsyncClient, discord: DiscordSimulator, place: Place, tracked: int
) -> None:
    await link(served, "grace", place.steward)
    straight = await member.get("/panel/guilds")
    assert (straight.status_code, straight.headers["location"]) == (303, f"/panel/guilds/{tracked}")
    for tab in TABS:
        assert (await member.get(f"/panel/guilds/{tracked}{tab}")).status_code == 200
    form = {"csrf_token": await csrf_token(member), "mode": "Off"}
    assert (await member.post(f"/panel/guilds/{tracked}/tracking/mode", data=form)).status_code == 303
    assert "Nothing is tracked yet." in (await member.get(f"/panel/guilds/{tracked}")).text

    await live_here(served, "otto")
    await link(served, "otto", place.member)
    async with signed_in(served, "otto", "a member's password") as other:
        assert (await other.get(f"/panel/guilds/{tracked}")).status_code == 404
        assert "link your account" not in (await other.get("/panel/guilds")).text

    await served.house.cache.delete(f"discord:/guilds/{place.guild}")
    discord.faults.add(Fault(status=502), times=100)
    for path in ("", f"/{tracked}"):
        away = await member.get(f"/panel/guilds{path}")
        assert (away.status_code, "Discord is not reachable." in away.text) == (503, True)


async def test_people_whom_the_bot_has_not_heard_are_called_as_discord_calls_them_and_the_others_by_number(
    served: Served, keeper: httpx.AsyncClient, place: Place, voices: Voices, discord: DiscordSimulator, tracked: int
) -> None:
    for person in (place.member, place.steward, "4242"):
        await voices.visited(person, place.lounge, HOUR)
    discord.faults.add(Fault(path=f"/api/v10/guilds/{tracked}/members", status=502), times=1)
    assert "Rosa" not in (await keeper.get(f"/panel/guilds/{tracked}/board")).text
    board = (await keeper.get(f"/panel/guilds/{tracked}/board")).text
    assert all(f"<span>{name}</span>" in board for name in ("Rosa", "Tobias", "4242"))
    discord.faults.add(Fault(path=f"/api/v10/guilds/{tracked}/members", status=502), times=100)
    await served.house.cache.delete(f"discord:/guilds/{tracked}/members/{place.member}")
    assert (await keeper.get(f"/panel/guilds/{tracked}/board")).text == board


async def test_without_discord_what_is_stored_is_shown_by_number_and_a_guild_that_is_not_known_stays_unknown(
    keeper: httpx.AsyncClient, discord: DiscordSimulator, place: Place, voices: Voices, tracked: int
) -> None:
    await voices.visited(place.member, place.lounge, HOUR)
    discord.faults.add(Fault(status=502), times=100)
    shown = await keeper.get(f"/panel/guilds/{tracked}/board/channels/{place.lounge}")
    assert shown.status_code == 200
    assert "Discord is not reachable." in shown.text
    assert f"channel {place.lounge}" in shown.text
    assert "1 h 00 min" in shown.text
    assert (await keeper.get("/panel/guilds/4242")).status_code == 404


async def test_the_stream_of_a_guild_tells_what_happens_in_it_and_nothing_of_others(
    served: Served, keeper: httpx.AsyncClient, tracked: int
) -> None:
    async with keeper.stream("GET", f"/panel/guilds/{tracked}/live") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 1000"
        for guild_id in ("4242", str(tracked)):
            served.house.events.publish("attendance", {"guild_id": guild_id})
        told = [await anext(lines) for _ in range(4)]
        assert told[2:] == ["event: attendance", f'data: {{"guild_id":"{tracked}"}}']


async def test_a_period_whose_border_has_passed_is_behind_whoever_enters(
    keeper: httpx.AsyncClient, voices: Voices, clock: SettableClock, tracked: int
) -> None:
    assert "Period 1" in (await keeper.get(f"/panel/guilds/{tracked}")).text
    clock.advance(timedelta(days=8))
    await keeper.post("/panel/sign-in", data={"name": ADMIN_NAME, "password": ADMIN_PASSWORD})
    assert "Period 2" in (await keeper.get(f"/panel/guilds/{tracked}")).text


async def test_pages_need_as_many_statements_for_much_as_for_little(
    served: Served, keeper: httpx.AsyncClient, place: Place, voices: Voices, discord: DiscordSimulator, tracked: int
) -> None:
    pages = {
        f"/panel/guilds/{tracked}": 17,
        f"/panel/guilds/{tracked}/board": 14,
        f"/panel/guilds/{tracked}/archive": 10,
        f"/panel/guilds/{tracked}/tracking": 10,
        f"/panel/guilds/{tracked}/board/people/{place.member}?period=1": 22,
        f"/panel/guilds/{tracked}/board/channels/{place.lounge}?period=1": 18,
    }

    async def measured() -> dict[str, int]:
        found = {}
        for path in pages:
            with counted(served) as seen:
                assert (await keeper.get(path)).status_code == 200, path
            found[path] = len(seen)
        return found

    await voices.visited(place.member, place.lounge, HOUR)
    await end_period(served, tracked)
    await voices.moved(place.member, place.lounge)
    await voices.passes(HOUR)
    few = await measured()
    assert all(number <= pages[path] for path, number in few.items()), few
    for person in discord.world.users.values():
        await voices.visited(person.id, place.workshop, timedelta(minutes=3))
    for _ in range(8):
        await voices.passes(timedelta(minutes=3))
        await end_period(served, tracked)
    for person in list(discord.world.users.values())[:9]:
        await voices.moved(person.id, place.lounge)
    await voices.passes(HOUR)
    assert await measured() == few


async def test_receipts_and_exports_are_downloaded_and_hold_offline(
    served: Served, keeper: httpx.AsyncClient, place: Place, voices: Voices, tracked: int
) -> None:
    await voices.visited(place.member, place.lounge, HOUR)
    session = await a_session(served, tracked)
    await end_period(served, tracked)
    person = (await keeper.get(f"/panel/guilds/{tracked}/board/people/{place.member}?period=1")).text
    assert f"/panel/guilds/{tracked}/sessions/{session}/receipt" in person
    keys = (await keeper.get(f"/verify/keys/{tracked}")).content
    pins = Pins(guild=msgspec.json.decode(keys, type=GuildKeys))
    for path in (f"sessions/{session}/receipt", "archive/1/export"):
        answer = await keeper.get(f"/panel/guilds/{tracked}/{path}")
        assert answer.headers["content-disposition"].startswith("attachment; filename=")
        assert judge(read(answer.content), pins).valid, path
    assert (await keeper.get(f"/panel/guilds/{tracked}/archive/2/export")).status_code == 404
    assert (await keeper.get(f"/panel/guilds/{tracked}/archive/none")).status_code == 404
    assert (await keeper.get(f"/panel/guilds/{tracked}/sessions/{session}x/receipt")).status_code == 404
    board = await keeper.get(f"/panel/guilds/{tracked}/archive/2")
    assert board.headers["location"] == f"/panel/guilds/{tracked}/board"


async def test_the_free_tier_hides_older_periods_and_whoever_keeps_the_tiers_switches_them(
    served: Served, keeper: httpx.AsyncClient, place: Place, voices: Voices, tracked: int
) -> None:
    for _ in range(7):
        await voices.passes(timedelta(minutes=1))
        await end_period(served, tracked)
    archive = f"/panel/guilds/{tracked}/archive"
    assert "Period 1<" in (await keeper.get(archive)).text
    form = {"csrf_token": await csrf_token(keeper), "tier": "free"}
    assert (await keeper.post(f"/panel/guilds/{tracked}/tier", data=form)).headers["location"] == (
        f"{archive}?done=tier-changed"
    )
    free = (await keeper.get(archive)).text
    assert ("2 older periods are kept" in free, "Period 1<" in free) == (True, False)
    assert (await keeper.get(f"{archive}/2")).status_code == 403
    assert (await keeper.get(f"{archive}/7/export")).status_code == 403
    assert (await keeper.get(f"{archive}/3")).status_code == 200
    assert (await keeper.get(f"/proof/periods/{tracked}/1")).status_code == 200
    assert (await keeper.post(f"/panel/guilds/{tracked}/tier", data={**form, "tier": "gold"})).status_code == 400


class TestLockedTiers:
    """A house whose operator keeps the tiers."""

    @pytest.fixture
    def settings(self, database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
        asked = {"DISCORD_TOKEN": discord.token, "DISCORD_API_BASE": discord.api_base}
        return settings_for(database_url, tmp_path, **asked, ATTENDANCE_TIER_LOCK="on")

    async def test_only_super_admins_switch_tiers_then(
        self, served: Served, keeper: httpx.AsyncClient, tracked: int
    ) -> None:
        await live_here(served, "sam", "admin")
        async with signed_in(served, "sam", "a member's password") as admin:
            assert (
                "Whoever runs this server keeps the tiers" in (await admin.get(f"/panel/guilds/{tracked}/archive")).text
            )
            form = {"csrf_token": await csrf_token(admin), "tier": "free"}
            assert (await admin.post(f"/panel/guilds/{tracked}/tier", data=form)).status_code == 403
        form = {"csrf_token": await csrf_token(keeper), "tier": "free"}
        assert (await keeper.post(f"/panel/guilds/{tracked}/tier", data=form)).status_code == 303
        async with served.house.database.read() as tx:
            assert (await attendance.access_guild(tx, tracked)).tier is Tier.FREE


async def test_the_proof_page_says_to_anybody_what_holds_and_not_whose_it_is(
    served: Served, stranger: httpx.AsyncClient, place: Place, voices: Voices, clock: SettableClock, tracked: int
) -> None:
    await voices.moved(place.member, place.lounge)
    session = await a_session(served, tracked)
    assert "Still going on" in (await stranger.get(f"/proof/sessions/{session}")).text
    await voices.passes(HOUR)
    await voices.moved(place.member, None)
    genuine = await stranger.get(f"/proof/sessions/{session.upper()}")
    assert (genuine.status_code, "<h1>Genuine</h1>" in genuine.text) == (200, True)
    assert (place.member in genuine.text, "The Lantern" in genuine.text) == (False, False)
    assert (genuine.headers["x-robots-tag"], genuine.headers["referrer-policy"]) == ("noindex", "no-referrer")
    assert f"/panel/guilds/{tracked}/sessions" not in genuine.text

    async with served.house.database.write() as tx:
        await attendance.lock_key(tx, served.house.keyring, SYSTEM, guild_id=tracked, now=clock.now())
    await voices.visited(place.owner, place.lounge, HOUR)
    assert "Not signed yet" in (await stranger.get(f"/proof/sessions/{await a_session(served, tracked)}")).text
    await end_period(served, tracked)
    assert "Not signed yet" in (await stranger.get(f"/proof/periods/{tracked}/1")).text

    async with served.house.database.write() as tx:
        await tx.run(SHORTEN, named=session, other=4242)
    assert "differs from what was signed" in (await stranger.get(f"/proof/sessions/{session}")).text
    for nowhere in (
        "sessions/7b0f3c1e-6a52-4c9e-9d53-2f0c1b7a9e11", "sessions/x", f"periods/{tracked}/2", f"periods/{tracked}/0",
        "periods/4242/1", "periods/x/1", f"periods/{tracked}/{'9' * 12}", f"periods/{'9' * 20}/1",
    ):  # fmt: skip
        answer = await stranger.get(f"/proof/{nowhere}")
        assert (answer.status_code, "Nothing to prove here" in answer.text) == (404, True), nowhere


class TestFewRequests:
    """A house that answers a stranger five times a minute."""

    @pytest.fixture
    def settings(self, database_url: str, tmp_path: Path) -> Settings:
        return settings_for(database_url, tmp_path, RATE_LIMIT_PER_IP="5")

    async def test_strangers_ask_for_proofs_only_so_often(self, stranger: httpx.AsyncClient) -> None:
        answers = [await stranger.get("/proof/sessions/x") for _ in range(6)]
        assert [each.status_code for each in answers] == [404] * 5 + [429]
        assert "retry-after" in answers[-1].headers
