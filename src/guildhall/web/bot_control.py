"""What several faces do to the bot and the configuration: order, wait until it is done, and tell what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from guildhall.core.actor import Actor
from guildhall.core.errors import GuildhallError
from guildhall.domains import attendance, bot, site
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable
from guildhall.domains.bot import BotState, Course, Failure, Phase
from guildhall.domains.bot.errors import (
    BotIntentsMissing,
    BotNotConfigured,
    BotStartFailed,
    BotTokenInvalid,
    BotUnreachable,
)
from guildhall.domains.site.errors import InvalidSetting
from guildhall.web.house import House

RECONNECTING: Final = frozenset({site.TOKEN, "bot.client_id"})
"""Keys of the configuration for which the bot begins anew."""

CHANNELS: Final = frozenset(
    {
        "bot.logs_channel_id",
        "bot.features_channel_id",
        "thread.inbox_category_id",
        "thread.inbox_channel_id",
        "transcripts.channel_id",
    }
)
FAULTS: Final[Mapping[Failure, type[GuildhallError]]] = MappingProxyType(
    {
        Failure.TOKEN_INVALID: BotTokenInvalid,
        Failure.INTENTS_MISSING: BotIntentsMissing,
        Failure.NOT_CONFIGURED: BotNotConfigured,
        Failure.UNREACHABLE: BotUnreachable,
        Failure.BROKEN: BotStartFailed,
    }
)
START_FAULTS: Final = (BotNotConfigured, BotTokenInvalid, BotIntentsMissing, BotUnreachable, BotStartFailed)


@dataclass(frozen=True)
class Done:
    """What came of an order: how the bot does now, and whether the order changed anything."""

    state: BotState
    changed: bool


@dataclass(frozen=True)
class Configured:
    """What came of a change of the configuration, and whether the bot began anew for it."""

    outcome: site.Outcome
    reconnected: bool


async def start(house: House, actor: Actor) -> Done:
    """Start the bot, and wait until it is connected. Raises one of START_FAULTS; the bot is wanted even then."""
    _check_token(house)
    async with house.database.write() as tx:
        changed = await bot.start_bot(tx, actor, now=house.clock.now())
    return Done(await _connected(house), changed)


async def stop(house: House, actor: Actor) -> Done:
    """Stop the bot, and wait until it stands still, or for as long as one waits for that."""
    async with house.database.write() as tx:
        changed = await bot.stop_bot(tx, actor, now=house.clock.now())
    return Done(await bot.settle(house.database, house.events, house.clock), changed)


async def restart(house: House, actor: Actor) -> Done:
    """Let the bot begin anew, and wait until it is connected. Raises as `start`."""
    _check_token(house)
    async with house.database.write() as tx:
        await bot.restart_bot(tx, actor, now=house.clock.now())
    return Done(await _connected(house), changed=True)


async def configure(
    house: House, actor: Actor, changes: Mapping[str, object], *, version: int | None = None
) -> Configured:
    """Change the configuration; with another token or client the bot begins anew.

    Channels must exist as long as the bot is connected. Raises as `site.change_configuration`.
    """
    await _check_channels(house, changes)
    async with house.database.write() as tx:
        now = house.clock.now()
        outcome = await site.change_configuration(tx, actor, changes, site=house.site, version=version, now=now)
        state = await bot.state_of(tx, now=now)
        renews = state.wanted and not RECONNECTING.isdisjoint(outcome.changed)
        if renews:
            await bot.restart_bot(tx, actor, now=now)
    # Where no process has ever run the bot, there is none to wait for.
    if not renews or state.reported_at is None:
        return Configured(outcome, reconnected=False)
    state = await bot.settle(house.database, house.events, house.clock)
    return Configured(outcome, state.phase is Phase.CONNECTED)


def _check_token(house: House) -> None:
    if not house.site.now.secret(site.TOKEN):
        raise BotNotConfigured


async def _connected(house: House) -> BotState:
    state = await bot.settle(house.database, house.events, house.clock)
    if state.course is not Course.RUNNING and state.wanted:
        raise FAULTS[state.failure or Failure.BROKEN]
    return state


async def _check_channels(house: House, changes: Mapping[str, object]) -> None:
    asked = {key: str(value) for key, value in changes.items() if key in CHANNELS and value is not None}
    if not asked:
        return
    async with house.database.read() as tx:
        connected = (await bot.state_of(tx, now=house.clock.now())).phase is Phase.CONNECTED
        guilds = [each.guild_id for each in await attendance.list_guilds(tx)] if connected else []
    known = set()
    for guild_id in guilds:
        try:
            known |= {str(each.id) for each in await house.directory.channels(guild_id)}
        except BotNotInGuild:
            continue
        except DiscordUnavailable:
            # What cannot be looked up is stored unchecked, as while the bot stands still.
            return
    faults = {key: "is no channel that the bot can see" for key, value in asked.items() if value not in known}
    if guilds and faults:
        raise InvalidSetting("; ".join(f"{key} {words}" for key, words in faults.items()), faults=faults)
