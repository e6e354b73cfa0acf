"""Posts in log channels, against the simulator of Discord: which, in which order, each once, whatever goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from guildhall.core import leases
from guildhall.core.db import Database, query
from guildhall.core.events import open_events
from guildhall.core.jobs import JobContext
from guildhall.domains import attendance, bot
from guildhall.domains.attendance import Interval, Keyring, Mode, Scene, posting
from guildhall.domains.attendance.posting import Frequency, LogType, queueing
from guildhall.domains.attendance.posting.models import attendance_posts
from guildhall.domains.attendance.posting.sender import LEASE, remind
from guildhall.simulator.discord import DiscordSimulator, Fault, Limits, guilds, simulate
from guildhall.simulator.discord.state import Overwrite
from tests.domains.attendance.guild import ADA, BEN, GAP, HALL, MANAGER, START, open_guild
from tests.domains.attendance.log_channels import EVERYTHING, NOTHING, LogChannels

HOUR = 3600
DAY = 24 * HOUR
PASSPHRASE = "correct horse battery staple"


@pytest.fixture
async def discord() -> AsyncIterator[DiscordSimulator]:
    async with simulate(limits=Limits(requests=10_000, requests_of_the_bot=10_000)) as simulator:
        yield simulator


@pytest.fixture
async def log(discord: DiscordSimulator, database: Database) -> AsyncIterator[LogChannels]:
    """The channels of a guild that is being watched."""
    guild = await open_guild(database, guild_id=int(discord.guild.id))
    async with httpx.AsyncClient() as client:
        yield LogChannels(discord, guild, client)


async def test_a_session_that_ends_is_told_in_the_channel_after_ten_seconds(log: LogChannels) -> None:
    await log.open()
    await bot.remember_names(log.cache, log.guild.guild_id, {ADA: bot.Name("Ada *the* [first](http://x)")})
    await log.visit(ADA, 5400, HALL)
    assert await log.after(0) <= timedelta(seconds=5)
    assert log.embeds() == []
    await log.after(10)
    (embed,) = log.embeds()
    (line,) = await log.guild.sessions()
    assert embed["title"] == "Session completed"
    assert embed["description"] == rf"**Ada \*the\* \[first\]\(http\://x\)** in <#{HALL}> for 1 h 30 min"
    assert embed["footer"] == {"text": f"Session {line.session.id}"}
    shown = await log.shown()
    assert (shown.last_post_at, shown.last_error) == (log.guild.now, None)

    await log.visit(BEN, 59)
    await log.after(10)
    assert log.embeds()[1]["description"] == f"<@{BEN}> in <#{HALL}> for 59 s"
    await log.after(60)
    assert len(log.embeds()) == 2


async def test_more_than_five_sessions_in_ten_seconds_are_one_message_and_five_are_five(log: LogChannels) -> None:
    await log.open()
    await log.come_and_go(range(1001, 1006), 60)
    await log.after(10)
    assert log.titles() == ["Session completed"] * 5
    await log.come_and_go(range(1001, 1007), 60)
    await log.after(10)
    assert log.titles()[5:] == ["6 sessions completed"]
    assert log.embeds()[5]["description"].count("for 1 min") == 6
    await log.come_and_go(range(1001, 1151), 60)
    await log.after(10)
    assert log.titles()[6:] == ["150 sessions completed"]
    assert log.embeds()[6]["description"].endswith("\nand 125 more")


async def test_the_final_board_comes_before_anything_about_the_next_period(log: LogChannels) -> None:
    await log.open(types=EVERYTHING)
    await log.visit(ADA, 3600)
    await log.guild.voice(log.guild.at, BEN, HALL)
    await log.guild.beat(log.guild.at + 60)
    await log.guild.do(attendance.reset_now, MANAGER)
    await log.guild.watch_until(log.guild.at + 1)
    await log.guild.mode(Mode.OFF)
    await log.after(0)
    assert log.titles() == [
        "Settings changed: Log destinations",
        "Session completed",
        "Session completed",
        "Final board of period 1",
        "Session completed",
        "Settings changed: Tracking mode",
    ]
    board = log.embeds()[3]
    archived = await log.guild.ask(attendance.last_archive_of)
    assert board["footer"] == {"text": f"SHA-256 {archived.hash_v1}"}
    assert f"` 1` <@{ADA}> 1 h\n` 2` <@{BEN}> 1 min" in board["description"]
    assert f"(https://hub.test/verify/period/{log.guild.guild_id}/1)" in board["description"]


async def test_a_board_of_many_shows_the_top_and_how_many_more_there_are(log: LogChannels) -> None:
    await log.open()
    await log.come_and_go(range(1001, 1031), 60)
    await log.guild.do(attendance.reset_now, MANAGER)
    await log.after(0)
    text = log.embeds()[-1]["description"]
    assert text.count("<@") == 20
    assert "\nand 10 more\n" in text


async def test_a_channel_gets_only_what_it_wants(log: LogChannels) -> None:
    await log.open("quiet", NOTHING)
    await log.open("boards", {**NOTHING, LogType.PERIOD_RESET: True})
    await log.visit(ADA, 60)
    await log.guild.do(attendance.reset_now, MANAGER)
    await log.guild.mode(Mode.OFF)
    await log.after(10)
    assert log.titles("quiet") == []
    assert log.titles("boards") == ["Final board of period 1"]


async def test_changes_of_settings_are_told_with_who_made_them(log: LogChannels) -> None:
    await log.open(types={**NOTHING, LogType.SETTINGS: True})
    guild = log.guild
    await guild.mode(Mode.ALLOWLIST)
    await guild.do(attendance.track_channel, MANAGER, channel_id=HALL, voice_channels={HALL})
    await guild.do(attendance.untrack_channel, MANAGER, channel_id=HALL)
    await guild.fairness(pause_on_mute=True, min_session_seconds=60)
    await guild.fairness(pause_on_mute=True)
    await guild.do(attendance.set_schedule, MANAGER, interval=Interval.DAILY, hour=6)
    await guild.do(attendance.set_tier, MANAGER, tier=attendance.Tier.FREE)
    await log.open("second")
    await log.after(0)
    told = [(each["title"], each["description"]) for each in log.embeds()]
    channel = (await log.shown("second")).channel_id
    assert [(title.removeprefix("Settings changed: "), text.removesuffix("\nBy <@7>")) for title, text in told][1:] == [
        ("Tracking mode", "All → Allowlist"),
        ("Tracked channels", f"Added: <#{HALL}>"),
        ("Tracked channels", f"Removed: <#{HALL}>"),
        ("How time counts", "Min session seconds: 0 → 60\nPause on mute: off → on"),
        ("Periods", "Hour: 0 → 6\nInterval: weekly → daily"),
        ("Tier", "pro → free"),
        (
            "Log destinations",
            f"Added: Channel <#{channel}>, Frequency off, Types session\\_completed, period\\_reset, signing",
        ),
    ]


async def test_what_happens_to_keys_is_told_and_what_waits_for_one_once_a_day(log: LogChannels) -> None:
    await log.open(types={**NOTHING, LogType.SIGNING: True})
    guild, keyring = log.guild, Keyring()
    guild.scene = Scene(GAP, keyring)
    given: dict[str, Any] = {"guild_id": guild.guild_id, "passphrase": PASSPHRASE}

    async def reminded() -> list[str]:
        await remind(JobContext("", 1, log.database, log.clock))
        await log.after(0)
        return log.titles()

    await log.visit(ADA, 60)
    assert await reminded() == [], "without a key nobody is reminded of it"
    await attendance.generate_key(log.database, keyring, MANAGER, now=guild.now, **given)
    await log.verb(attendance.lock_key, keyring, MANAGER)
    await log.visit(ADA, 60)
    await log.visit(BEN, 60)
    assert await reminded() == ["Signing key made", "Signing locked"], "it may still be opened in good time"
    await log.after(300)
    waiting = ["Signing key made", "Signing locked", "Signing is locked"]
    assert await reminded() == waiting
    assert log.embeds()[-1]["description"].startswith("3 sessions and 0 periods wait")
    await log.after(DAY - 60)
    assert await reminded() == waiting
    await log.after(60)
    assert await reminded() == [*waiting, "Signing is locked"]
    await attendance.unlock_key(log.database, keyring, MANAGER, now=guild.now, **given)
    await attendance.rotate_key(log.database, keyring, MANAGER, now=guild.now, **given)
    await log.after(0)
    assert log.titles()[4:] == ["Signing unlocked", "Signing key replaced"]
    assert log.embeds()[-1]["description"].endswith("\nBy <@7>")
    keyring.close()


async def test_a_channel_that_is_closed_or_gone_is_tried_hourly_for_a_day(log: LogChannels) -> None:
    destination = await log.open()
    channel = log.discord.guild.channels[str(destination.channel_id)]
    channel.overwrites = {log.discord.guild.id: Overwrite(log.discord.guild.id, 0, 0, 0x800)}
    await log.visit(ADA, 60)
    await log.after(10)
    first = await log.shown()
    assert first.last_error == "The bot may not post in this channel"
    assert first.next_try_at == log.guild.now + timedelta(hours=1)
    await log.after(HOUR - 1)
    channel.overwrites = {}
    await log.after(0)
    assert log.titles() == [], "it rests for the whole hour"
    await log.after(1)
    assert log.titles() == ["Session completed"]
    assert (await log.shown()).last_error is None

    await log.visit(ADA, 60)
    guilds.delete_channel(log.discord.world, log.discord.guild, channel)
    for _ in range(25):
        await log.after(HOUR)
    await log.visit(BEN, 60)
    await log.after(10)
    (shown,) = await log.guild.ask(posting.list_destinations)
    assert shown.last_error == "The channel is gone"
    (given_up,) = await log.guild.ask(posting.posts_given_up)
    assert given_up.error == "The channel is gone"


async def test_what_cannot_reach_discord_for_a_while_arrives_once_and_in_order(log: LogChannels) -> None:
    await log.open()
    log.trouble(status=500)
    log.trouble(status=502)
    log.trouble(retry_after=2.0)
    log.trouble(status=503)
    await log.visit(ADA, 60)
    await log.guild.do(attendance.reset_now, MANAGER)
    for _ in range(8):
        await log.after(20)
    assert log.titles() == ["Session completed", "Final board of period 1"]
    shown = await log.shown()
    assert (shown.failures, shown.last_error, shown.next_try_at) == (0, None, None)


async def test_a_limit_of_one_channel_does_not_hold_up_another(log: LogChannels) -> None:
    first, _ = await log.open("first"), await log.open("second")
    log.discord.faults.add(Fault(f"/api/v10/channels/{first.channel_id}/", retry_after=30.0))
    await log.visit(ADA, 60)
    await log.after(10)
    assert (log.titles("first"), log.titles("second")) == ([], ["Session completed"])
    await log.after(29)
    assert log.titles("first") == []
    await log.after(1)
    assert log.titles("first") == ["Session completed"]


async def test_a_process_killed_between_a_post_and_its_mark_leaves_one_message(
    log: LogChannels, database_url: str
) -> None:
    await log.open()
    await log.come_and_go(range(1001, 1008), 60)
    await log.guild.watch_until(log.guild.at + 10)
    await log.killed_in_the_act(database_url)
    assert log.titles() == ["7 sessions completed"]
    await log.visit(ADA, 1)
    await log.after(10)
    assert log.titles() == ["7 sessions completed"], "the lease of the dead process has not ended"
    await log.after(20)
    assert log.titles() == ["7 sessions completed", "Session completed"]

    # After some minutes Discord has forgotten the nonce: then the message is looked for.
    await log.visit(ADA, 60)
    await log.guild.watch_until(log.guild.at + 10)
    await log.killed_in_the_act(database_url)
    for channel in log.discord.guild.channels.values():
        for message in channel.messages.values():
            message.nonce = None
    await log.after(HOUR)
    assert len(log.titles()) == 3
    assert (await log.shown()).last_post_at == log.guild.now


async def test_a_removed_destination_takes_what_waits_for_it_along(log: LogChannels) -> None:
    destination = await log.open()
    await log.visit(ADA, 60)
    await log.verb(posting.remove_destination, MANAGER, destination_id=destination.id)
    await log.after(10)
    assert log.titles() == []


async def test_of_two_processes_one_sends(log: LogChannels) -> None:
    await log.open()
    await log.visit(ADA, 60)
    await log.guild.watch_until(log.guild.at + 10)
    async with log.database.write() as tx:
        await leases.acquire(tx, LEASE, "another", timedelta(seconds=30), log.guild.now)
    await log.after(0)
    assert log.titles() == []
    await log.guild.watch_until(log.guild.at + 31)
    await asyncio.gather(*(log.another_sender().take_turn() for _ in range(4)))
    await log.after(0)
    assert log.titles() == ["Session completed"]


async def test_the_board_comes_at_its_hour_and_a_missed_one_once(log: LogChannels) -> None:
    """The guild's clock begins at nine on a Tuesday."""
    destination = await log.open(types={**NOTHING, LogType.LEADERBOARD: True}, frequency=Frequency.HOURLY)
    assert destination.board_due_at == START + timedelta(hours=1)
    await log.visit(ADA, 1800)
    await log.after(1799)
    assert log.titles() == []
    await log.after(1)
    assert log.titles() == ["Leaderboard of period 1"]
    assert f"` 1` <@{ADA}> 30 min" in log.embeds()[0]["description"]
    await log.after(5 * HOUR + 60)
    assert len(log.titles()) == 2, "the runs that were missed are one"
    assert (await log.shown()).board_due_at == START + timedelta(hours=7)

    async def due(frequency: Frequency, **types: bool) -> datetime | None:
        changed = await log.verb(
            posting.change_destination,
            MANAGER,
            destination_id=destination.id,
            frequency=frequency,
            types={LogType(name): wanted for name, wanted in types.items()},
        )
        return changed.board_due_at

    await log.guild.do(attendance.set_schedule, MANAGER, timezone="Europe/Brussels", hour=20, day=31)
    assert await due(Frequency.DAILY) == datetime.fromisoformat("2026-03-03T19:00:00+00:00")
    assert await due(Frequency.WEEKLY) == datetime.fromisoformat("2026-03-09T19:00:00+00:00")
    assert await due(Frequency.MONTHLY) == datetime.fromisoformat("2026-03-31T18:00:00+00:00")
    await log.guild.do(attendance.set_schedule, MANAGER, day=15)
    assert (await log.shown()).board_due_at == datetime.fromisoformat("2026-03-15T19:00:00+00:00")
    assert await due(Frequency.MONTHLY, leaderboard=False) is None
    assert await due(Frequency.HOURLY, leaderboard=True) is not None
    assert await due(Frequency.OFF) is None
    await log.after(DAY)
    assert len(log.titles()) == 2


