"""The bot as the house sees it: whether it shall run, how it does, its commands and cogs, and who is called what."""

from guildhall.domains.bot.cogs import (
    COGS_ASKED,
    available_cogs,
    cogs_of,
    dismiss_cog,
    recall,
    remember,
    tell_of_cog,
    want_cog,
)
from guildhall.domains.bot.models import EVERYWHERE, IDENTIFIES_A_DAY, BotState, Cog, Figures, Phase, Registration
from guildhall.domains.bot.names import Name, names_of, remember_names
from guildhall.domains.bot.registrations import (
    forget_registration,
    note_refused,
    note_registered,
    registrations_of,
)
from guildhall.domains.bot.running import ASKED, SHOWN, count_identify, report, start_bot, state_of, stop_bot

__all__ = [
    "ASKED",
    "COGS_ASKED",
    "EVERYWHERE",
    "IDENTIFIES_A_DAY",
    "SHOWN",
    "BotState",
    "Cog",
    "Figures",
    "Name",
    "Phase",
    "Registration",
    "available_cogs",
    "cogs_of",
    "count_identify",
    "dismiss_cog",
    "forget_registration",
    "names_of",
    "note_refused",
    "note_registered",
    "recall",
    "registrations_of",
    "remember",
    "remember_names",
    "report",
    "start_bot",
    "state_of",
    "stop_bot",
    "tell_of_cog",
    "want_cog",
]
