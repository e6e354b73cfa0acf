"""Deutsch."""

from typing import Final

TABLE: Final = {
    # Tickets in which nobody says anything.
    "desk.closes_soon": "Seit unserer Antwort haben wir nichts von dir gehört. Wenn du nicht schreibst, endet dieses "
    "Gespräch {when}.",
}
