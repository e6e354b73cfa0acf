"""The audit logs of guilds, told to staff: how far each was read, and what was told already."""

from guildhall.domains.tickets.guildlog.models import LogCursor
from guildhall.domains.tickets.guildlog.telling import begin_log, cursor_of, end_log, forget_told, note_deed

__all__ = ["LogCursor", "begin_log", "cursor_of", "end_log", "forget_told", "note_deed"]
