"""The bot as the house sees it: whether it shall run, how it does, and who is called what in its guilds."""

from guildhall.domains.bot.models import IDENTIFIES_A_DAY, BotState, Figures, Phase
from guildhall.domains.bot.names import Name, names_of, remember_names
from guildhall.domains.bot.running import ASKED, SHOWN, count_identify, report, start_bot, state_of, stop_bot

__all__ = [
    "ASKED",
    "IDENTIFIES_A_DAY",
    "SHOWN",
    "BotState",
    "Figures",
    "Name",
    "Phase",
    "count_identify",
    "names_of",
    "remember_names",
    "report",
    "start_bot",
    "state_of",
    "stop_bot",
]
