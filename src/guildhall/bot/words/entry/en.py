"""English."""

from typing import Final

TABLE: Final = {
    # The message on the server from which people open tickets.
    "desk.entry.invite.title": "Talk to the team",
    "desk.entry.invite.choose": "Choose what it is about. Only you and the team will see what you write.",
    "desk.entry.invite.text": "Do you need something? Only you and the team will see what you write.",
    "desk.entry.invite.open": "Open a ticket",
    # The last look before a ticket opens.
    "desk.entry.confirm.title": "Open this ticket?",
    "desk.entry.confirm.text": "The team sees it as soon as you open it.",
    "desk.entry.confirm.open": "Open ticket",
    "desk.entry.confirm.cancel": "Cancel",
    "desk.entry.cancelled": "Nothing was opened. You can ask again whenever you like.",
    "desk.entry.opening": "Your ticket is being opened.",
    "desk.entry.opened": "Your ticket is open. I have sent you a direct message: write there what it is about.",
    "desk.entry.direct": "Your ticket is open in {place}, because you take no direct messages. Only you and the team "
    "see it.",
    "desk.entry.has_ticket": "You have an open ticket already. Write to me in a direct message.",
    "desk.entry.too_many": "You have as many open tickets as you may have at once. Close one of them first.",
    # A channel that somebody of the staff has made by hand.
    "desk.entry.whose": "Whose ticket is this channel for? Name a member, and it becomes their ticket.",
    "desk.entry.whose.open": "Name the member",
    "desk.entry.whose.title": "Whose ticket is it?",
    "desk.entry.whose.member": "Member",
    "desk.entry.whose.id": "The member’s id at Discord",
    "desk.entry.adopted": "This is the channel of ticket #{number} now. {user} hears of it with your first reply.",
    "error.channel_taken": "This channel belongs to a ticket already.",
    "error.user_blocked": "This person is blocked from the desk.",
    "error.user_not_found": "This is no member of the community.",
    "error.bot_user": "This is a bot, and bots have no tickets.",
}
