"""Reads about how far audit logs were read."""

from sqlalchemy import bindparam, select

from guildhall.core.db import query
from guildhall.domains.tickets.guildlog.models import LogCursor, guild_log_cursors

_cursor = select(guild_log_cursors).where(guild_log_cursors.c.guild_id == bindparam("guild"))
CURSOR = query(LogCursor, _cursor)
CURSOR_LOCKED = query(LogCursor, _cursor.with_for_update())
