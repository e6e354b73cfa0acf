"""Commands for everybody in a guild."""

from functools import partial

from discord import app_commands
from discord.ext import commands

from guildhall.bot.attendance.boards import show_board, show_own
from guildhall.bot.speech import said
from guildhall.bot.tree import Interaction, answer

LAST_NUMBER = 2**31 - 1

NumberOfPeriod = app_commands.Range[int, 1, LAST_NUMBER]


class Attendance(commands.Cog):
    """The board, and one's own attendance."""

    @app_commands.command(name=said("command.leaderboard"), description=said("command.leaderboard.about"))
    @app_commands.guild_only()
    @app_commands.rename(period=said("option.period"))
    @app_commands.describe(period=said("option.period.about"))
    async def leaderboard(self, interaction: Interaction, period: NumberOfPeriod | None = None) -> None:
        """Show the board of a period to everybody."""
        await answer(interaction, partial(show_board, interaction, period), shown_to_all=True)

    @app_commands.command(name=said("command.attendance"), description=said("command.attendance.about"))
    @app_commands.guild_only()
    async def attendance(self, interaction: Interaction) -> None:
        """Show somebody their own attendance."""
        await answer(interaction, partial(show_own, interaction))
