"""Reads about the bot."""

from sqlalchemy import bindparam, select

from guildhall.core.db import query
from guildhall.domains.bot.models import (
    BotState,
    Cog,
    Registration,
    Remembered,
    bot_cogs,
    bot_memories,
    bot_registrations,
    bot_state,
)

STATE = query(BotState, select(*(bot_state.c[name] for name in BotState.__struct_fields__)))
REGISTRATIONS = query(
    Registration,
    select(*(bot_registrations.c[name] for name in Registration.__struct_fields__)).order_by(
        bot_registrations.c.application_id, bot_registrations.c.guild_id
    ),
)
_cog = select(*(bot_cogs.c[name] for name in Cog.__struct_fields__))
COGS = query(Cog, _cog.order_by(bot_cogs.c.name))
COG = query(Cog, _cog.where(bot_cogs.c.name == bindparam("name")))
REMEMBERED = query(
    Remembered,
    select(*(bot_memories.c[name] for name in Remembered.__struct_fields__)).where(
        bot_memories.c.cog == bindparam("cog"), bot_memories.c.key == bindparam("key")
    ),
)
