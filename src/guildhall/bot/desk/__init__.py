"""The front desk in Discord: people write to the bot, staff answer in channels."""

from guildhall.bot.desk.desk import Desk

__all__ = ["Desk"]
