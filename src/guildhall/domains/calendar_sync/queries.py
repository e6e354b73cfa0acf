"""Reads that both directions need and no other part does."""

from sqlalchemy import bindparam, select

from guildhall.core.db import query
from guildhall.domains.identity.models import ADMIN_ROLES, user_roles, users
from guildhall.domains.rooms.models import Booking, bookings

BOOKING = query(
    Booking, select(bookings).where(bookings.c.id == bindparam("id"), bookings.c.room_id == bindparam("room_id"))
)
BOOKING_LOCKED = query(
    Booking,
    select(bookings)
    .where(bookings.c.id == bindparam("id"), bookings.c.room_id == bindparam("room_id"))
    .with_for_update(),
)
ADMINISTRATORS = query(
    str,
    select(users.c.email)
    .join_from(user_roles, users, users.c.id == user_roles.c.user_id)
    .where(user_roles.c.role.in_(sorted(ADMIN_ROLES)), users.c.email.is_not(None))
    .distinct()
    .order_by(users.c.email),
)
