"""Roles really given and taken in a simulated Discord, for time really spent in voice."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import select

from guildhall.adapters.outside_http import GuardedHttp
from guildhall.core import ids, outbox
from guildhall.core.crypto import SecretBox
from guildhall.core.db import query
from guildhall.core.jobs import JobContext
from guildhall.core.outbox import JobState
from guildhall.domains import attendance
from guildhall.domains.attendance import Mode, Tier, WebhookEvent, roles
from guildhall.domains.attendance.errors import DiscordUnavailable, NeedsPro
from guildhall.domains.attendance.roles.errors import (
    RoleNotGivable,
    RoleUnknown,
    RuleExists,
    RuleNotFound,
    TooManyRules,
)
from guildhall.domains.attendance.roles.hierarchy import GONE, MAY_NOT, TOO_HIGH
from guildhall.domains.attendance.roles.models import GrantState, Scope
from guildhall.domains.attendance.roles.queries import GRANTS, MARKS
from guildhall.domains.attendance.webhooks.queries import access_delivery
from guildhall.domains.audit.models import audit_entries
from guildhall.simulator.discord import Fault, guilds
from tests.domains.attendance.guild import HALL, MANAGER, Guild
from tests.domains.attendance.roles.town import Town

HOUR, DAY = 3600, 86_400
ADA, BEN, CLEO = "rosa.m", "wouter", "amina"
AUDITED = query(
    str,
    select(audit_entries.c.action).where(audit_entries.c.action.like("attendance.role%")).order_by(audit_entries.c.seq),
)


async def states(town: Town) -> dict[tuple[str, str], str]:
    return {who: grant.state.value for who, grant in (await town.grants()).items()}


async def audited(town: Town) -> list[str]:
    async with town.database.read() as tx:
        return await tx.all(AUDITED)


async def marked(town: Town) -> int:
    async with town.database.read() as tx:
        return len(await tx.all(MARKS, guild_id=town.guild_id))


async def runs_waiting(town: Town) -> int:
    async with town.database.read() as tx:
        jobs = await outbox.list_jobs(tx, state=JobState.WAITING, limit=1000)
    return sum(job.kind == roles.RUN_ROLES.name for job in jobs)


async def problem(town: Town) -> str | None:
    async with town.database.read() as tx:
        (rule,) = await roles.rules_in(tx, guild_id=town.guild_id)
    assert rule.assignable is (rule.problem is None)
    return rule.problem


async def test_who_has_spent_the_time_gets_the_role_when_their_session_ends_and_once(town: Town) -> None:
    await town.put("Regular", HOUR)
    await town.run()
    await town.visit(ADA, HOUR)
    await town.visit(BEN, HOUR - 1)
    assert ADA not in await town.holders("Regular")
    await town.run()
    assert {ADA, BEN} & await town.holders("Regular") == {ADA}
    assert await states(town) == {(ADA, "Regular"): "given"}
    (entry,) = [each for each in (await town.state())["audit_log"] if each["action_type"] == 25]
    assert entry["reason"] == "Attendance: at least 1 h in this period"

    await town.visit(ADA, 60)
    await town.run()
    await town.judge()
    await town.run()
    assert (await town.told(), await marked(town)) == (1, 0)
    assert await audited(town) == ["attendance.role_rule", "attendance.role_given"]


async def test_a_role_is_taken_back_only_where_the_rule_says_so_and_only_if_it_was_given_here(town: Town) -> None:
    await town.put("Regular", HOUR, revoke=True)
    await town.put("Host", HOUR)
    await town.wears(BEN, "Regular")
    before = await town.holders("Regular")
    for person in (ADA, BEN):
        await town.visit(person, HOUR)
    await town.run()
    assert await town.holders("Regular") == before | {ADA}
    assert {ADA, BEN} <= await town.holders("Host")
    assert (await states(town))[BEN, "Regular"] == "own"

    await town.guild.do(attendance.reset_now, MANAGER)
    await town.run()
    assert await town.holders("Regular") == before
    assert {ADA, BEN} <= await town.holders("Host")
    assert await states(town) == {
        (ADA, "Regular"): "taken",
        (BEN, "Regular"): "own",
        (ADA, "Host"): "given",
        (BEN, "Host"): "given",
    }
    await town.visit(ADA, HOUR)
    await town.run()
    assert ADA in await town.holders("Regular")
    assert (await audited(town))[-2:] == ["attendance.role_taken", "attendance.role_given"]


async def test_webhooks_are_told_of_roles_that_were_given_and_taken(town: Town) -> None:
    box, address = SecretBox("a key for tests which is long enough", "webhooks"), "https://127.0.0.1/hook"
    heard = [WebhookEvent.ROLE_GRANTED, WebhookEvent.ROLE_REVOKED]
    async with AsyncExitStack() as stack:
        outside = GuardedHttp(allow_private=True)
        stack.push_async_callback(outside.close)
        await attendance.set_webhook(
            town.database,
            outside,
            box,
            MANAGER,
            guild_id=town.guild_id,
            url=address,
            enabled=True,
            events=heard,
            now=town.guild.now,
        )
    rule = await town.put("Regular", 10, revoke=True)
    await town.run()
    await town.visit(ADA, 10)
    await town.run()
    await town.guild.do(attendance.reset_now, MANAGER)
    await town.run()
    async with town.database.read() as tx:
        listed = await attendance.deliveries_of(tx, guild_id=town.guild_id)
        told = [await access_delivery(tx, guild_id=town.guild_id, delivery_id=each.id) for each in listed]
    about = {
        "guild_id": str(town.guild_id),
        "rule_id": rule.id,
        "user_id": str(town.person(ADA)),
        "role_id": str(town.role("Regular")),
    }
    assert {each.event_type: msgspec.json.decode(each.body or b"")["data"] for each in told} == dict.fromkeys(
        heard, about
    )


async def test_whoever_is_overtaken_falls_out_of_the_top(town: Town) -> None:
    await town.put("Host", 0, top_n=1, revoke=True)
    await town.visit(ADA, 100)
    await town.run()
    assert {ADA, BEN} & await town.holders("Host") == {ADA}
    await town.visit(BEN, 100)
    await town.run()
    assert {ADA, BEN} <= await town.holders("Host")
    await town.visit(BEN, 1)
    await town.run()
    assert {ADA, BEN} & await town.holders("Host") == {BEN}


async def test_each_scope_looks_at_its_own_time(town: Town) -> None:
    """The guild keeps the time of Auckland, where START is ten in the evening, and two hours later another day."""
    await town.guild.do(attendance.set_schedule, MANAGER, timezone="Pacific/Auckland", interval=attendance.Interval.OFF)
    wanted: dict[str, dict[str, Any]] = {
        "now": {"min_seconds": 2 * HOUR, "scope": Scope.CURRENT_PERIOD},
        "before": {"min_seconds": 3 * HOUR, "scope": Scope.LAST_PERIOD},
        "ever": {"min_seconds": 5 * HOUR, "scope": Scope.LIFETIME, "min_active_days": 3},
        "lately": {"min_seconds": 2 * HOUR, "scope": Scope.LAST_DAYS, "days": 2},
        "regular": {"min_seconds": 0, "scope": Scope.LAST_DAYS, "days": 30, "min_active_days": 3},
        "first": {"min_seconds": 0, "scope": Scope.LIFETIME, "top_n": 1},
    }
    for name, terms in wanted.items():
        await town.steer("POST", f"/guilds/{town.guild_id}/roles", name=name)
        await town.put(name, **terms)
    await town.visit(ADA, 3 * HOUR)
    await town.run()
    holders = {name: await town.holders(name) for name in wanted}
    assert holders == {"now": {ADA}, "before": set(), "ever": set(), "lately": {ADA}, "regular": set(), "first": {ADA}}

    await town.guild.beat(2 * DAY)
    await town.guild.do(attendance.reset_now, MANAGER)
    await town.visit(BEN, 2 * HOUR + 1)
    await town.visit(ADA, 2 * HOUR)
    await town.guild.beat(3 * DAY + HOUR)
    await town.visit(BEN, 5)
    await town.run()
    holders = {name: await town.holders(name) for name in wanted}
    assert holders == {
        "now": {ADA, BEN},
        "before": {ADA},
        "ever": {ADA},
        "lately": {ADA, BEN},
        "regular": {ADA},
        "first": {ADA},
    }


async def test_a_burst_of_sessions_is_one_run_and_nobody_is_forgotten_by_it(town: Town) -> None:
    await town.put("Regular", 10)
    await town.run()
    queued = await runs_waiting(town)
    everybody = [each.username for each in town.discord.world.users.values() if not each.bot]
    for person in everybody:
        await town.guild.voice(town.guild.at, town.person(person), HALL)
    await town.guild.voice(town.guild.at + 10, town.person(ADA), None)
    await town.guild.mode(Mode.OFF)
    assert await runs_waiting(town) == queued + 1
    assert await marked(town) == len(everybody)
    await town.run()
    assert await town.holders("Regular") == set(everybody)
    assert await marked(town) == 0


async def test_time_that_nobody_saw_gives_no_role_until_it_is_known_to_have_been_spent(town: Town) -> None:
    await town.put("Regular", 100)
    await town.put("Host", 100, scope=Scope.LAST_DAYS, days=2)
    await town.run()
    begin = town.guild.at
    await town.guild.voice(begin, town.person(ADA), HALL)
    await town.guild.beat(begin + 60)
    await town.guild.do(attendance.begin_gap)
    town.guild.at = begin + 200
    await town.judge()
    await town.run()
    assert await states(town) == {}
    await town.guild.picture(begin + 210)
    await town.judge()
    await town.run()
    assert await states(town) == {(ADA, "Regular"): "given", (ADA, "Host"): "given"}


async def test_a_change_of_how_time_counts_is_judged_for_everybody_once_for_many(town: Town) -> None:
    await town.put("Regular", HOUR, revoke=True)
    await town.visit(ADA, HOUR)
    await town.run()
    assert ADA in await town.holders("Regular")
    queued = await runs_waiting(town)
    await town.guild.fairness(pause_when_solo=True)
    for minimum in (10, 20, 30):
        await town.guild.fairness(min_session_seconds=minimum)
    assert await runs_waiting(town) == queued + 1
    await town.run()
    assert ADA not in await town.holders("Regular")

    await town.guild.fairness(pause_when_solo=True)
    assert (await runs_waiting(town), await marked(town)) == (queued + 1, 0)
    await town.guild.fairness(pause_when_solo=False)
    await town.guild.do(attendance.set_schedule, MANAGER, timezone="Europe/Brussels")
    assert await runs_waiting(town) == queued + 2
    await town.run()
    assert ADA in await town.holders("Regular")
    await town.guild.do(attendance.set_schedule, MANAGER, hour=5)
    assert await marked(town) == 0
    await town.guild.do(attendance.set_schedule, MANAGER, timezone="Asia/Tokyo")
    assert (await runs_waiting(town), await marked(town)) == (queued + 3, 1)


async def test_a_run_leaves_whoever_was_marked_again_meanwhile_to_the_next(town: Town) -> None:
    await town.put("Regular", 10)
    await town.run()
    await town.visit(ADA, 10)
    queued = await runs_waiting(town)

    async def mark_again(_: httpx.Request) -> None:
        await town.judge(ADA)

    async with town.desk_that(request=mark_again) as desk:
        await roles.run_roles(town.database, desk, guild_id=town.guild_id, now=town.guild.now)
    assert (await states(town), await marked(town), await runs_waiting(town)) == ({}, 1, queued + 1)
    await town.run()
    assert (await states(town), await marked(town)) == ({(ADA, "Regular"): "given"}, 0)


async def test_runs_at_the_same_time_ask_once_and_discord_is_told_once(town: Town) -> None:
    await town.put("Regular", 10)
    await town.put("Host", 10)
    for person in (ADA, BEN, CLEO):
        await town.visit(person, 10)
    at_once = [roles.run_roles(town.database, town.desk, guild_id=town.guild_id, now=town.guild.now) for _ in range(4)]
    await asyncio.gather(*at_once)
    at_once = [roles.give_roles(town.database, town.desk, town.clock, guild_id=town.guild_id) for _ in range(4)]
    await asyncio.gather(*at_once)
    assert (await town.told(), set((await states(town)).values())) == (6, {"given"})
    assert (await audited(town)).count("attendance.role_given") == 6


async def test_discord_away_loses_nothing_and_gives_nothing_twice(town: Town) -> None:
    await town.put("Regular", 10)
    await town.run()
    await town.visit(ADA, 10)
    for fault in (Fault(status=500), Fault(status=503)):
        town.discord.faults.add(fault)
        with pytest.raises(DiscordUnavailable):
            await town.run()
        assert (await states(town), await marked(town)) == ({}, 1)
    await roles.run_roles(town.database, town.desk, guild_id=town.guild_id, now=town.guild.now)
    place = f"/api/v10/guilds/{town.guild_id}/members/{town.person(ADA)}"
    for path, state in ((place, "asked"), (f"{place}/roles", "giving"), (f"{place}/roles", "giving")):
        town.discord.faults.add(Fault(path=path, status=502))
        with pytest.raises(DiscordUnavailable):
            await roles.give_roles(town.database, town.desk, town.clock, guild_id=town.guild_id)
        assert await states(town) == {(ADA, "Regular"): state}
    town.discord.faults.add(Fault(path=f"{place}/roles", retry_after=2))
    with pytest.raises(DiscordUnavailable):
        await roles.give_roles(town.database, town.desk, town.clock, guild_id=town.guild_id)
    # A limit on roles is none on questions.
    await town.standing()
    await town.run()
    assert (await states(town), await town.told()) == ({(ADA, "Regular"): "given"}, 1)


async def test_a_role_that_was_given_before_a_process_died_is_known_as_ours(town: Town) -> None:
    await town.put("Regular", 10, revoke=True)
    await town.run()
    await town.visit(ADA, 10)
    await roles.run_roles(town.database, town.desk, guild_id=town.guild_id, now=town.guild.now)

    async def die(answer: httpx.Response) -> None:
        if answer.request.method == "PUT":
            raise asyncio.CancelledError

    async with town.desk_that(response=die) as desk:
        with pytest.raises(asyncio.CancelledError):
            await roles.give_roles(town.database, desk, town.clock, guild_id=town.guild_id)
    assert ADA in await town.holders("Regular")
    await town.run()
    assert await states(town) == {(ADA, "Regular"): "giving"}
    await town.guild.beat(town.guild.at + 121)
    await town.run()
    assert await states(town) == {(ADA, "Regular"): "given"}
    await town.guild.do(attendance.reset_now, MANAGER)
    await town.run()
    assert ADA not in await town.holders("Regular")


async def test_a_role_above_the_bots_own_waits_with_the_reason_until_it_can_be_given(town: Town) -> None:
    await town.put("Regular", 10)
    await town.run()
    own = next(each for each in town.discord.guild.roles.values() if each.bot_id)
    regular = str(town.role("Regular"))
    await town.visit(ADA, 10)
    guilds.move_roles(town.discord.world, town.discord.guild, {regular: own.position + 1})
    await town.run()
    assert (await problem(town), await states(town)) == (TOO_HIGH, {})

    guilds.move_roles(town.discord.world, town.discord.guild, {regular: 1})
    await town.visit(BEN, 10)
    await town.run()
    assert (await problem(town), await marked(town)) == (None, 1)
    await town.run()
    assert {ADA, BEN} <= await town.holders("Regular")

    permissions, own.permissions = own.permissions, 0
    await town.visit(CLEO, 10)
    await town.run()
    assert await problem(town) == MAY_NOT
    own.permissions = permissions
    await town.judge()
    await town.run()
    assert CLEO in await town.holders("Regular")

    guilds.delete_role(town.discord.world, town.discord.guild, town.discord.guild.roles[regular])
    await town.judge()
    await town.run()
    assert await problem(town) == GONE


async def test_what_discord_refuses_after_all_is_stored_with_the_reason_and_tried_again(town: Town) -> None:
    await town.put("Regular", 10, revoke=True)
    await town.run()
    own = next(each for each in town.discord.guild.roles.values() if each.bot_id)
    regular = str(town.role("Regular"))
    for person in (ADA, BEN):
        await town.visit(person, 10)
    await roles.run_roles(town.database, town.desk, guild_id=town.guild_id, now=town.guild.now)
    guilds.move_roles(town.discord.world, town.discord.guild, {regular: own.position + 1})
    await roles.give_roles(town.database, town.desk, town.clock, guild_id=town.guild_id)
    refusal = "Discord does not let the bot give or take this role"
    assert {who[0]: (each.state, each.problem) for who, each in (await town.grants()).items()} == dict.fromkeys(
        (ADA, BEN), (GrantState.REFUSED, refusal)
    )
    assert await problem(town) == refusal
    guilds.move_roles(town.discord.world, town.discord.guild, {regular: 1})
    await town.judge()
    await town.run()
    assert {ADA, BEN} <= await town.holders("Regular")

    await town.guild.do(attendance.reset_now, MANAGER)
    await town.desk.forget(town.guild_id)
    await roles.run_roles(town.database, town.desk, guild_id=town.guild_id, now=town.guild.now)
    guilds.move_roles(town.discord.world, town.discord.guild, {regular: own.position + 1})
    await roles.give_roles(town.database, town.desk, town.clock, guild_id=town.guild_id)
    assert set((await states(town)).values()) == {"given"}
    guilds.move_roles(town.discord.world, town.discord.guild, {regular: 1})
    await town.judge()
    await town.run()
    assert not {ADA, BEN} & await town.holders("Regular")


async def test_whoever_left_is_passed_over_until_they_are_seen_again(town: Town) -> None:
    await town.put("Regular", 10)
    await town.run()
    await town.visit(ADA, 10)
    await town.leaves(ADA)
    await town.run()
    assert await states(town) == {(ADA, "Regular"): "away"}
    await town.judge()
    await town.run()
    assert await states(town) == {(ADA, "Regular"): "away"}
    await town.wears(ADA)
    await town.visit(ADA, 1)
    await town.run()
    assert ADA in await town.holders("Regular")

    await town.leaves(ADA)
    await town.guild.beat(town.guild.at + 10)
    await town.judge(ADA)
    await town.run()
    await town.wears(ADA)
    await town.visit(ADA, 1)
    await town.run()
    assert ADA in await town.holders("Regular")


async def test_what_a_person_took_away_stays_away(town: Town) -> None:
    await town.put("Regular", 10)
    await town.run()
    await town.visit(ADA, 10)
    await town.run()
    await town.wears(ADA)
    await town.visit(ADA, 10)
    await town.run()
    assert ADA not in await town.holders("Regular")


async def test_in_the_free_tier_rules_are_kept_and_rest(town: Town) -> None:
    rule = await town.put("Regular", 10, revoke=True)
    await town.run()
    await town.visit(ADA, 10)
    await roles.run_roles(town.database, town.desk, guild_id=town.guild_id, now=town.guild.now)
    await town.guild.do(attendance.set_tier, MANAGER, tier=Tier.FREE)
    await town.visit(BEN, 10)
    await town.run()
    assert (await states(town), await town.told(), await marked(town)) == ({(ADA, "Regular"): "asked"}, 0, 0)
    with pytest.raises(NeedsPro):
        await town.put("Host", 10)
    with pytest.raises(NeedsPro):
        await town.guild.do(lambda tx, **named: _delete(tx, rule.id, **named))
    await town.guild.do(attendance.set_tier, MANAGER, tier=Tier.PRO)
    await town.run()
    assert {ADA, BEN} <= await town.holders("Regular")


async def _delete(tx: Any, rule_id: str, *, guild_id: int, now: Any, **_: object) -> None:  # noqa: ANN401 (a verb's arguments)
    await roles.delete_rule(tx, MANAGER, guild_id=guild_id, rule_id=rule_id, now=now)


async def test_who_is_in_voice_is_judged_at_intervals_too(town: Town) -> None:
    await town.put("Regular", HOUR)
    await town.run()
    await town.guild.voice(town.guild.at, town.person(ADA), HALL)
    await town.guild.beat(town.guild.at + HOUR)
    await roles.run_for_voices(JobContext(ids.ulid(), 1, town.database, town.clock))
    assert await marked(town) == 1
    await town.run()
    assert ADA in await town.holders("Regular")


async def test_rules_are_put_changed_and_deleted(town: Town) -> None:
    rule = await town.put("Regular", 10)
    assert await town.put("Regular", 20, days=7) == await town.put("Regular", 20)
    changed = await town.put("Regular", 30, scope=Scope.LAST_DAYS, days=7, rule_id=rule.id)
    assert (changed.id, changed.scope, changed.days, changed.min_seconds) == (rule.id, Scope.LAST_DAYS, 7, 30)
    other = await town.put("Regular", 10)
    assert other.id != rule.id
    for error, role, terms in (
        (RuleExists, "Regular", {"rule_id": rule.id}),
        (RuleNotFound, "Regular", {"rule_id": ids.uuid()}),
        (RoleNotGivable, "@everyone", {}),
        (RoleNotGivable, "guildhall", {}),
    ):
        with pytest.raises(error):
            await town.put(role, 10, **terms)
    standing = await town.standing()
    with pytest.raises(RoleUnknown):
        standing.check_givable(4242)
    await town.visit(ADA, 10)
    await town.run()
    for each in (rule, other):
        await town.guild.do(lambda tx, each=each, **named: _delete(tx, each.id, **named))
    await town.judge()
    await town.run()
    assert ADA in await town.holders("Regular")
    with pytest.raises(RuleNotFound):
        await town.guild.do(lambda tx, **named: _delete(tx, rule.id, **named))

    for number in range(50):
        await town.steer("POST", f"/guilds/{town.guild_id}/roles", name=f"role {number}")
        await town.put(f"role {number}", 10)
    with pytest.raises(TooManyRules):
        await town.put("Regular", 10)
    assert (await town.put("role 7", 20)).min_seconds == 20


@contextmanager
def counting(town: Town) -> Iterator[list[str]]:
    """Collect the statements that the block runs."""
    seen: list[str] = []
    town.database.observe = seen.append
    try:
        yield seen
    finally:
        town.database.observe = None


async def test_a_run_costs_as_many_statements_for_five_hundred_people_as_for_one(town: Town) -> None:
    terms: list[dict[str, Any]] = [
        {"min_seconds": 10, "min_active_days": 1},
        {"min_seconds": 10, "scope": Scope.LIFETIME, "top_n": 1000, "revoke": True},
        {"min_seconds": 10, "scope": Scope.LAST_DAYS, "days": 7},
        {"min_seconds": 10, "scope": Scope.LAST_PERIOD},
    ]
    for each in terms:
        await town.put("Regular", **each)
    costs: list[int] = []
    for people, everybody in ((1, False), (500, False), (1, True), (500, True)):
        await town.guild.do(attendance.reset_now, MANAGER)
        town.guild.at += 1
        await _crowd(town.guild, people, first=(len(costs) + 1) * 1000)
        if everybody:
            await town.judge()
        with counting(town) as seen:
            await roles.run_roles(town.database, town.desk, guild_id=town.guild_id, now=town.guild.now)
        costs.append(len(seen))
        async with town.database.read() as tx:
            asked = await tx.all(GRANTS, guild_id=town.guild_id)
        assert sum(each.user_id // 1000 == len(costs) for each in asked) == people
    assert costs == [costs[0]] * 2 + [costs[2]] * 2
    assert max(costs) <= 30


async def _crowd(guild: Guild, people: int, *, first: int) -> None:
    """So many people spend ten seconds in voice together."""
    guild.here = {first + number: (HALL, 0) for number in range(people)}
    await guild.mode(Mode.ALL)
    await guild.picture(guild.at)
    await guild.beat(guild.at + 10)
    await guild.mode(Mode.OFF)
    guild.here = {}
    await guild.picture(guild.at)
