"""Keeping calendars outside and the house of one mind: what changes here is told there, and the other way round."""

from guildhall.domains.calendar_sync.inbound import Listener
from guildhall.domains.calendar_sync.outbound import writer_of
from guildhall.domains.calendar_sync.scene import CALENDAR, OpenCalendar, Scene

__all__ = ["CALENDAR", "Listener", "OpenCalendar", "Scene", "writer_of"]
