"""The attendance dialect: voice time, periods and signatures under /api/v1/guilds and /verify."""

from guildhall.dialects.attendance.face import Attendance
from guildhall.web.routing import Route

__all__ = ["ROUTES", "Attendance"]

ROUTES: tuple[Route, ...] = ()
"""Every route of the dialect, in the order of its contract."""
