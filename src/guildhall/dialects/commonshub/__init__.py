"""The Commons Hub dialect: apps, users, rooms, bookings and their calendars under /v1."""

from guildhall.dialects.commonshub import apps, calendars, devices, rewards, rooms, shifts, users
from guildhall.dialects.commonshub.face import CommonsHub

__all__ = ["ROUTES", "CommonsHub"]

ROUTES = (
    # Apps: /v1/apps and /v1/apps/{appId}
    apps.register_app,
    apps.list_apps,
    apps.revoke_app,
    # Rooms: /v1/rooms, /v1/rooms/{roomId}, .../availability, .../book and .../book/{eventId}
    rooms.list_rooms,
    rooms.get_room,
    rooms.put_room,
    rooms.get_room_availability,
    rooms.book_room,
    rooms.cancel_booking,
    # Calendars: /v1/rooms/{roomId}/calendar.ics, /v1/feeds/{feedToken}/shifts.ics and /v1/users/me/calendar-feed
    calendars.get_room_calendar,
    calendars.get_shift_feed,
    calendars.rotate_calendar_feed,
    # Device login: /v1/auth/device, its poll, /v1/auth/device/token, /v1/auth/verify, and /v1/users/me/tokens
    devices.start_device_login,
    devices.poll_device_login,
    devices.exchange_device_code,
    devices.verify_device_code,
    devices.list_my_tokens,
    devices.revoke_my_token,
    # Shifts: /v1/shifts, /v1/shifts/{date} and /v1/shifts/{date}/{slotIndex}/signup
    shifts.list_shifts,
    shifts.get_shifts_of_day,
    shifts.sign_up_for_shift,
    shifts.cancel_shift_signup,
    # Rewards: /v1/shifts/{date}/{slotIndex}/reward and /v1/users/me/rewards
    rewards.reward_shift,
    rewards.list_shift_rewards,
    rewards.list_my_rewards,
    # Users: /v1/users/me, /v1/users/me/bookings, /v1/users, /v1/users/{userId} and .../roles
    users.get_me,
    users.update_me,
    users.list_my_bookings,
    users.list_users,
    users.get_user,
    users.set_user_roles,
)
"""Every route of the dialect, in the order of its contract."""
