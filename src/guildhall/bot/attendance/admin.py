"""Commands for those who manage a guild.

Discord offers them to whoever holds Manage Server, as a guild may change; the house checks by itself.
"""

from functools import partial

import discord
from discord import app_commands
from discord.ext import commands

from guildhall.bot.attendance import keys, tracking, verdicts
from guildhall.bot.attendance.public import NumberOfPeriod
from guildhall.bot.speech import said
from guildhall.bot.tree import Interaction, answer
from guildhall.domains.attendance import Mode

LONGEST_ID = 64

VoiceChannel = discord.VoiceChannel | discord.StageChannel


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Admin(commands.GroupCog, group_name=said("command.admin"), group_description=said("command.admin.about")):
    """What is tracked, keys, and verification."""

    channels = app_commands.Group(name=said("command.track-channel"), description=said("command.track-channel.about"))

    @app_commands.command(name=said("command.tracking-mode"), description=said("command.tracking-mode.about"))
    @app_commands.rename(mode=said("option.mode"))
    @app_commands.describe(mode=said("option.mode.about"))
    @app_commands.choices(mode=[app_commands.Choice(name=said(f"mode.{each}"), value=each.value) for each in Mode])
    async def tracking_mode(self, interaction: Interaction, mode: str) -> None:
        """Choose what is tracked."""
        await answer(interaction, partial(tracking.choose_mode, interaction, Mode(mode)))

    @channels.command(name=said("command.add"), description=said("command.add.about"))
    @app_commands.rename(channel=said("option.channel"))
    @app_commands.describe(channel=said("option.channel.about"))
    async def add_channel(self, interaction: Interaction, channel: VoiceChannel) -> None:
        """Put a channel on the list."""
        await answer(interaction, partial(tracking.add_channel, interaction, channel.id))

    @channels.command(name=said("command.remove"), description=said("command.remove.about"))
    @app_commands.rename(channel=said("option.channel"))
    @app_commands.describe(channel=said("option.channel.about"))
    @app_commands.autocomplete(channel=tracking.suggest_listed)
    async def remove_channel(self, interaction: Interaction, channel: str) -> None:
        """Take a channel off the list, also one that was deleted."""
        await answer(interaction, partial(tracking.remove_channel, interaction, channel))

    @channels.command(name=said("command.show"), description=said("command.show.about"))
    async def show_channels(self, interaction: Interaction) -> None:
        """Show the mode and the list."""
        await answer(interaction, partial(tracking.show_list, interaction))

    @app_commands.command(name=said("command.generate-keys"), description=said("command.generate-keys.about"))
    async def generate_keys(self, interaction: Interaction) -> None:
        """Ask for the passphrase of a new key."""
        await keys.ask(interaction, keys.GenerateForm)

    @app_commands.command(name=said("command.unlock-signing"), description=said("command.unlock-signing.about"))
    async def unlock_signing(self, interaction: Interaction) -> None:
        """Ask for the passphrase of the key."""
        await keys.ask(interaction, keys.UnlockForm)

    @app_commands.command(name=said("command.public-key"), description=said("command.public-key.about"))
    async def public_key(self, interaction: Interaction) -> None:
        """Show the public key."""
        await answer(interaction, partial(keys.show_public, interaction))

    @app_commands.command(name=said("command.verify_session"), description=said("command.verify_session.about"))
    @app_commands.rename(session=said("option.session"))
    @app_commands.describe(session=said("option.session.about"))
    async def verify_session(self, interaction: Interaction, session: app_commands.Range[str, 1, LONGEST_ID]) -> None:
        """Check a session."""
        await answer(interaction, partial(verdicts.judge_session, interaction, session))

    @app_commands.command(name=said("command.verify_period"), description=said("command.verify_period.about"))
    @app_commands.rename(period=said("option.period"))
    @app_commands.describe(period=said("option.period.archived"))
    async def verify_period(self, interaction: Interaction, period: NumberOfPeriod) -> None:
        """Check an archived period."""
        await answer(interaction, partial(verdicts.judge_period, interaction, period))
