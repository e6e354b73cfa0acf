"""The first setup, for every face that offers it: who may do it, and what happens when it is done."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from guildhall.core.actor import SYSTEM
from guildhall.core.crypto import load_or_create_secret, same
from guildhall.core.errors import Invalid, Limited
from guildhall.domains import bot, site
from guildhall.domains.site.errors import (
    InvalidSetting,
    InvalidSetupToken,
    SettingLocked,
    SetupCompleted,
    UnknownSetting,
)
from guildhall.domains.site.setup import Unfit, needs_setup, save_setup, was_just_set_up
from guildhall.web.house import House

TRIES: Final = 5
MINUTE: Final = timedelta(minutes=1)
GUILDS: Final = ("bot.guild_id", "bot.community_guild_id", "bot.staff_guild_id")


def setup_token(house: House) -> str:
    """Return what whoever sets the house up must know."""
    settings = house.settings
    return settings.desk.setup_token or load_or_create_secret(settings.store.data_dir, "setup_token")


async def is_needed(house: House) -> bool:
    """Tell whether the house is still to be set up."""
    async with house.database.read() as tx:
        await house.site.refresh(tx)
    return looks_needed(house)


def looks_needed(house: House) -> bool:
    """Tell the same by what this process knows already, which is a moment old at most."""
    rules = house.desk_rules
    return needs_setup(house.site.now, is_ruled=bool(rules.super_users or rules.super_roles))


async def admit(house: House, token: str, ip: str | None, *, to_restart: bool = False) -> None:
    """Let in whoever knows the token, five wrong tries a minute from an address.

    When the setup is over nobody may do anything, but start the bot anew for a few minutes `to_restart`.
    Raises SetupCompleted, Limited, InvalidSetupToken.
    """
    if not await is_needed(house):
        async with house.database.read() as tx:
            if not to_restart or not await was_just_set_up(tx, now=house.clock.now()):
                raise SetupCompleted
    # Counted before the look, so that many at once are not more than five, and given back when it was right.
    key = f"setup:{ip}"
    allowance = await house.limiter.hit(key, limit=TRIES, window=MINUTE)
    if not allowance.allowed:
        raise Limited("Too many attempts", retry_after=allowance.retry_after)
    if not same(token, setup_token(house)):
        raise InvalidSetupToken
    await house.limiter.hit(key, limit=TRIES, window=MINUTE, cost=-1)


async def save(house: House, values: Mapping[str, object]) -> None:
    """Store what was asked, and let the bot start. Raises Invalid, and SetupCompleted when somebody was first.

    Nothing is stored that Discord refuses, because nobody can set the house up again.
    """
    await _check_at_discord(house, values)
    now = house.clock.now()
    try:
        async with house.database.write() as tx:
            await save_setup(tx, values, site=house.site, now=now)
            await bot.restart_bot(tx, SYSTEM, now=now)
    except (InvalidSetting, UnknownSetting, SettingLocked) as fault:
        raise Invalid(fault.message, faults=fault.details.get("faults")) from fault


async def start_anew(house: House) -> None:
    """Let the bot begin with what was stored."""
    async with house.database.write() as tx:
        await bot.restart_bot(tx, SYSTEM, now=house.clock.now())


async def _check_at_discord(house: House, values: Mapping[str, object]) -> None:
    """Ask Discord about the token, then about each server. Raises Invalid."""
    token, key = str(values.get(site.TOKEN, "")), site.TOKEN
    try:
        await house.prober.bot(token)
        for key in GUILDS:
            if values.get(key) is not None:
                await house.prober.guild(token, int(str(values[key])))
    except Unfit as fault:
        raise Invalid(fault.reason, faults={key: fault.reason}) from fault
