"""The panel: server-rendered pages for people. Its URL table on one page."""

from guildhall.panel import bookings, calendar, entrance
from guildhall.panel.face import Panel

__all__ = ["ROUTES", "Panel"]

ROUTES = (
    # GET  /panel          GET and POST /panel/sign-in          POST /panel/sign-out    POST /panel/theme
    entrance.show_front_page,
    entrance.show_sign_in,
    entrance.sign_in,
    entrance.sign_out,
    entrance.choose_theme,
    # GET  /panel/static/{name}             GET /panel/live
    entrance.get_static,
    entrance.follow,
    # GET  /panel/rooms                     GET /panel/rooms/{room_id}
    calendar.show_week,
    calendar.show_room,
    # GET and POST /panel/book
    bookings.show_booking_form,
    bookings.book,
    # GET  /panel/bookings                  GET /panel/bookings/{booking_id}            POST .../cancel
    bookings.show_own_bookings,
    bookings.show_booking,
    bookings.cancel,
)
"""Every route of the panel, wing by wing."""
