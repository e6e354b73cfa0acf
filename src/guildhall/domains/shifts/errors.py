"""Refusals of shifts.

GuildhallError
├── NotFound
│   ├── SlotNotFound         the day's plan has no slot of this number
│   ├── NotSignedUp          there is nothing to withdraw
│   └── PlanNotFound         no plan begins on that day
├── Invalid
│   ├── InvalidSlot          not a number
│   └── TooManyParticipants  not the 1 to 100 people that one call rewards
├── Conflict
│   ├── AlreadySignedUp
│   └── PlanStays            what was done, or the house, rests on the plan
└── Unprocessable
    ├── SlotFull
    ├── SlotClosed
    └── AlreadyRewarded      what was rewarded cannot be withdrawn
"""

from guildhall.core.errors import Conflict, Invalid, NotFound, Unprocessable


class SlotNotFound(NotFound):
    """The day's plan has no slot of this number."""

    code = "slot_not_found"
    text = "There is no such shift on that day"


class NotSignedUp(NotFound):
    """The person has no live sign-up for the slot."""

    code = "not_signed_up"
    text = "You are not signed up for this shift"


class PlanNotFound(NotFound):
    """No plan begins on this day."""

    code = "plan_not_found"
    text = "No shift plan begins on that day"


class InvalidSlot(Invalid):
    """Not the number of a slot."""

    code = "invalid_slot"
    text = "A slot is named by a number from 0 on"


class TooManyParticipants(Invalid):
    """Not the 1 to 100 people that one call rewards, or not named by ids."""

    code = "too_many_participants"
    text = "One call rewards 1 to 100 participants, named by their ids"


class AlreadySignedUp(Conflict):
    """The person has a live sign-up for the slot."""

    code = "already_signed_up"
    text = "You are already signed up for this shift"


class PlanStays(Conflict):
    """The plan cannot be removed: people did shifts under it, or it is the only one."""

    code = "plan_stays"
    text = "People did shifts while this plan was in force; it stays, so that those days stay as they were"


class SlotFull(Unprocessable):
    """Every place is taken; `details` has the places."""

    code = "slot_full"
    text = "This shift slot is full"


class SlotClosed(Unprocessable):
    """The slot takes no sign-ups."""

    code = "slot_closed"
    text = "This shift takes no sign-ups"


class AlreadyRewarded(Unprocessable):
    """The shift was rewarded, so that the sign-up stands."""

    code = "already_rewarded"
    text = "You have been rewarded for this shift and cannot withdraw any more"
