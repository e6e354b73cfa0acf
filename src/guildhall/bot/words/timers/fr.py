"""Français."""

from typing import Final

TABLE: Final = {
    # Tickets in which nobody says anything.
    "desk.closes_soon": "Nous n’avons pas de nouvelles de vous depuis notre réponse. Sans message de votre part, "
    "cette conversation se ferme {when}.",
}
