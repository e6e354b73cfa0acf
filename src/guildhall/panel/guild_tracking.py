"""What is tracked in a guild, how time counts, and when its periods end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError, InvalidField
from guildhall.domains import attendance
from guildhall.domains.attendance import Anchor, Guild, Interval, Mode, Period, Schedule, TrackedChannel, Weekday
from guildhall.panel.forms import change, show, whole_number
from guildhall.panel.guild_door import MANAGE, Place, place_of, snowflake
from guildhall.panel.guild_heatmap import ZONES
from guildhall.panel.guild_words import MONTHS, schedule_words
from guildhall.panel.guilds import GUILD, guild_page
from guildhall.panel.pages import told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, read_form
from guildhall.web.calls import Call
from guildhall.web.house import House

TRACKING: Final = GUILD + "/tracking"
MODES: Final = (
    (Mode.OFF, "Nothing", "No session is kept. What happens meanwhile is lost for good."),
    (Mode.ALLOWLIST, "Only listed channels", "Sessions are kept in the channels that are ticked below."),
    (Mode.DENYLIST, "All but listed channels", "Sessions are kept everywhere but in the ticked channels."),
    (Mode.ALL, "Every channel", "Sessions are kept in every voice and stage channel but the AFK channel."),
)
INTERVALS: Final = (
    (Interval.HOURLY, "every hour"),
    (Interval.DAILY, "every day"),
    (Interval.WEEKLY, "every week"),
    (Interval.MONTHLY, "every month"),
    (Interval.YEARLY, "every year"),
    (Interval.OFF, "only when somebody ends them"),
)
TICKED: Final = "channel-"
WAS_LISTED: Final = "was-"


class ModeForm(Form, frozen=True, kw_only=True):
    """Which channels are tracked."""

    mode: Mode


class FairnessForm(Form, frozen=True, kw_only=True):
    """What does not count; a box that is not ticked is not sent."""

    pause_on_mute: str = ""
    pause_on_deafen: str = ""
    pause_when_solo: str = ""
    min_session_seconds: str = "0"


class ScheduleForm(Form, frozen=True, kw_only=True):
    """When periods end."""

    interval: Interval
    anchor: Anchor = Anchor.CALENDAR
    timezone: str = ""
    hour: str = "0"
    weekday: Weekday = Weekday.MONDAY
    day: str = "1"
    month: str = "1"


class ResetForm(Form, frozen=True, kw_only=True):
    """The period that was seen when somebody wanted it to end."""

    period: str = ""


@dataclass(frozen=True)
class Choice:
    """A channel to tick: its id, its name, the category it is in, and whether it is on the list."""

    channel_id: int
    name: str
    category: str
    listed: bool


@show(TRACKING, permission=MANAGE)
async def show_tracking(call: Call, tx: Tx) -> Answer:
    """Show what is tracked, how it counts and when periods end."""
    return await _page(call, tx)


@change(TRACKING + "/mode", permission=MANAGE)
async def set_mode(form: ModeForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Choose which channels are tracked."""
    place = place_of(call)
    await attendance.set_mode(
        tx, actor, guild_id=place.guild_id, mode=form.mode, now=house.clock.now(), scene=house.scene
    )
    return redirect(told(_path(place), "attendance-mode"))


