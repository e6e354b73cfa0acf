from datetime import timedelta
from random import Random

import discord

from guildhall.simulator.discord import DiscordSimulator, simulate
from guildhall.simulator.discord.community import Community
from tests.clock import SettableClock
from tests.services.discord import HastyBot


def live(community: Community, clock: SettableClock, hours: float) -> int:
    """Let people live for some hours, and return how often somebody did something."""
    until, done = clock.now() + timedelta(hours=hours), 0
    while community.next_at <= until:
        clock.set(community.next_at)
        done += community.act()
    return done


async def test_people_talk_meet_and_write_to_the_bot_at_a_human_pace(
    simulator: DiscordSimulator, bot: HastyBot, clock: SettableClock
) -> None:
    community = Community(simulator.world, simulator.guild, chance=Random(7), clock=clock)
    assert 60 < live(community, clock, 2) < 600
    (said,) = await bot.hears("message", lambda message: message.guild is not None)
    assert said.author.bot is False
    (letter,) = await bot.hears("message", lambda message: message.guild is None)
    assert isinstance(letter.channel, discord.DMChannel)
    texts = [each for each in simulator.guild.channels.values() if each.messages]
    assert len(texts) > 2
    assert all(each.messages == {} for each in simulator.guild.channels.values() if each.type != 0)
    assert simulator.guild.voice


async def test_the_same_chance_makes_the_same_day(clock: SettableClock) -> None:
    began, days = clock.now(), []
    for _ in range(2):
        clock.set(began)
        async with simulate(clock=clock) as simulator:
            live(Community(simulator.world, simulator.guild, chance=Random(3), clock=clock, pace=10), clock, 0.5)
            channels = simulator.guild.channels.values()
            days.append([[each.content for each in one.messages.values()] for one in channels])
    assert days[0] == days[1]
    assert any(days[0])
