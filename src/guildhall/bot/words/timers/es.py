"""Español."""

from typing import Final

TABLE: Final = {
    # Tickets in which nobody says anything.
    "desk.closes_soon": "No sabemos nada de ti desde nuestra respuesta. Si no escribes, esta conversación se cierra "
    "{when}.",
}
