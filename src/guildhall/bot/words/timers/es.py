"""Español."""

from typing import Final

TABLE: Final = {
    # Tickets in which nobody says anything.
    "desk.closes_soon": "No sabemos nada de ti desde nuestra respuesta. Si no escribes, esta conversación se cierra "
    "{when}.",
    # Ratings.
    "desk.rate": "¿Qué tal lo hemos hecho?",
    "desk.rate.title": "Tu valoración",
    "desk.rate.why": "¿Quieres decirnos por qué?",
    "desk.rated": "Gracias por tu valoración.",
    "desk.log.rated": "{user} ha dado {score} de 5 por el ticket {number}. {link}",
    "desk.log.commented": "{user} sobre la valoración del ticket {number}: {comment}",
    "error.already_rated": "Ya lo has valorado. Gracias.",
    "error.rating_over": "Ya no se puede valorar.",
    # Transcripts.
    "desk.transcript": "Transcripción del ticket {number}, {user}",
}