async def test_a_board_on_the_border_of_two_periods_is_the_final_one_and_is_not_told_twice(log: LogChannels) -> None:
    wanted = {**NOTHING, LogType.LEADERBOARD: True}
    await log.guild.do(attendance.set_schedule, MANAGER, interval=Interval.HOURLY)
    await log.open("boards", wanted, Frequency.HOURLY)
    await log.open("both", {**wanted, LogType.PERIOD_RESET: True}, Frequency.HOURLY)
    await log.visit(ADA, 600)
    await log.after(3000)
    assert log.titles("boards") == [], "the period whose border has passed is archived first"
    await log.guild.do(attendance.reset_if_due)
    await log.after(1)
    assert log.titles("boards") == ["Leaderboard of period 1 (final)"]
    assert f"<@{ADA}> 10 min" in log.embeds("boards")[0]["description"]
    assert log.titles("both") == ["Final board of period 1"]


async def test_what_was_posted_is_forgotten_after_a_week(log: LogChannels) -> None:
    await log.open()
    await log.visit(ADA, 60)
    await log.after(10)
    await log.visit(BEN, 60)
    count = query(int, select(func.count()).select_from(attendance_posts))
    for days, left in ((6, 2), (7, 1)):
        async with log.database.write() as tx:
            await posting.forget_posts(tx, now=START + timedelta(days=days, minutes=5))
            assert await tx.one(count) == left


