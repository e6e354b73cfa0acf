"""What Discord tells of roles is acted on at once: nobody keeps a right for the seconds that an answer is kept."""

from collections.abc import Callable
from typing import Any

import pytest

from guildhall.domains.attendance import DiscordGuild
from guildhall.simulator.discord import DiscordSimulator, guilds
from guildhall.simulator.discord.state import Role
from tests.bot.conftest import Scene, until

BEFORE_IT_IS_OLD = 10.0
"""Seconds; an answer is kept for fifteen."""


def create(discord: DiscordSimulator, name: str) -> None:
    guilds.create_role(discord.world, discord.guild, Role(discord.world.new_id(), name, 0, 1))


def change(discord: DiscordSimulator) -> None:
    role = next(each for each in discord.guild.roles.values() if each.name == "Regular")
    role.name = "Changed"
    guilds.tell_role(discord.world, discord.guild, role)


def delete(discord: DiscordSimulator) -> None:
    role = next(each for each in discord.guild.roles.values() if each.name == "Regular")
    guilds.delete_role(discord.world, discord.guild, role)


def names(guild: DiscordGuild) -> set[str]:
    return {each.name for each in guild.roles} | {guild.name}


@pytest.mark.parametrize(
    ("happens", "shown", "gone"),
    [
        (lambda discord: create(discord, "New"), "New", ""),
        (change, "Changed", "Regular"),
        (delete, "Steward", "Regular"),
        (lambda discord: guilds.rename(discord.world, discord.guild, "The Beacon"), "The Beacon", "The Lantern"),
    ],
    ids=["created", "changed", "deleted", "guild"],
)
async def test_what_changes_in_a_guild_is_asked_for_anew(
    scene: Scene, discord: DiscordSimulator, happens: Callable[[DiscordSimulator], Any], shown: str, gone: str
) -> None:
    await scene.is_watched()
    await scene.house.directory.guild(scene.guild_id)
    happens(discord)

    async def is_known() -> bool:
        found = names(await scene.house.directory.guild(scene.guild_id))
        return shown in found and gone not in found

    await until(is_known, within=BEFORE_IT_IS_OLD)
