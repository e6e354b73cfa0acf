"""Shifts: the daily plan of volunteers, who signed up for what, the trail of it, and the rewards."""

from guildhall.domains.shifts.administration import create_default_plan, set_plan
from guildhall.domains.shifts.calendars import calendar_of_person, slot_event_id, slot_of_event
from guildhall.domains.shifts.models import PlannedSlot, Reward, ShiftPlan, SignupState, Volunteer
from guildhall.domains.shifts.plans import DaySlot
from guildhall.domains.shifts.queries import lines_of, rewards_of, rewards_of_slot, shifts_of
from guildhall.domains.shifts.rewards import (
    RewardRefusal,
    RewardResult,
    balances_of_person,
    reward,
)
from guildhall.domains.shifts.rota import RotaDay, RotaSlot, access_slot, rota_of
from guildhall.domains.shifts.signups import SignedUp, decline, line_text, sign_up, withdraw
from guildhall.domains.shifts.slot_events import decliners, slot_event, slot_events_between

__all__ = [
    "DaySlot",
    "PlannedSlot",
    "Reward",
    "RewardRefusal",
    "RewardResult",
    "RotaDay",
    "RotaSlot",
    "ShiftPlan",
    "SignedUp",
    "SignupState",
    "Volunteer",
    "access_slot",
    "balances_of_person",
    "calendar_of_person",
    "create_default_plan",
    "decline",
    "decliners",
    "line_text",
    "lines_of",
    "reward",
    "rewards_of",
    "rewards_of_slot",
    "rota_of",
    "set_plan",
    "shifts_of",
    "sign_up",
    "slot_event",
    "slot_event_id",
    "slot_events_between",
    "slot_of_event",
    "withdraw",
]