async def test_a_clock_that_is_set_back_keeps_no_session_from_being_told(log: LogChannels) -> None:
    await log.open()
    await log.guild.watch_until(7200)
    await log.visit(ADA, 60)
    log.guild.at = 3600
    await log.sender.take_turn()
    assert log.titles() == ["Session completed"]


async def test_a_post_that_discord_never_takes_does_not_hold_up_the_others(log: LogChannels) -> None:
    await log.open(types={**NOTHING, LogType.SETTINGS: True})
    async with log.database.write() as tx:
        await queueing.queue_settings(
            tx, MANAGER, guild_id=log.guild.guild_id, what="x" * 300, old=1, new=2, now=log.guild.now
        )
    await log.guild.mode(Mode.OFF)
    await log.after(0)
    assert log.titles() == ["Settings changed: Log destinations", "Settings changed: Tracking mode"]
    (given_up,) = await log.guild.ask(posting.posts_given_up)
    assert given_up.error


async def test_a_new_post_wakes_the_sender(log: LogChannels) -> None:
    await log.open(types={**NOTHING, LogType.SETTINGS: True})
    events = open_events("")
    await events.start()
    log.database.announcer = lambda topic, data: events.publish(topic, {**data})
    sending = asyncio.create_task(log.sender.keep_sending(events))
    await log.discord.world.until(lambda: len(log.titles()) == 1, within=10)
    await log.guild.mode(Mode.OFF)
    await log.discord.world.until(lambda: len(log.titles()) == 2, within=10)
    assert len(log.titles()) == 2
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await events.stop()
