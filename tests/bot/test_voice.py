"""What happens in Discord's voice channels becomes sessions, to the second, through the real client."""

from collections.abc import Callable
from typing import Any

from guildhall.domains import attendance, bot
from guildhall.domains.attendance import State
from guildhall.domains.bot import Phase
from guildhall.simulator.discord import DiscordSimulator, simulate
from tests.bot.conftest import Scene, until

ROSA, PAVEL, INES = "rosa.m", "pavel_n", "ines_v"
LOUNGE, WORKSHOP = "Lounge", "Workshop"


async def test_joining_moving_and_leaving_become_sessions(scene: Scene) -> None:
    await scene.track()
    scene.at(5)
    await scene.voice(ROSA, LOUNGE)
    await scene.tells((ROSA, LOUNGE, 5, None, None))
    scene.at(20)
    await scene.voice(PAVEL, LOUNGE)
    await scene.voice(ROSA, LOUNGE, self_mute=True)
    await scene.voice(ROSA, WORKSHOP)
    await scene.tells((ROSA, LOUNGE, 5, 20, "moved"), (ROSA, WORKSHOP, 20, None, None), (PAVEL, LOUNGE, 20, None, None))
    scene.at(28)
    await scene.voice(ROSA, None)
    await scene.tells((ROSA, LOUNGE, 5, 20, "moved"), (ROSA, WORKSHOP, 20, 28, "left"), (PAVEL, LOUNGE, 20, None, None))
    pavel = int(scene.person(PAVEL))

    async def named() -> bool:
        names = await bot.names_of(scene.house.cache, scene.guild_id, [pavel])
        return pavel in names and names[pavel].shown == "Pavel"

    await until(named)


async def test_states_of_a_connection_are_kept_and_bots_are_not(scene: Scene, discord: DiscordSimulator) -> None:
    await scene.track()
    await scene.voice(ROSA, LOUNGE, self_mute=True, deaf=True, self_video=True)

    async def stored() -> bool:
        async with scene.house.database.read() as tx:
            found = await attendance.voices_of(tx, guild_id=scene.guild_id)
        wanted = State.SELF_MUTE | State.SERVER_DEAF | State.VIDEO
        return [(each.user_id, each.state) for each in found] == [(int(scene.person(ROSA)), wanted)]

    await until(stored)
    robot = discord.world.add_user("robot", bot=True)
    await scene.steer("PUT", f"/guilds/{discord.guild.id}/members/{robot.id}")
    await scene.voice("robot", LOUNGE)
    await scene.voice(PAVEL, LOUNGE)
    await scene.tells((ROSA, LOUNGE, 0, None, None), (PAVEL, LOUNGE, 0, None, None))


async def test_who_sits_in_voice_when_the_bot_comes_is_seen(
    scenes: Callable[..., Any], discord: DiscordSimulator
) -> None:
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        await scene.track()
        await scene.voice(ROSA, LOUNGE)
        await scene.voice(PAVEL, LOUNGE)
        await scene.tells((ROSA, LOUNGE, 0, None, None), (PAVEL, LOUNGE, 0, None, None))
        scene.at(10)
    # A stop leaves everything open and says up to when it was seen; Pavel moves while nobody looks.
    await scene.voice(PAVEL, WORKSHOP)
    await scene.voice(INES, WORKSHOP)
    scene.at(40)
    assert not discord.gateway.connections
    assert discord.gateway.sessions == {}
    async with scenes() as scene:
        await scene.tells(
            (ROSA, LOUNGE, 0, None, None),
            (PAVEL, LOUNGE, 0, 10, "lost"),
            (PAVEL, WORKSHOP, 40, None, None),
            (INES, WORKSHOP, 40, None, None),
        )


async def test_a_dropped_connection_is_resumed_and_only_its_outcome_counts(
    scene: Scene, discord: DiscordSimulator
) -> None:
    await scene.track()
    await scene.voice(ROSA, LOUNGE)
    await scene.voice(PAVEL, LOUNGE)
    await scene.tells((ROSA, LOUNGE, 0, None, None), (PAVEL, LOUNGE, 0, None, None))
    scene.at(20)
    await scene.steer("POST", "/faults", drop_gateway=True)
    await scene.voice(ROSA, WORKSHOP)
    await scene.voice(ROSA, LOUNGE)
    await scene.voice(PAVEL, None)
    await scene.is_watched(watched=False)
    scene.at(25)
    await scene.comes_to(Phase.CONNECTED, "where it had been interrupted")
    await scene.tells((ROSA, LOUNGE, 0, None, None), (PAVEL, LOUNGE, 0, 20, "lost"))
    assert discord.gateway.identified == 1
    assert (await scene.state()).identifies == 1


async def test_an_invalidated_session_begins_anew(scene: Scene, discord: DiscordSimulator) -> None:
    await scene.track()
    await scene.voice(ROSA, LOUNGE)
    await scene.tells((ROSA, LOUNGE, 0, None, None))
    await scene.steer("POST", "/faults", invalidate_sessions=True)
    await until_identified(discord, 2)
    await scene.is_watched()
    await scene.voice(PAVEL, LOUNGE)
    await scene.tells((ROSA, LOUNGE, 0, None, None), (PAVEL, LOUNGE, 0, None, None))
    assert (await scene.state()).identifies == 2


