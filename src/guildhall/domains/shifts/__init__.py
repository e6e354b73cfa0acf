"""Shifts: the daily plan of volunteers, who signed up for what, and the trail of it."""

from guildhall.domains.shifts.administration import create_default_plan, set_plan
from guildhall.domains.shifts.calendars import calendar_of_person
from guildhall.domains.shifts.models import PlannedSlot, ShiftPlan, SignupState, Volunteer
from guildhall.domains.shifts.plans import DaySlot
from guildhall.domains.shifts.queries import lines_of, shifts_of
from guildhall.domains.shifts.rota import RotaDay, RotaSlot, access_slot, rota_of
from guildhall.domains.shifts.signups import SignedUp, line_text, sign_up, withdraw

__all__ = [
    "DaySlot",
    "PlannedSlot",
    "RotaDay",
    "RotaSlot",
    "ShiftPlan",
    "SignedUp",
    "SignupState",
    "Volunteer",
    "access_slot",
    "calendar_of_person",
    "create_default_plan",
    "line_text",
    "lines_of",
    "rota_of",
    "set_plan",
    "shifts_of",
    "sign_up",
    "withdraw",
]
