"""Deutsch."""

from typing import Final

TABLE: Final = {
    # Tickets in which nobody says anything.
    "desk.closes_soon": "Seit unserer Antwort haben wir nichts von dir gehört. Wenn du nicht schreibst, endet dieses "
    "Gespräch {when}.",
    # Ratings.
    "desk.rate": "Wie haben wir das gemacht?",
    "desk.rate.title": "Deine Bewertung",
    "desk.rate.why": "Magst du sagen, warum?",
    "desk.rated": "Danke für deine Bewertung.",
    "desk.log.rated": "{user} hat für Ticket {number} {score} von 5 gegeben. {link}",
    "desk.log.commented": "{user} zur Bewertung von Ticket {number}: {comment}",
    "error.already_rated": "Das hast du schon bewertet. Danke.",
    "error.rating_over": "Das kann nicht mehr bewertet werden.",
    # Transcripts.
    "desk.transcript": "Mitschrift von Ticket {number}, {user}",
}
