"""Starting and stopping the bot, and what the process that runs it reports."""

import asyncio
import contextlib
from datetime import datetime
from typing import Final

from msgspec.structs import asdict, replace
from sqlalchemy import bindparam, case, literal, or_, update

from guildhall.core import feed
from guildhall.core.actor import Actor
from guildhall.core.clock import Clock
from guildhall.core.db import Command, Database, Tx, command, insert_if_new
from guildhall.core.events import EventBus
from guildhall.domains import audit
from guildhall.domains.bot.models import IDENTIFIES_A_DAY, RUNNING, BotState, Failure, Figures, Phase, bot_state
from guildhall.domains.bot.queries import STATE

ASKED = "bot.asked"
"""The topic under which is told that somebody started or stopped the bot."""

SHOWN = "bot"
"""The topic under which is told that there is something new to see about the bot."""

STATUS: Final = "bot.status"
"""What the feed calls it when the bot begins to do otherwise than before."""

PATIENCE: Final = 10.0
"""Seconds that somebody waits for the bot to do as it was told."""

LOOK: Final = 0.2
"""Seconds between two looks at it: processes that share no Redis hear nothing of each other."""

_here = bot_state.c.id == 1
BEGIN = insert_if_new(bot_state)
_ask = update(bot_state).values(wanted=bindparam("wish"), asked=bot_state.c.asked + 1)
ASK = command(_ask.where(_here))
_runs = or_(*(bot_state.c.phase == each for each in sorted(RUNNING))) & (bot_state.c.done == bot_state.c.asked)
ASK_TO_RUN = command(_ask.where(_here, ~(bot_state.c.wanted & _runs)))
ASK_TO_STOP = command(_ask.where(_here, bot_state.c.wanted))
REPORT = command(
    update(bot_state)
    .where(_here)
    .values(
        phase=bindparam("new_phase"),
        reason=bindparam("why"),
        since=case((bot_state.c.phase == bindparam("new_phase"), bot_state.c.since), else_=bindparam("now")),
        reported_at=bindparam("now"),
        done=bindparam("heard"),
        failure=bindparam("fault"),
        **{name: bindparam(f"new_{name}") for name in Figures.__struct_fields__},
    )
)
_today = bot_state.c.identify_day == bindparam("today")
IDENTIFY = command(
    update(bot_state)
    .where(
        _here,
        (bot_state.c.identify_day.is_distinct_from(bindparam("today"))) | (bot_state.c.identifies < IDENTIFIES_A_DAY),
    )
    .values(identifies=case((_today, bot_state.c.identifies + 1), else_=literal(1)), identify_day=bindparam("today"))
)


async def state_of(tx: Tx, *, now: datetime) -> BotState:
    """Return how the bot does. A process that died while it ran the bot is noticed by its silence."""
    state = await tx.one(STATE) or BotState()
    if not state.is_silent(now):
        return state
    gone = "The process that ran it has said nothing for a while; another one takes over when its lease has ended."
    return replace(state, phase=Phase.STOPPED, reason=gone, since=state.reported_at, latency_ms=None)


async def start_bot(tx: Tx, actor: Actor, *, now: datetime) -> bool:
    """Want the bot to run, from now on and after every restart; tell whether that changes anything.

    Whoever was refused by Discord tries again. A bot that runs, or is about to, is left alone.
    """
    return await _ask_for(tx, actor, ASK_TO_RUN, "bot.started", wanted=True, now=now)


async def stop_bot(tx: Tx, actor: Actor, *, now: datetime) -> bool:
    """Want the bot not to run until somebody starts it again; tell whether that changes anything."""
    return await _ask_for(tx, actor, ASK_TO_STOP, "bot.stopped", wanted=False, now=now)


async def restart_bot(tx: Tx, actor: Actor, *, now: datetime) -> None:
    """Want the bot to run, and to begin anew if it does."""
    await _ask_for(tx, actor, ASK, "bot.restarted", wanted=True, now=now)


async def _ask_for(tx: Tx, actor: Actor, order: Command, action: str, *, wanted: bool, now: datetime) -> bool:
    await tx.run(BEGIN, id=1, **asdict(BotState()))
    if not await tx.run(order, wish=wanted):
        return False
    await audit.record(tx, actor, action, None, now=now)
    tx.announce(ASKED)
    tx.announce(SHOWN)
    return True


async def settle(database: Database, events: EventBus, clock: Clock, *, patience: float = PATIENCE) -> BotState:
    """Wait until the bot has done what was asked of it before, for so many seconds at most; return how it does then.

    Holds no transaction meanwhile.
    """
    async with events.subscribe(SHOWN) as told:
        asked = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while True:
                    state = await _look(database, clock)
                    asked = state.asked if asked is None else asked
                    if state.is_settled(asked):
                        return state
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK):
                            if await anext(told, None) is None:
                                break
    return await _look(database, clock)


async def _look(database: Database, clock: Clock) -> BotState:
    async with database.read() as tx:
        return await state_of(tx, now=clock.now())


async def report(
    tx: Tx, phase: Phase, reason: str, figures: Figures, *, done: int, failure: Failure | None = None, now: datetime
) -> None:
    """Write down how the bot does, as the process that runs it sees it; `done` is the order that it has heard."""
    await tx.run(BEGIN, id=1, **asdict(BotState()))
    before = await tx.one(STATE)
    told = {f"new_{name}": value for name, value in asdict(figures).items()}
    await tx.run(REPORT, new_phase=phase, why=reason, heard=done, fault=failure, now=now, **told)
    tx.announce(SHOWN)
    if before is None or (before.phase, before.failure) != (phase, failure):
        after = replace(before or BotState(), phase=phase, failure=failure)
        feed.tell(tx, STATUS, state=after.course, online=phase is Phase.CONNECTED)


async def count_identify(tx: Tx, *, now: datetime) -> bool:
    """Count one more session of today before it begins. False, and nothing counted, when none may begin today."""
    await tx.run(BEGIN, id=1, **asdict(BotState()))
    return await tx.run(IDENTIFY, today=now.date()) == 1
