"""Sessions that somebody else saw."""

from datetime import timedelta

import pytest

from guildhall.core.db import Database
from guildhall.domains import attendance
from guildhall.domains.attendance import Mode, Recorded
from guildhall.domains.attendance.errors import (
    BadSpan,
    ChannelNotTracked,
    GuildNotSeen,
    OutsidePeriod,
    SessionOverlap,
)
from tests.domains.attendance.guild import ADA, AFK, BEN, HALL, MANAGER, SCENE, START, STUDIO, Guild, open_guild


async def record(guild: Guild, name: str, person: int, first: float, last: float, channel: int = HALL) -> Recorded:
    return await guild.do(
        attendance.record_outside_session,
        external_id=name,
        user_id=person,
        channel_id=channel,
        joined_at=START + timedelta(seconds=first),
        left_at=START + timedelta(seconds=last),
    )


async def test_a_session_from_outside_counts_in_full_and_once(database: Database) -> None:
    guild = await open_guild(database)
    await guild.voice(100, ADA, HALL)
    await guild.voice(200, ADA, None)
    await guild.fairness(pause_when_solo=True, pause_on_mute=True)
    guild.at = 250
    stored = await record(guild, "zoom-1", ADA, 10.4, 90.9)
    assert stored == Recorded(stored.session_id, duplicate=False)
    assert await record(guild, "zoom-1", ADA, 10.4, 90.9) == Recorded(stored.session_id, duplicate=True)
    assert await guild.board() == {ADA: 80}
    (session, *_) = await guild.sessions()
    assert (session.session.id, session.session.source) == (stored.session_id, "webhook")
    assert (session.session.end_reason, session.session.signing_state) == ("recorded", "pending")
    await record(guild, "touching both", ADA, 90, 100)
    await guild.voice(260, BEN, HALL)
    guild.at = 300
    refused = [
        (SessionOverlap, ADA, 150, 160, HALL),
        (SessionOverlap, ADA, 60, 100, HALL),
        (SessionOverlap, BEN, 200, 270, HALL),
        (BadSpan, ADA, 210, 210.9, HALL),
        (BadSpan, ADA, 220, 210, HALL),
        (BadSpan, ADA, 250, 361, HALL),
        (BadSpan, ADA, -90_000, 5, HALL),
        (OutsidePeriod, ADA, -10, 5, HALL),
        (ChannelNotTracked, ADA, 210, 220, AFK),
    ]
    error: type[Exception]
    for error, person, first, last, channel in refused:
        with pytest.raises(error):
            await record(guild, "refused", person, first, last, channel)
    await record(guild, "within the grace", ADA, 250, 360)
    await guild.mode(Mode.ALLOWLIST)
    with pytest.raises(ChannelNotTracked):
        await record(guild, "not listed", ADA, 210, 220)
    async with database.write() as tx:
        with pytest.raises(GuildNotSeen):
            await attendance.record_outside_session(
                tx,
                external_id="x",
                guild_id=404,
                user_id=ADA,
                channel_id=HALL,
                joined_at=START,
                left_at=START,
                now=guild.now,
                scene=SCENE,
            )


async def test_a_session_from_outside_lies_in_the_current_period(database: Database) -> None:
    guild = await open_guild(database)
    await guild.beat(100)
    await guild.do(attendance.reset_now, MANAGER)
    guild.at = 200
    with pytest.raises(OutsidePeriod):
        await record(guild, "before", ADA, 90, 150)
    await record(guild, "after", ADA, 100, 150, STUDIO)
    assert await guild.board() == {ADA: 50}
    assert await guild.board(1) == {}
