"""Refusals of commands at the front desk.

GuildhallError
├── Forbidden
│   ├── CommandOff         somebody switched it off
│   ├── CommandDenied      not for this person, here
│   └── MayNotInDiscord    Discord does not let the bot do this
├── NotFound
│   ├── NoTicketHere       a command for a ticket, in a channel that has none
│   ├── NoReplyThere       a menu of a message that is no reply of staff in this ticket
│   ├── NobodyThere        no member of the community by that id
│   └── NothingBlocked     there is no block to lift
├── Invalid
│   ├── UnreadableTime     no time, or one that is over
│   ├── MissingWord        the command wants something more; details: name
│   ├── UnreadableWord     this cannot be what the command wants; details: name
│   ├── UnknownLanguage    none that the bot speaks
│   ├── FilesNotSent       files do not travel with this command
│   └── FilesNotFetched    Discord does not hand them out, or they are too large
└── Conflict
    ├── AlreadyDone        the same use of a command came twice
    └── ChannelTaken       the channel belongs to a ticket already
"""

from guildhall.core.errors import Conflict, Forbidden, Invalid, NotFound


class CommandOff(Forbidden):
    """Somebody switched the command off, for everybody."""

    code = "command_off"
    text = "This command is switched off"


class CommandDenied(Forbidden):
    """The person may not use the command here."""

    code = "command_denied"
    text = "You may not use this command here"


class MayNotInDiscord(Forbidden):
    """Discord does not let the bot do this."""

    code = "bot_may_not"
    text = "Discord does not let the bot do this"


class NoTicketHere(NotFound):
    """The channel belongs to no ticket."""

    code = "no_ticket_here"
    text = "This channel belongs to no ticket"


class NoReplyThere(NotFound):
    """The message is no reply of staff in this channel's ticket."""

    code = "no_reply_there"
    text = "This message is no reply of the staff's"


class NobodyThere(NotFound):
    """Nobody who could be meant."""

    code = "nobody_there"
    text = "This is nobody of the community"


class NothingBlocked(NotFound):
    """The subject is not blocked."""

    code = "nothing_blocked"
    text = "There is no block of theirs"


class UnreadableTime(Invalid):
    """No time, or one that is over."""

    code = "unreadable_time"
    text = "This is no time to come; write 2h30m, 3d, 17:30 or 2024-02-01 09:00"


class MissingWord(Invalid):
    """The command wants something more; `details.name` says what."""

    code = "missing_word"
    text = "This command wants something more"


class UnreadableWord(Invalid):
    """What was typed cannot be what the command wants; `details.name` says what that is."""

    code = "unreadable_word"
    text = "This cannot be what the command wants"


class UnknownLanguage(Invalid):
    """None that the bot speaks."""

    code = "unknown_language"
    text = "The bot does not speak this language"


class FilesNotSent(Invalid):
    """Files do not travel with this command."""

    code = "files_not_sent"
    text = "This command sends no files"


class FilesNotFetched(Invalid):
    """Discord does not hand out the files, or they are larger than files may be."""

    code = "files_not_fetched"
    text = "The files could not be fetched, or they are too large"


class AlreadyDone(Conflict):
    """The same use of a command came twice, and had its effect."""

    code = "already_done"
    text = "This was done already"


class ChannelTaken(Conflict):
    """The channel belongs to a ticket, or cannot be one's."""

    code = "channel_taken"
    text = "This channel belongs to a ticket already"
