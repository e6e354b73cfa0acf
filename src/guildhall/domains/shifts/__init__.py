"""Shifts: the daily plan of volunteers, who signed up for what, the trail of it, and the rewards."""

from guildhall.domains.shifts.administration import create_default_plan, set_plan
from guildhall.domains.shifts.calendars import calendar_of_person
from guildhall.domains.shifts.models import PlannedSlot, Reward, RewardState, ShiftPlan, SignupState, Volunteer
from guildhall.domains.shifts.plans import DaySlot
from guildhall.domains.shifts.queries import lines_of, rewards_of, rewards_of_slot, shifts_of
from guildhall.domains.shifts.rewards import (
    RewardRefusal,
    RewardResult,
    balances_of_person,
    reward,
)
from guildhall.domains.shifts.rota import RotaDay, RotaSlot, access_slot, rota_of
from guildhall.domains.shifts.signups import SignedUp, line_text, sign_up, withdraw

__all__ = [
    "DaySlot",
    "PlannedSlot",
    "Reward",
    "RewardRefusal",
    "RewardResult",
    "RewardState",
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
    "line_text",
    "lines_of",
    "reward",
    "rewards_of",
    "rewards_of_slot",
    "rota_of",
    "set_plan",
    "shifts_of",
    "sign_up",
    "withdraw",
]
