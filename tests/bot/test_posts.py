"""From voice to the log channel, through every part of a running server."""

from datetime import timedelta
from pathlib import Path

from guildhall.app import open_house
from guildhall.domains import attendance
from guildhall.domains.attendance import Mode, posting
from guildhall.simulator.discord import DiscordSimulator, people
from tests.bot.conftest import OPERATOR, until
from tests.clock import SettableClock
from tests.serving import settings_for


async def test_who_left_voice_is_told_by_name_in_the_log_channel(
    discord: DiscordSimulator, database_url: str, tmp_path: Path, clock: SettableClock
) -> None:
    world, guild = discord.world, discord.guild
    guild_id = int(guild.id)
    channels = {each.name: each for each in guild.channels.values()}
    rosa = next(each for each in world.users.values() if each.username == "rosa.m")
    settings = settings_for(database_url, tmp_path, **discord.settings)

    def titles() -> list[str]:
        return [str(embed["title"]) for each in channels["general"].messages.values() for embed in each.embeds]

    async with open_house(settings, clock=clock) as house:

        async def is_there() -> bool:
            async with house.database.read() as tx:
                lines = await attendance.sessions_of(tx, guild_id=guild_id, now=clock.now())
            return [line.session.left_at for line in lines] == [None]

        async def has_left() -> bool:
            async with house.database.read() as tx:
                lines = await attendance.sessions_of(tx, guild_id=guild_id, now=clock.now())
            return [line.session.left_at for line in lines] == [clock.now()]

        async def is_watched() -> bool:
            async with house.database.read() as tx:
                try:
                    return (await attendance.access_guild(tx, guild_id)).watched
                except attendance.errors.GuildNotSeen:
                    return False

        await until(is_watched)
        async with house.database.write() as tx:
            await attendance.set_mode(
                tx, OPERATOR, guild_id=guild_id, mode=Mode.ALL, now=clock.now(), scene=house.scene
            )
        await posting.add_destination(
            house.database,
            house.directory,
            OPERATOR,
            guild_id=guild_id,
            channel_id=int(channels["general"].id),
            now=clock.now(),
        )
        people.be_in_voice(world, guild, rosa, channels["Lounge"])
        await until(is_there)
        clock.advance(timedelta(seconds=5))
        people.be_in_voice(world, guild, rosa, None)
        await until(has_left)
        clock.advance(timedelta(seconds=10))
        assert await world.until(lambda: titles() == ["Session completed"], within=20)
        (embed,) = (embed for each in channels["general"].messages.values() for embed in each.embeds)
        assert embed["description"] == f"**{rosa.global_name or rosa.username}** in <#{channels['Lounge'].id}> for 5 s"
