"""The Commons Hub dialect: apps, users, rooms, bookings and their calendars under /v1."""

from guildhall.dialects.commonshub import apps, calendars, rooms, users
from guildhall.dialects.commonshub.face import CommonsHub

__all__ = ["ROUTES", "CommonsHub"]

ROUTES = (
    # POST   /v1/apps                          GET /v1/apps
    apps.register_app,
    apps.list_apps,
    # DELETE /v1/apps/{appId}
    apps.revoke_app,
    # GET    /v1/rooms                         GET /v1/rooms/{roomId}         PUT /v1/rooms/{roomId}
    rooms.list_rooms,
    rooms.get_room,
    rooms.put_room,
    # GET    /v1/rooms/{roomId}/availability
    rooms.get_room_availability,
    # POST   /v1/rooms/{roomId}/book           DELETE /v1/rooms/{roomId}/book/{eventId}
    rooms.book_room,
    rooms.cancel_booking,
    # GET    /v1/rooms/{roomId}/calendar.ics   GET /v1/feeds/{feedToken}/shifts.ics
    calendars.get_room_calendar,
    calendars.get_shift_feed,
    # POST   /v1/users/me/calendar-feed
    calendars.rotate_calendar_feed,
    # GET    /v1/users/me                      PUT /v1/users/me               GET /v1/users/me/bookings
    users.get_me,
    users.update_me,
    users.list_my_bookings,
    # GET    /v1/users                         GET /v1/users/{userId}         PUT /v1/users/{userId}/roles
    users.list_users,
    users.get_user,
    users.set_user_roles,
)
"""Every route of the dialect, in the order of its contract."""
