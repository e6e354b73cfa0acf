"""The bot: a supervised part of the server. It tells the domains what happens in Discord, and has no opinions.

Nothing here imports discord.py until a bot is to run, so a server without one does not pay for it.
"""

from guildhall.bot.supervisor import Supervisor

__all__ = ["Supervisor"]
