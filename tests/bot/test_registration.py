"""Discord is told the commands when they have changed, and a Discord that refuses costs nothing but them."""

from collections.abc import Callable
from typing import Any

from guildhall.bot.desk.commands import slash_commands
from guildhall.domains import bot
from guildhall.domains.bot import EVERYWHERE, Phase, Registration
from guildhall.simulator.discord import DiscordSimulator, Fault, guilds
from tests.bot.conftest import Scene, until

Scenes = Callable[..., Any]

COMMON = {"leaderboard", "attendance", "admin", "help", "language", "tickets"}
ALL = {*COMMON, *(str(each.name) for each in slash_commands())}


def versions(discord: DiscordSimulator, guild_id: int = EVERYWHERE) -> dict[str, str]:
    """The version of each command that Discord knows in a place: it is new whenever Discord is told."""
    known = discord.world.application.commands.get(str(guild_id or ""), {})
    return {each["name"]: each["version"] for each in known.values()}


async def told(scene: Scene) -> dict[int, Registration]:
    async with scene.house.database.read() as tx:
        return {each.guild_id: each for each in await bot.registrations_of(tx)}


async def comes_to_be_told(scene: Scene, holds: Callable[[dict[int, Registration]], bool]) -> dict[int, Registration]:
    async def so() -> bool:
        return holds(await told(scene))

    await until(so)
    return await told(scene)


async def test_discord_is_told_once_and_again_only_when_commands_change(
    scenes: Scenes, discord: DiscordSimulator
) -> None:
    async with scenes() as scene:
        known = await comes_to_be_told(scene, bool)
        first = versions(discord, scene.guild_id)
        assert (set(first), known[scene.guild_id].commands) == (ALL, len(ALL))
        assert versions(discord) == {}
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        await _looked(scene)
        assert versions(discord, scene.guild_id) == first
        assert (await told(scene))[scene.guild_id] == known[scene.guild_id]
        # Other commands than Discord knows, as after an update of the server.
        async with scene.house.database.write() as tx:
            there = known[scene.guild_id]
            await bot.note_registered(tx, there, hash_="older", commands=2, now=scene.clock.now())
            # And another application, whose token was in use before.
            other = Registration(application_id=4711, guild_id=EVERYWHERE)
            await bot.note_refused(tx, other, failure="It was refused.", now=scene.clock.now())
    async with scenes() as scene:
        await comes_to_be_told(scene, lambda all_: all_[scene.guild_id].hash == known[scene.guild_id].hash)
        assert set(versions(discord, scene.guild_id).values()).isdisjoint(first.values())
        assert set(await told(scene)) == {scene.guild_id}


async def _looked(scene: Scene) -> None:
    """Wait until the bot has compared its commands with what Discord knows."""
    assert scene.supervisor.bot is not None
    bot_now = scene.supervisor.bot

    async def compared() -> bool:
        return bot_now.keeper.registered

    await until(compared)


async def test_commands_move_between_a_guild_and_everywhere_and_are_never_there_twice(
    scenes: Scenes, discord: DiscordSimulator
) -> None:
    async with scenes() as scene:
        guild_id = scene.guild_id
        await comes_to_be_told(scene, lambda all_: set(all_) == {guild_id})
    async with scenes(DISCORD_GUILD_ID="0") as scene:
        await comes_to_be_told(scene, lambda all_: set(all_) == {EVERYWHERE})
        assert set(versions(discord)) == ALL
        assert versions(discord, guild_id) == {}
    async with scenes() as scene:
        await comes_to_be_told(scene, lambda all_: set(all_) == {guild_id})
        assert (set(versions(discord, guild_id)), versions(discord)) == (ALL, {})
        # In a second guild people want them too, but not those of staff.
        second = guilds.found(discord.world, "The Annex", discord.world.application.owner)
        await comes_to_be_told(scene, lambda all_: set(all_) == {EVERYWHERE, guild_id})

        async def apart() -> bool:
            return (set(versions(discord, guild_id)), set(versions(discord))) == (ALL - COMMON, COMMON)

        await until(apart)
    settings = {"DISCORD_GUILD_ID": second.id}
    async with scenes(**settings) as scene:
        await scene.steer("DELETE", f"/guilds/{guild_id}/members/{discord.world.bot.id}")
        await comes_to_be_told(scene, lambda all_: set(all_) == {int(second.id)})
        assert set(versions(discord, int(second.id))) == ALL
        # A guild that the bot has left keeps none of its commands, so there is nothing to take back.
        await scene.steer("DELETE", f"/guilds/{second.id}/members/{discord.world.bot.id}")
        known = await comes_to_be_told(scene, lambda all_: set(all_) == {EVERYWHERE})
        assert known[EVERYWHERE].failure is None


async def test_a_discord_that_fails_is_told_again_and_the_bot_lives(scenes: Scenes, discord: DiscordSimulator) -> None:
    place = f"/api/v10/applications/{discord.world.application.id}"
    discord.faults.add(Fault(path=place, status=503), times=1)
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        known = await comes_to_be_told(scene, lambda all_: scene.guild_id in all_)
        assert "503" in (known[scene.guild_id].failure or "")
        assert versions(discord, scene.guild_id) == {}
        assert (await scene.comes_to(Phase.CONNECTED)).wanted
        # The guild coming anew is a reason to try at once.
        discord.faults.add(Fault(path=place, status=403), times=1)
        await scene.steer("POST", "/faults", drop_gateway=True, invalidate_sessions=True)
        await comes_to_be_told(scene, lambda all_: "applications.commands" in (all_[scene.guild_id].failure or ""))
        await scene.steer("POST", "/faults", drop_gateway=True, invalidate_sessions=True)
        known = await comes_to_be_told(scene, lambda all_: all_[scene.guild_id].failure is None)
        assert known[scene.guild_id].registered_at == scene.clock.now()
        assert set(versions(discord, scene.guild_id)) == ALL
