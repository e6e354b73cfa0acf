"""Français."""

from typing import Final

TABLE: Final = {
    # Tickets in which nobody says anything.
    "desk.closes_soon": "Nous n’avons pas de nouvelles de vous depuis notre réponse. Sans message de votre part, "
    "cette conversation se ferme {when}.",
    # Ratings.
    "desk.rate": "Comment avons-nous fait ?",
    "desk.rate.title": "Votre note",
    "desk.rate.why": "Voulez-vous nous dire pourquoi ?",
    "desk.rated": "Merci pour votre note.",
    "desk.log.rated": "{user} a donné {score} sur 5 pour le ticket {number}. {link}",
    "desk.log.commented": "{user} au sujet de la note du ticket {number} : {comment}",
    "error.already_rated": "Vous avez déjà donné une note. Merci.",
    "error.rating_over": "Il n’est plus possible de donner une note.",
    # Transcripts.
    "desk.transcript": "Transcription du ticket {number}, {user}",
}
