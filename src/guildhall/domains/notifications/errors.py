"""Refusals of notifications.

GuildhallError
├── NotFound
│   └── MailNotFound
└── Conflict
    └── MailUnderWay       the mail was sent, or is still being tried
"""

from guildhall.core.errors import Conflict, NotFound


class MailNotFound(NotFound):
    """No such mail."""

    code = "mail_not_found"
    text = "There is no such mail"


class MailUnderWay(Conflict):
    """The mail needs no further try: it was sent, or another attempt comes by itself."""

    code = "mail_under_way"
    text = "This mail was sent, or will be tried again by itself"
