"""The bot: how it does, starting and stopping it, and what members see of it."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, MissingField
from guildhall.dialects.rustmail.wire import REFUSED, REFUSED_TO_WRITE, SESSION
from guildhall.domains import bot, tickets
from guildhall.domains.bot import Course, Phase
from guildhall.domains.bot.errors import InvalidPresence
from guildhall.domains.identity import Permission
from guildhall.domains.site.errors import SettingLocked
from guildhall.domains.site.sections import Activity, PresenceState
from guildhall.domains.tickets import EVERYTHING, Wanted, relay
from guildhall.web import bot_control
from guildhall.web.bodies import Body
from guildhall.web.bot_control import START_FAULTS, Done, configure
from guildhall.web.house import House
from guildhall.web.routing import route

MANAGE: Final = Permission.MANAGE_BOT
LONGEST: Final = 128


class BotStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the bot does; `uptime` is in seconds since it became ready."""

    online: bool
    uptime: int
    presence: str
    guild_count: int
    ticket_count: int
    status: str
    state: Course
    desired_state: str
    presence_state: PresenceState
    failure: str | None
    latency_ms: int | None
    total_ticket_count: int
    pending_deliveries: int
    simulated: bool


class BotActionResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an order."""

    success: bool = True
    message: str
    changed: bool
    state: Course

    @classmethod
    def of(cls, done: Done, message: str) -> "BotActionResult":
        """Show what came of an order."""
        return cls(message=message, changed=done.changed, state=done.state.course)


class PresenceUpdate(Body, frozen=True, kw_only=True):
    """What members shall see; the state stays as it is when it is not named."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {
        "status": InvalidPresence,
        "state": InvalidPresence,
        "activity": InvalidPresence,
    }

    status: Annotated[str, msgspec.Meta(max_length=LONGEST)]
    state: PresenceState | None = None
    activity: Activity = "custom"

    @property
    def changes(self) -> dict[str, object]:
        """The settings that say so."""
        shown: dict[str, object] = {"bot.status": self.status, "bot.activity": self.activity}
        return shown if self.state is None else {**shown, "bot.presence_state": self.state}


class PresenceResult(msgspec.Struct, frozen=True, kw_only=True):
    """What members see from now on, or from the bot's next start on."""

    success: bool = True
    applied: bool
    presence: str
    presence_state: PresenceState


@route("GET", "/api/bot/status", permission=Permission.VIEW_DESK, accepts=SESSION, refusals=REFUSED)
async def get_bot_status(tx: Tx, house: House) -> BotStatus:
    """Report whether the bot is online and a few counters."""
    now, shown = house.clock.now(), house.site.now.document
    state = await bot.state_of(tx, now=now)
    online = state.phase is Phase.CONNECTED
    return BotStatus(
        online=online,
        uptime=max(0, int((now - state.since).total_seconds())) if online and state.since else 0,
        presence=shown.bot.status,
        guild_count=state.guilds if online else 0,
        ticket_count=await tickets.count_tickets(tx, Wanted(closed=False), sight=EVERYTHING),
        status="running" if state.course is Course.RUNNING else "stopped",
        state=state.course,
        desired_state="running" if state.wanted else "stopped",
        presence_state=shown.bot.presence_state,
        failure=_failure(state),
        latency_ms=state.latency_ms,
        total_ticket_count=await tickets.count_tickets(tx, Wanted(), sight=EVERYTHING),
        pending_deliveries=await relay.pending_posts(tx),
        simulated=not house.settings.discord.is_real,
    )


@route(
    "POST", "/api/bot/start", permission=MANAGE, accepts=SESSION, transaction="none",
    refusals=(*REFUSED_TO_WRITE, *START_FAULTS),
)  # fmt: skip
async def start_bot(actor: Actor, house: House) -> BotActionResult:
    """Start the bot if it is stopped."""
    return BotActionResult.of(await bot_control.start(house, actor), "Bot started")


@route("POST", "/api/bot/stop", permission=MANAGE, accepts=SESSION, transaction="none", refusals=REFUSED_TO_WRITE)
async def stop_bot(actor: Actor, house: House) -> BotActionResult:
    """Stop the bot; the HTTP server keeps running."""
    return BotActionResult.of(await bot_control.stop(house, actor), "Bot stopped")


@route(
    "POST", "/api/bot/restart", permission=MANAGE, accepts=SESSION, transaction="none",
    refusals=(*REFUSED_TO_WRITE, *START_FAULTS),
)  # fmt: skip
async def restart_bot(actor: Actor, house: House) -> BotActionResult:
    """Stop and start the bot."""
    return BotActionResult.of(await bot_control.restart(house, actor), "Bot restarted")


@route(
    "POST", "/api/bot/presence", permission=MANAGE, accepts=SESSION, transaction="none",
    refusals=(*REFUSED_TO_WRITE, InvalidPresence, MissingField, SettingLocked),
)  # fmt: skip
async def update_presence(data: PresenceUpdate, actor: Actor, house: House, clock: Clock) -> PresenceResult:
    """Set the activity text that members see."""
    shown = (await configure(house, actor, data.changes)).outcome.snapshot.document
    async with house.database.read() as tx:
        state = await bot.state_of(tx, now=clock.now())
    return PresenceResult(
        applied=state.phase is Phase.CONNECTED,
        presence=shown.bot.status,
        presence_state=shown.bot.presence_state,
    )


def _failure(state: bot.BotState) -> str | None:
    """Return why the bot does not run, in the words of refusals."""
    if state.course is not Course.FAILED or state.failure is None:
        return None
    return bot_control.FAULTS[state.failure].code.upper()
