"""Refusals of the dialect about tickets, beside those of the front desk.

GuildhallError
├── Invalid
│   ├── InvalidStatus
│   ├── InvalidParameter
│   ├── InvalidCategory      names those that there are
│   └── NoValidSetting
├── Forbidden
│   ├── Blocked
│   └── TranscriptsOff
└── Unavailable
    └── TicketsDisabled
"""

from guildhall.core.errors import Forbidden, Invalid, Unavailable


class InvalidStatus(Invalid):
    """No word for where a ticket stands."""

    code = "invalid_status"
    text = "status is open, claimed, closed or all"


class InvalidParameter(Invalid):
    """A parameter that cannot be read, or is out of range."""

    code = "invalid_parameter"
    text = "A parameter is out of range"


class InvalidCategory(Invalid):
    """No category of tickets."""

    code = "invalid_category"
    text = "There is no such category"


class NoValidSetting(Invalid):
    """A change of settings that names none."""

    code = "no_valid_setting"
    text = "The request names no setting"


class Blocked(Forbidden):
    """Somebody who may not write to the desk."""

    code = "blocked"
    text = "You may not open tickets here"


class TranscriptsOff(Forbidden):
    """The house makes no transcripts."""

    code = "transcripts_off"
    text = "Transcripts are switched off"


class TicketsDisabled(Unavailable):
    """Nobody opens tickets at the moment."""

    code = "tickets_disabled"
    text = "Tickets are switched off at the moment"
