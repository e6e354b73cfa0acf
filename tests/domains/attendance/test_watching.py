"""What becomes of sessions when people move, settings change, connections end."""

from datetime import timedelta

import pytest

from guildhall.core.db import Database
from guildhall.domains import attendance, audit
from guildhall.domains.attendance import Mode, Picture, Policy, Seen, State
from guildhall.domains.attendance.errors import ChannelNotListed, GuildNotSeen, NotAVoiceChannel
from tests.domains.attendance.guild import ADA, AFK, BEN, CLEO, GAP, HALL, MANAGER, SCENE, STUDIO, Guild, open_guild


@pytest.fixture
async def guild(database: Database) -> Guild:
    return await open_guild(database)


async def test_a_join_starts_a_move_goes_on_elsewhere_and_a_leave_ends(guild: Guild) -> None:
    await guild.voice(10.7, ADA, HALL)
    await guild.voice(70.2, ADA, STUDIO)
    await guild.voice(100.9, ADA, None)
    assert await guild.story() == [(ADA, HALL, 10, 70, "moved"), (ADA, STUDIO, 70, 100, "left")]
    assert await guild.board() == {ADA: 90}
    assert await guild.ask(attendance.occupancy_of) == []


async def test_a_new_guild_tracks_nothing_and_bots_are_never_tracked(database: Database) -> None:
    guild = Guild(database)
    await guild.picture(0)
    await guild.voice(10, ADA, HALL)
    assert await guild.story() == []
    assert await guild.ask(attendance.occupancy_of) == []
    await guild.mode(Mode.ALL)
    await guild.do(attendance.voice_changed, seen=Seen(BEN, HALL, bot=True))
    await guild.do(
        attendance.take_picture, picture=Picture([Seen(ADA, HALL), Seen(BEN, HALL, bot=True)], afk_channel_id=AFK)
    )
    assert await guild.story() == [(ADA, HALL, 10, None, None)]
    async with database.write() as tx:
        with pytest.raises(GuildNotSeen):
            await attendance.voice_changed(tx, guild_id=2, seen=Seen(ADA, HALL), now=guild.now, scene=SCENE)


async def test_what_changes_nothing_writes_nothing(guild: Guild) -> None:
    await guild.voice(10, ADA, HALL, State.SELF_MUTE)
    written: list[str] = []
    guild.database.observe = lambda text: written.append(text) if not text.startswith("SELECT") else None
    await guild.voice(20, ADA, HALL, State.SELF_MUTE)
    await guild.voice(30, BEN, None)
    assert written == []


async def test_rules_pause_by_the_raw_states_that_were_kept(guild: Guild) -> None:
    await guild.voice(0, ADA, HALL)
    await guild.voice(100, BEN, HALL, State.SELF_DEAF)
    await guild.voice(110, ADA, HALL, State.SERVER_MUTE)
    await guild.voice(140, ADA, HALL, State.SUPPRESSED | State.VIDEO)
    await guild.voice(200, BEN, None)
    guild.at = 250
    assert await guild.board() == {ADA: 250, BEN: 100}
    await guild.fairness(pause_on_mute=True)
    assert await guild.board() == {ADA: 220, BEN: 100}
    await guild.fairness(pause_on_deafen=True)
    assert await guild.board() == {ADA: 220}
    await guild.fairness(pause_when_solo=True)
    assert await guild.board() == {ADA: 70}
    await guild.fairness(pause_on_mute=False, pause_on_deafen=False, pause_when_solo=False)
    assert await guild.board() == {ADA: 250, BEN: 100}


async def test_a_change_of_mode_or_list_acts_at_once_on_people_who_are_there(guild: Guild) -> None:
    await guild.voice(0, ADA, HALL)
    await guild.voice(0, BEN, STUDIO)
    await guild.voice(0, CLEO, AFK)
    guild.at = 10
    await guild.mode(Mode.ALLOWLIST)
    guild.at = 20
    rooms = [HALL, STUDIO, AFK]
    added = await guild.do(attendance.track_channel, MANAGER, channel_id=STUDIO, voice_channels=rooms)
    guild.at = 25
    assert await guild.do(attendance.track_channel, MANAGER, channel_id=STUDIO, voice_channels=[]) == added
    await guild.do(attendance.track_channel, MANAGER, channel_id=AFK, voice_channels=rooms)
    guild.at = 30
    await guild.mode(Mode.DENYLIST)
    guild.at = 40
    await guild.do(attendance.untrack_channel, MANAGER, channel_id=STUDIO)
    await guild.beat(45)
    guild.at = 50
    await guild.mode(Mode.OFF)
    assert await guild.story() == [
        (ADA, HALL, 0, 10, "untracked"),
        (ADA, HALL, 30, 50, "untracked"),
        (BEN, STUDIO, 0, 10, "untracked"),
        (BEN, STUDIO, 20, 30, "untracked"),
        (BEN, STUDIO, 40, 50, "untracked"),
        (CLEO, AFK, 25, 30, "untracked"),
    ]
    with pytest.raises(NotAVoiceChannel):
        await guild.do(attendance.track_channel, MANAGER, channel_id=999, voice_channels=rooms)
    with pytest.raises(ChannelNotListed):
        await guild.do(attendance.untrack_channel, MANAGER, channel_id=STUDIO)
    assert [each.channel_id for each in await guild.ask(attendance.tracked_channels_of)] == [AFK]


