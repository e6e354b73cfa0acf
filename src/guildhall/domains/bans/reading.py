"""Reading bans from Discord's audit log, again and again, so that none is lost with it."""

from collections.abc import Awaitable, Callable, Collection

from guildhall.core.db import Database
from guildhall.core.jobs import JobContext
from guildhall.core.log import get_logger
from guildhall.domains.bans.port import BanLog, BanLogUnreadable
from guildhall.domains.bans.queries import last_known
from guildhall.domains.bans.seeing import keep_read

log = get_logger(__name__)


def reader_of(ban_log: BanLog, guilds_now: Callable[[], Collection[int]]) -> Callable[[JobContext], Awaitable[None]]:
    """Return the job that keeps what is new in the audit logs of the guilds that `guilds_now` names."""

    async def read(context: JobContext) -> None:
        for guild_id in guilds_now():
            try:
                await _read_guild(context.database, ban_log, guild_id)
            except BanLogUnreadable as fault:
                log.warning("Bans cannot be read", guild=guild_id, reason=fault.message)

    return read


async def _read_guild(database: Database, ban_log: BanLog, guild_id: int) -> None:
    async with database.read() as tx:
        last = await last_known(tx, guild_id)
    while found := await ban_log.bans_after(guild_id, last):
        async with database.write() as tx:
            for each in found:
                await keep_read(tx, each)
        last = found[-1].entry_id
