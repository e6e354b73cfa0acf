"""What Discord was told of the bot's commands, so that it is told again only when they have changed."""

from datetime import datetime

from msgspec.structs import asdict, replace
from sqlalchemy import bindparam, delete

from guildhall.core.db import Tx, command, insert_or_replace
from guildhall.domains.bot.models import Registration, bot_registrations
from guildhall.domains.bot.queries import REGISTRATIONS
from guildhall.domains.bot.running import SHOWN

PUT = insert_or_replace(bot_registrations)
FORGET = command(
    delete(bot_registrations).where(
        bot_registrations.c.application_id == bindparam("application"),
        bot_registrations.c.guild_id == bindparam("guild"),
    )
)


async def registrations_of(tx: Tx) -> list[Registration]:
    """Return what Discord was told, by application and guild."""
    return await tx.all(REGISTRATIONS)


async def note_registered(tx: Tx, registration: Registration, *, hash_: str, commands: int, now: datetime) -> None:
    """Write down that Discord knows these commands now."""
    told = replace(registration, hash=hash_, commands=commands, registered_at=now, failure=None, failed_at=None)
    await tx.run(PUT, **asdict(told))
    tx.announce(SHOWN)


async def note_refused(tx: Tx, registration: Registration, *, failure: str, now: datetime) -> None:
    """Write down why Discord could not be told; what it knew before, it knows still."""
    await tx.run(PUT, **asdict(replace(registration, failure=failure, failed_at=now)))
    tx.announce(SHOWN)


async def forget_registration(tx: Tx, registration: Registration) -> None:
    """Write down that Discord knows no commands of this application there any more."""
    await tx.run(FORGET, application=registration.application_id, guild=registration.guild_id)
    tx.announce(SHOWN)