async def test_a_malformed_event_is_counted_and_the_bot_lives(scene: Scene, discord: DiscordSimulator) -> None:
    await scene.track()
    discord.gateway.tell_everybody("VOICE_STATE_UPDATE", {"guild_id": "no number"})
    lounge = next(each.id for each in discord.guild.channels.values() if each.name == LOUNGE)
    too_large = {"guild_id": discord.guild.id, "user_id": str(2**63), "channel_id": lounge, "session_id": "x"}
    discord.gateway.tell_everybody("VOICE_STATE_UPDATE", too_large)
    discord.gateway.tell_everybody("GUILD_CREATE", {"id": None})
    discord.gateway.tell_everybody("SOMETHING_NEW", {"id": "1"})
    await scene.voice(ROSA, LOUNGE)
    await scene.tells((ROSA, LOUNGE, 0, None, None))

    async def counted() -> bool:
        return (await scene.state()).faulty_events == 3

    await until(counted)
    # The library has taken it in: a look at the whole leaves out what cannot be stored.
    workshop = next(each.id for each in discord.guild.channels.values() if each.name == WORKSHOP)
    gone = {"guild_id": discord.guild.id, "id": workshop, "type": 2}
    discord.gateway.tell_everybody("CHANNEL_DELETE", gone)
    scene.at(10)
    await scene.voice(PAVEL, LOUNGE)
    await scene.tells((ROSA, LOUNGE, 0, None, None), (PAVEL, LOUNGE, 10, None, None))
    assert discord.gateway.identified == 1


async def test_a_guild_that_fails_is_a_gap_and_one_that_the_bot_has_left_is_over(
    scene: Scene, discord: DiscordSimulator
) -> None:
    await scene.track()
    await scene.voice(ROSA, LOUNGE)
    await scene.tells((ROSA, LOUNGE, 0, None, None))
    scene.at(10)
    discord.gateway.tell_everybody("GUILD_DELETE", {"id": discord.guild.id, "unavailable": True})
    await scene.is_watched(watched=False)
    scene.at(20)
    session = next(iter(discord.gateway.sessions.values()))
    session.tell("GUILD_CREATE", discord.gateway._guild(session, discord.guild))
    await scene.is_watched()
    await scene.tells((ROSA, LOUNGE, 0, None, None))
    scene.at(30)
    discord.gateway.tell_everybody("GUILD_DELETE", {"id": discord.guild.id})
    await scene.tells((ROSA, LOUNGE, 0, 30, "bot_removed"))


async def test_the_channel_for_those_who_are_away_acts_at_once(scene: Scene, discord: DiscordSimulator) -> None:
    await scene.track()
    await scene.voice(ROSA, LOUNGE)
    await scene.tells((ROSA, LOUNGE, 0, None, None))
    scene.at(15)
    update = {"id": discord.guild.id, "name": "The Lantern", "afk_channel_id": scene.channel(LOUNGE)}
    discord.gateway.tell_everybody("GUILD_UPDATE", update)
    await scene.tells((ROSA, LOUNGE, 0, 15, "untracked"))


async def test_checkpoints_say_up_to_when_all_was_well(scene: Scene) -> None:
    await scene.track()
    await scene.voice(ROSA, LOUNGE)
    await scene.tells((ROSA, LOUNGE, 0, None, None))
    for second in (25, 45):
        scene.at(second)
        await scene.checkpoint()
        async with scene.house.database.read() as tx:
            guild = await attendance.access_guild(tx, scene.guild_id)
        assert guild.witnessed_until == scene.clock.now()
    # A lease that ran out is taken again, and the time in between is a gap.
    scene.at(120)
    await scene.checkpoint()
    await scene.is_watched()
    await scene.tells((ROSA, LOUNGE, 0, None, None))


async def test_a_connection_that_died_was_witnessed_up_to_its_last_acknowledged_heartbeat(
    scenes: Callable[..., Any],
) -> None:
    async with simulate(heartbeat=0.3) as hasty, scenes(**hasty.settings) as scene:
        scene.discord = hasty
        await scene.comes_to(Phase.CONNECTED)
        await scene.track()
        await scene.voice(ROSA, LOUNGE)
        await scene.tells((ROSA, LOUNGE, 0, None, None))
        scene.at(10)

        async def acknowledged() -> bool:
            return bool(scene.supervisor.bot and scene.supervisor.bot._pulse.acknowledged == scene.clock.now())

        await until(acknowledged)
        # From now on the bot speaks to somebody who hears everything and says nothing.
        for each in hasty.gateway.connections:
            each.send = lambda frame: None  # type: ignore[method-assign]  # the fault
        scene.at(20)
        await scene.voice(ROSA, None)
        await scene.voice(PAVEL, LOUNGE)
        await scene.comes_to(Phase.CONNECTED, "where it had been interrupted")
        await scene.tells((ROSA, LOUNGE, 0, 10, "lost"), (PAVEL, LOUNGE, 20, None, None))
        assert hasty.gateway.identified == 1


async def until_identified(discord: DiscordSimulator, times: int) -> None:
    async def so() -> bool:
        return discord.gateway.identified == times

    await until(so)
