"""English."""

from typing import Final

TABLE: Final = {
    # Tickets in which nobody says anything.
    "desk.closes_soon": "We have not heard from you since our answer. This conversation closes {when} if you do not "
    "write.",
    # Ratings.
    "desk.rate": "How did we do?",
    "desk.rate.title": "Your rating",
    "desk.rate.why": "Would you like to tell us why?",
    "desk.rated": "Thank you for your rating.",
    "desk.log.rated": "{user} gave {score} of 5 for ticket {number}. {link}",
    "desk.log.commented": "{user} about the rating of ticket {number}: {comment}",
    "error.already_rated": "You have rated this already. Thank you.",
    "error.rating_over": "This can no longer be rated.",
    # Transcripts.
    "desk.transcript": "Transcript of ticket {number}, {user}",
    # Reminders and alerts.
    "desk.reminder": "Reminder {id}: {text}",
    "desk.alert": "{user} has written.",
    "commands.remind": "remind",
    "commands.remind.about": "Be reminded here at a time, with the roles that the text mentions",
    "commands.unremind": "unremind",
    "commands.unremind.about": "Call a reminder off, by its number",
    "commands.reminder_subscription": "reminder_subscription",
    "commands.reminder_subscription.about": "Choose whether reminders for a role ping you",
    "commands.alert": "alert",
    "commands.alert.about": "Be pinged when the user writes next, or each time",
    "commands.option.switch": "switch",
    "commands.option.switch.about": "on or off",
    "commands.option.mode": "mode",
    "commands.option.mode.about": "Each time, or no more",
    "commands.choice.on": "on",
    "commands.choice.off": "off",
    "commands.choice.always": "each time",
    "commands.choice.cancel": "no more",
    "commands.said.remind": "Reminder {id} comes {left}: {when}.",
    "commands.said.unremind": "Reminder {id} is called off.",
    "commands.said.subscribed": "Reminders for {role} ping you.",
    "commands.said.unsubscribed": "Reminders for {role} leave you alone.",
    "commands.said.alert": "You are pinged when the user writes.",
    "commands.said.alert.always": "You are pinged each time the user writes.",
    "commands.said.alert.cancelled": "You are pinged no more.",
    "commands.said.alert.none": "You were not going to be pinged.",
    "error.reminder_not_found": "No such reminder waits in this ticket.",
    # Who has left, and transcripts and recovery on demand.
    "desk.left": "{user} has left the community. Does this ticket stay open?",
    "desk.button.close": "Close it",
    "desk.button.keep": "Keep it open",
    "desk.kept": "{name} keeps this ticket open.",
    "commands.transcript": "transcript",
    "commands.transcript.about": "Post all that was said in this ticket as a file",
    "commands.said.transcript": "The transcript is on its way.",
    "commands.recover": "recover",
    "commands.recover.about": "Read what was written while the bot was away",
    "commands.said.recover": "The bot reads what was missed.",
}
