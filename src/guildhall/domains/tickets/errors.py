"""Refusals of the front desk.

GuildhallError
├── NotFound
│   ├── TicketNotFound      unknown, deleted, or in a category that the viewer may not see
│   ├── MessageNotFound
│   ├── CategoryNotFound
│   ├── ReminderNotFound    also one that is done or was called off
│   ├── UserNotFound        not on the community's server
│   └── StaffNotFound       nobody who works on tickets
├── Invalid
│   ├── EmptyMessage
│   ├── MessageTooLong
│   ├── InvalidTag          a tag or label that breaks its form
│   ├── InvalidTime         in the past, or more than a year ahead
│   ├── NotStaff            nobody is assigned who may not work on tickets
│   └── BotUser             no ticket is opened for a bot
├── Forbidden
│   ├── NotMessageAuthor    only the author changes a reply
│   ├── NotClaimer
│   ├── UserBlocked
│   ├── NotTicketOwner
│   └── OwnerMayNotClose    only staff close and reopen here
├── Unavailable
│   ├── TicketsDisabled     nobody opens one at the moment
│   └── DeskOffline         the bot, which makes the channels, is not connected
└── Conflict
    ├── TicketAlreadyOpen   details: ticket_id, and channel_id once there is one
    ├── TooManyOpen
    ├── TicketClosed
    ├── TicketOpen
    ├── TicketClaimed       somebody else has it
    ├── MessageDeleted
    ├── AlreadyRated        each closing is rated once, with one comment
    ├── RatingOver          it is open again, or was closed too long ago
    ├── TooManyReopens      the owner has opened it again as often as they may
    └── TooLate             it was closed too long ago for its owner to open it again
"""

from guildhall.core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class TicketNotFound(NotFound):
    """No such ticket, or none that the viewer may know of."""

    code = "ticket_not_found"
    text = "There is no such ticket"


class MessageNotFound(NotFound):
    """No such message in this ticket."""

    code = "message_not_found"
    text = "There is no such message in this ticket"


class CategoryNotFound(NotFound):
    """No such category."""

    code = "category_not_found"
    text = "There is no such category"


class ReminderNotFound(NotFound):
    """No such reminder waits in this ticket."""

    code = "reminder_not_found"
    text = "There is no such reminder in this ticket"


class UserNotFound(NotFound):
    """Nobody of this id is on the community's server."""

    code = "user_not_found"
    text = "User not found in community server"


class StaffNotFound(NotFound):
    """Nobody of this id works on tickets."""

    code = "staff_not_found"
    text = "Staff member not found"


class EmptyMessage(Invalid):
    """Nothing but spaces."""

    code = "empty_message"
    text = "Write something first"


class MessageTooLong(Invalid):
    """Longer than a message may be."""

    code = "message_too_long"
    text = "A message has at most 4000 characters"


class InvalidTag(Invalid):
    """A tag or label that breaks its form, or too many tags."""

    code = "invalid_tag"
    text = "A tag has up to 32 small letters, digits, hyphens and underscores, a label up to 50 characters"


class InvalidTime(Invalid):
    """In the past, or more than a year ahead."""

    code = "invalid_time"
    text = "The time lies between now and a year from now"


class NotStaff(Invalid):
    """Somebody who may not work on tickets."""

    code = "not_staff"
    text = "Tickets are assigned to staff"


class BotUser(Invalid):
    """A bot has no use for a ticket."""

    code = "bot_user"
    text = "This user is a bot"


class UserBlocked(Forbidden):
    """The person may not write to the desk."""

    code = "user_blocked"
    text = "This user is blocked"


class TicketsDisabled(Unavailable):
    """Tickets are switched off."""

    code = "tickets_disabled"
    text = "Tickets are switched off at the moment"


class DeskOffline(Unavailable):
    """The bot is not connected, so no channel can be made."""

    code = "bot_offline"
    text = "The bot is not connected"


class NotMessageAuthor(Forbidden):
    """Somebody else wrote it."""

    code = "not_author"
    text = "Only its author may do this to a message"


class NotClaimer(Forbidden):
    """Somebody else has claimed the ticket."""

    code = "not_claimer"
    text = "Only who has claimed this ticket may give it back"


class NotTicketOwner(Forbidden):
    """Somebody else's ticket."""

    code = "not_ticket_owner"
    text = "This is another person's ticket"


class OwnerMayNotClose(Forbidden):
    """The house lets only staff close tickets and open them again."""

    code = "owner_may_not_close"
    text = "Only staff close tickets and open them again"


class TicketAlreadyOpen(Conflict):
    """The person has an open ticket already."""

    code = "ticket_already_open"
    text = "This person has an open ticket already"


class TooManyOpen(Conflict):
    """The person has as many open tickets as they may have."""

    code = "too_many_open_tickets"
    text = "Close one of your open tickets first"


class TicketClosed(Conflict):
    """It is closed."""

    code = "ticket_closed"
    text = "This ticket is closed"


class TicketOpen(Conflict):
    """It is open."""

    code = "ticket_open"
    text = "This ticket is open"


class TicketClaimed(Conflict):
    """Somebody else has it."""

    code = "ticket_claimed"
    text = "Somebody else has claimed this ticket"


class MessageDeleted(Conflict):
    """It was deleted."""

    code = "message_deleted"
    text = "This message was deleted"


class TooManyReopens(Conflict):
    """The owner has opened it again as often as they may."""

    code = "too_many_reopens"
    text = "This ticket was opened again too often; open a new one"


class TooLate(Conflict):
    """It was closed too long ago."""

    code = "too_late"
    text = "This ticket was closed too long ago; open a new one"


class AlreadyRated(Conflict):
    """Each closing is rated once, with one comment."""

    code = "already_rated"
    text = "This was rated already"


class RatingOver(Conflict):
    """The ticket is open again, or was closed too long ago to be rated."""

    code = "rating_over"
    text = "This can no longer be rated"
