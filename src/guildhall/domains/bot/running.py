"""Starting and stopping the bot, and what the process that runs it reports."""

from datetime import datetime

from msgspec.structs import asdict, replace
from sqlalchemy import bindparam, case, literal, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command, insert_if_new
from guildhall.domains import audit
from guildhall.domains.bot.models import IDENTIFIES_A_DAY, BotState, Figures, Phase, bot_state
from guildhall.domains.bot.queries import STATE

ASKED = "bot.asked"
"""The topic under which is told that somebody started or stopped the bot."""

SHOWN = "bot"
"""The topic under which is told that there is something new to see about the bot."""

_here = bot_state.c.id == 1
BEGIN = insert_if_new(bot_state)
ASK = command(update(bot_state).where(_here).values(wanted=bindparam("wish"), asked=bot_state.c.asked + 1))
REPORT = command(
    update(bot_state)
    .where(_here)
    .values(
        phase=bindparam("new_phase"),
        reason=bindparam("why"),
        since=case((bot_state.c.phase == bindparam("new_phase"), bot_state.c.since), else_=bindparam("now")),
        reported_at=bindparam("now"),
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


async def start_bot(tx: Tx, actor: Actor, *, now: datetime) -> None:
    """Want the bot to run, from now on and after every restart. Whoever was refused by Discord tries again."""
    await _ask(tx, actor, "bot.started", wanted=True, now=now)


async def stop_bot(tx: Tx, actor: Actor, *, now: datetime) -> None:
    """Want the bot not to run until somebody starts it again."""
    await _ask(tx, actor, "bot.stopped", wanted=False, now=now)


async def _ask(tx: Tx, actor: Actor, action: str, *, wanted: bool, now: datetime) -> None:
    await tx.run(BEGIN, id=1, **asdict(BotState()))
    await tx.run(ASK, wish=wanted)
    await audit.record(tx, actor, action, None, now=now)
    tx.announce(ASKED)
    tx.announce(SHOWN)


async def report(tx: Tx, phase: Phase, reason: str, figures: Figures, *, now: datetime) -> None:
    """Write down how the bot does, as the process that runs it sees it."""
    await tx.run(BEGIN, id=1, **asdict(BotState()))
    told = {f"new_{name}": value for name, value in asdict(figures).items()}
    await tx.run(REPORT, new_phase=phase, why=reason, now=now, **told)
    tx.announce(SHOWN)


async def count_identify(tx: Tx, *, now: datetime) -> bool:
    """Count one more session of today before it begins. False, and nothing counted, when none may begin today."""
    await tx.run(BEGIN, id=1, **asdict(BotState()))
    return await tx.run(IDENTIFY, today=now.date()) == 1