@change(TRACKING + "/channels", permission=MANAGE)
async def set_channels(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Put the channels on the list that were ticked, and take those off that no longer are.

    What somebody else listed after this form was shown stays: the form says what it showed as listed.
    """
    place, now = place_of(call), house.clock.now()
    sent = read_form(call.body, dict[str, str])
    ticked, shown = _numbers(sent, TICKED), _numbers(sent, WAS_LISTED)
    listed = {each.channel_id for each in await attendance.tracked_channels_of(tx, guild_id=place.guild_id)}
    known = {each.id for each in place.channels.values() if each.has_voice}
    for channel_id in sorted(ticked - shown - listed):
        await attendance.track_channel(
            tx,
            actor,
            guild_id=place.guild_id,
            channel_id=channel_id,
            voice_channels=known,
            now=now,
            scene=house.scene,
        )
    for channel_id in sorted((shown - ticked) & listed):
        await attendance.untrack_channel(
            tx, actor, guild_id=place.guild_id, channel_id=channel_id, now=now, scene=house.scene
        )
    return redirect(told(_path(place), "attendance-channels"))


@change(TRACKING + "/fairness", permission=MANAGE)
async def set_fairness(form: FairnessForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Change what counts, for the whole current period."""
    place = place_of(call)
    try:
        seconds = whole_number(form.min_session_seconds, field="min_session_seconds")
        async with tx.savepoint():
            await attendance.set_fairness(
                tx,
                actor,
                guild_id=place.guild_id,
                pause_on_mute=form.pause_on_mute == "yes",
                pause_on_deafen=form.pause_on_deafen == "yes",
                pause_when_solo=form.pause_when_solo == "yes",
                min_session_seconds=seconds,
                now=house.clock.now(),
                scene=house.scene,
            )
    except InvalidField as error:
        return await _page(call, tx, fairness=form, error=error)
    return redirect(told(_path(place), "attendance-fairness"))


@change(TRACKING + "/schedule", permission=MANAGE)
async def set_schedule(form: ScheduleForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Change when periods end; the current one goes on."""
    place = place_of(call)
    try:
        async with tx.savepoint():
            await attendance.set_schedule(
                tx,
                actor,
                guild_id=place.guild_id,
                interval=form.interval,
                anchor=form.anchor,
                timezone=form.timezone.strip() or None,
                hour=whole_number(form.hour, field="hour"),
                weekday=form.weekday,
                day=whole_number(form.day, field="day"),
                month=whole_number(form.month, field="month"),
                now=house.clock.now(),
                scene=house.scene,
            )
    except InvalidField as error:
        return await _page(call, tx, schedule=form, error=error)
    return redirect(told(_path(place), "attendance-schedule"))


@change(GUILD + "/reset", permission=MANAGE)
async def reset_now(form: ResetForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """End the period that was seen, and go to its archive."""
    place = place_of(call)
    done = await attendance.reset_now(
        tx, actor, guild_id=place.guild_id, period_id=form.period or None, now=house.clock.now(), scene=house.scene
    )
    if done.archived is None:
        return redirect(told(_path(place), "period-young"))
    return redirect(told(f"{place.path}/archive/{done.archived.number}", "period-ended"))


async def _page(
    call: Call,
    tx: Tx,
    *,
    fairness: FairnessForm | None = None,
    schedule: ScheduleForm | None = None,
    error: GuildhallError | None = None,
) -> Answer:
    place = place_of(call)
    guild = await attendance.access_guild(tx, place.guild_id)
    period = await attendance.period_of(tx, guild_id=place.guild_id)
    listed = await attendance.tracked_channels_of(tx, guild_id=place.guild_id)
    return guild_page(
        call,
        "guild_tracking.html",
        guild,
        title="Tracking",
        refusal=Refusal.of(error) if error else None,
        modes=MODES,
        choices=_choices(place, listed),
        fairness=fairness or _filled_fairness(guild),
        schedule=schedule or _filled_schedule(guild.schedule),
        words=schedule_words(guild.schedule),
        ends=_ending(period, call.house.clock.now()),
        period=period,
        intervals=INTERVALS,
        weekdays=list(Weekday),
        months=MONTHS,
        zones=ZONES,
    )


def _choices(place: Place, listed: list[TrackedChannel]) -> list[Choice]:
    """Return the channels to tick in Discord's order, and then those on the list that Discord no longer has."""
    chosen = {each.channel_id for each in listed}
    voice = [each for each in place.channels.values() if each.has_voice]
    here = [Choice(each.id, each.name, _category(place, each.parent_id), listed=each.id in chosen) for each in voice]
    gone = chosen - {each.channel_id for each in here}
    return [*here, *(Choice(each, place.channel_name(each), "", listed=True) for each in sorted(gone))]


def _category(place: Place, parent_id: int | None) -> str:
    parent = place.channels.get(parent_id or 0)
    return parent.name if parent else ""


def _ending(period: Period, now: datetime) -> datetime | None:
    """Return when the period ends. One whose border has passed waits until it is known who reached it."""
    return period.ends_at if period.ends_at and period.ends_at > now else None


def _numbers(sent: dict[str, str], prefix: str) -> set[int]:
    """Return the channels that a form names. Raises GuildNotSeen for what can be none."""
    return {snowflake(name.removeprefix(prefix)) for name in sent if name.startswith(prefix)}


def _filled_fairness(guild: Guild) -> FairnessForm:
    rules = guild.fairness
    return FairnessForm(
        pause_on_mute="yes" if rules.pause_on_mute else "",
        pause_on_deafen="yes" if rules.pause_on_deafen else "",
        pause_when_solo="yes" if rules.pause_when_solo else "",
        min_session_seconds=str(rules.min_session_seconds),
    )


def _filled_schedule(schedule: Schedule) -> ScheduleForm:
    return ScheduleForm(
        interval=schedule.interval,
        anchor=schedule.anchor,
        timezone=schedule.timezone,
        hour=str(schedule.hour),
        weekday=schedule.weekday,
        day=str(schedule.day),
        month=str(schedule.month),
    )


def _path(place: Place) -> str:
    return f"{place.path}/tracking"
