"""Attendance in Discord: cogs that route commands, and how what the domain answers is shown."""

from guildhall.bot.attendance.admin import Admin
from guildhall.bot.attendance.public import Attendance

__all__ = ["Admin", "Attendance"]