async def test_settings_that_change_in_a_gap_count_no_second_that_nobody_saw(guild: Guild) -> None:
    await guild.voice(0, ADA, HALL)
    await guild.beat(15)
    guild.at = 60
    await guild.mode(Mode.OFF)
    await guild.mode(Mode.ALL)
    await guild.picture(90)
    assert await guild.story() == [(ADA, HALL, 0, 15, "untracked"), (ADA, HALL, 90, None, None)]


async def test_the_afk_channel_is_where_discord_says_it_is_now(guild: Guild) -> None:
    await guild.voice(0, ADA, AFK)
    guild.at = 10
    await guild.do(attendance.set_afk_channel, afk_channel_id=HALL)
    await guild.voice(20, BEN, HALL)
    assert await guild.story() == [(ADA, AFK, 10, None, None)]


async def test_after_a_gap_who_is_still_there_goes_on_and_how_is_only_inferred(guild: Guild) -> None:
    await guild.voice(0, ADA, HALL)
    await guild.voice(0, BEN, HALL)
    await guild.voice(0, CLEO, HALL)
    await guild.beat(60)
    del guild.here[BEN]
    guild.here[CLEO] = (STUDIO, 0)
    guild.here[ADA] = (HALL, State.SELF_MUTE)
    await guild.picture(100)
    await guild.voice(130, ADA, None)
    assert await guild.story() == [
        (ADA, HALL, 0, 130, "left"),
        (BEN, HALL, 0, 60, "lost"),
        (CLEO, HALL, 0, 60, "lost"),
        (CLEO, STUDIO, 100, None, None),
    ]
    (ada,) = [line.session for line in await guild.sessions() if line.session.user_id == ADA]
    assert ada.stretches == (
        (0, 0),
        (60, State.SELF_MUTE | State.ALONE | State.INFERRED),
        (100, State.SELF_MUTE | State.ALONE),
    )
    await guild.fairness(pause_on_mute=True)
    assert (await guild.board())[ADA] == 60


async def test_a_gap_that_is_too_long_ends_everything_where_it_was_last_seen(guild: Guild) -> None:
    await guild.voice(0, ADA, HALL)
    await guild.voice(0, BEN, HALL)
    await guild.beat(60)
    guild.at = 361
    async with guild.database.read() as tx:
        assert await attendance.lost_guilds(tx, now=guild.now, max_gap=GAP) == [1]
    await guild.do(attendance.end_gap)
    assert await guild.beat(370) == {1}, "the watcher is told that it must look again"
    await guild.picture(371)
    assert await guild.story() == [
        (ADA, HALL, 0, 60, "gap"),
        (ADA, HALL, 371, None, None),
        (BEN, HALL, 0, 60, "gap"),
        (BEN, HALL, 371, None, None),
    ]
    await guild.picture(800)
    assert (ADA, HALL, 371, 371, "gap") in await guild.story()


async def test_a_dead_connection_ends_what_was_seen_at_the_last_heartbeat(guild: Guild) -> None:
    await guild.voice(0, ADA, HALL)
    await guild.beat(60)
    guild.at = 70
    await guild.do(attendance.begin_gap, witnessed_until=guild.now - timedelta(seconds=20))
    await guild.voice(75, BEN, HALL)
    del guild.here[ADA]
    await guild.picture(80)
    assert await guild.story() == [(ADA, HALL, 0, 50, "lost"), (BEN, HALL, 80, None, None)]


async def test_the_same_picture_twice_changes_nothing(guild: Guild) -> None:
    await guild.voice(0, ADA, HALL)
    await guild.voice(5, BEN, HALL)
    await guild.picture(5)
    await guild.picture(5)
    assert await guild.story() == [(ADA, HALL, 0, None, None), (BEN, HALL, 5, None, None)]
    assert [line.session.stretches for line in await guild.sessions()] == [((0, State.ALONE), (5, 0)), ((0, 0),)]


async def test_a_clock_that_jumps_back_ends_nothing_before_it_began(guild: Guild) -> None:
    await guild.voice(100, ADA, HALL)
    await guild.voice(40, ADA, STUDIO)
    await guild.voice(110, ADA, None)
    assert await guild.story() == [(ADA, HALL, 100, 100, "moved"), (ADA, STUDIO, 100, 110, "left")]


async def test_when_the_bot_is_removed_every_session_ends(guild: Guild) -> None:
    await guild.voice(0, ADA, HALL)
    await guild.voice(0, BEN, STUDIO)
    guild.at = 20
    await guild.do(attendance.bot_removed)
    assert await guild.story() == [(ADA, HALL, 0, 20, "bot_removed"), (BEN, STUDIO, 0, 20, "bot_removed")]
    assert await guild.ask(attendance.voices_of) == []
    await guild.voice(30, ADA, HALL)
    assert len(await guild.story()) == 2


async def test_changes_of_settings_are_written_down_with_who_made_them(guild: Guild) -> None:
    await guild.fairness(min_session_seconds=60)
    await guild.fairness(min_session_seconds=60)
    async with guild.database.read() as tx:
        entry, mode = await audit.page_of_entries(tx, limit=50)
        assert (await attendance.access_guild(tx, 1)).fairness == Policy(min_session_seconds=60)
    assert (entry.action, entry.user_id, entry.target) == ("attendance.fairness", "7", "1")
    assert entry.details["new"] == {
        "pause_on_mute": False,
        "pause_on_deafen": False,
        "pause_when_solo": False,
        "min_session_seconds": 60,
    }
    assert (mode.action, mode.details) == ("attendance.mode", {"old": "Off", "new": "All"})
