"""English."""

from typing import Final

TABLE: Final = {
    # Tickets in which nobody says anything.
    "desk.closes_soon": "We have not heard from you since our answer. This conversation closes {when} if you do not "
    "write.",
}
