"""Verified roles: Discord roles that people get for the time they were in voice."""

from guildhall.domains.attendance.roles.conditions import in_words
from guildhall.domains.attendance.roles.giving import GIVE_ROLES, give_roles, giver_of
from guildhall.domains.attendance.roles.hierarchy import Standing
from guildhall.domains.attendance.roles.marks import RUN_ROLES, judge, judge_after_sessions
from guildhall.domains.attendance.roles.models import Grant, GrantState, Rule, Scope, Terms
from guildhall.domains.attendance.roles.policy import access_rule
from guildhall.domains.attendance.roles.port import RoleDesk, standing_of
from guildhall.domains.attendance.roles.queries import Holding
from guildhall.domains.attendance.roles.rules import delete_rule, holders_of, holdings_in, put_rule, rules_in
from guildhall.domains.attendance.roles.runs import run_for_voices, run_roles, runner_of

__all__ = [
    "GIVE_ROLES",
    "RUN_ROLES",
    "Grant",
    "GrantState",
    "Holding",
    "RoleDesk",
    "Rule",
    "Scope",
    "Standing",
    "Terms",
    "access_rule",
    "delete_rule",
    "give_roles",
    "giver_of",
    "holders_of",
    "holdings_in",
    "in_words",
    "judge",
    "judge_after_sessions",
    "put_rule",
    "rules_in",
    "run_for_voices",
    "run_roles",
    "runner_of",
    "standing_of",
]
