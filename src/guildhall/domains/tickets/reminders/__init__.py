"""What staff want to be told of in a ticket: something at a time, or that the user writes."""

from guildhall.domains.tickets.reminders.alerting import ask_for_alert, cancel_alert
from guildhall.domains.tickets.reminders.jobs import remind_due
from guildhall.domains.tickets.reminders.models import Reminder
from guildhall.domains.tickets.reminders.reminding import (
    MOST_ROLES,
    drop_reminder,
    fire_reminder,
    remind,
    reminders_of,
    spare_from_role,
)

__all__ = [
    "MOST_ROLES",
    "Reminder",
    "ask_for_alert",
    "cancel_alert",
    "drop_reminder",
    "fire_reminder",
    "remind",
    "remind_due",
    "reminders_of",
    "spare_from_role",
]
