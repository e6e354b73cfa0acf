"""Reads about the bot."""

from sqlalchemy import select

from guildhall.core.db import query
from guildhall.domains.bot.models import BotState, bot_state

STATE = query(BotState, select(*(bot_state.c[name] for name in BotState.__struct_fields__)))
