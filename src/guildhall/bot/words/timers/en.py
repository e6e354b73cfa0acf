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
}
