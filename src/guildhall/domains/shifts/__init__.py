"""Shifts: the daily plan of volunteers, who signed up for what, the trail of it, and the rewards."""

from guildhall.domains.shifts.administration import (
    FIRST_DAY,
    Change,
    DayUnderPlan,
    PlanDraft,
    access_plan,
    apply_plans,
    create_default_plan,
    remove_plan,
    set_plan,
    week_under,
)
from guildhall.domains.shifts.calendars import calendar_of_person, slot_event_id, slot_of_event
from guildhall.domains.shifts.hub_file import SECTIONS, read_plans
from guildhall.domains.shifts.models import PlannedSlot, Reward, RewardState, ShiftPlan, SignupState, Volunteer
from guildhall.domains.shifts.plans import DaySlot, plan_for, suggested_units
from guildhall.domains.shifts.queries import lines_of, list_plans, rewards_of, rewards_of_slot, shifts_of, volunteers_of
from guildhall.domains.shifts.reward_runs import LeftOut, Portion, PortionPlan, PortionResult, plan_run, reward_run
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
    "FIRST_DAY",
    "SECTIONS",
    "Change",
    "DaySlot",
    "DayUnderPlan",
    "LeftOut",
    "PlanDraft",
    "PlannedSlot",
    "Portion",
    "PortionPlan",
    "PortionResult",
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
    "access_plan",
    "access_slot",
    "apply_plans",
    "balances_of_person",
    "calendar_of_person",
    "create_default_plan",
    "decline",
    "decliners",
    "line_text",
    "lines_of",
    "list_plans",
    "plan_for",
    "plan_run",
    "read_plans",
    "remove_plan",
    "reward",
    "reward_run",
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
    "suggested_units",
    "volunteers_of",
    "week_under",
    "withdraw",
]
