"""What both directions stand on."""

from collections.abc import Callable
from dataclasses import dataclass

from guildhall.core.actor import Actor, ActorKind
from guildhall.domains.calendars import Link, OutsideCalendar
from guildhall.domains.rooms import Hub

OpenCalendar = Callable[[Link], OutsideCalendar]
"""Opens the calendar of a link. Raises CalendarRefused when that cannot be done, such as for want of its password."""

CALENDAR = Actor(ActorKind.CALENDAR)
"""Whoever changed something in a calendar outside: the audit log says that it came that way."""


@dataclass(frozen=True)
class Scene:
    """How calendars are opened, and the house they show."""

    open_calendar: OpenCalendar
    hub: Hub
