"""The hazebot dialect: tickets, notifications, configuration and administration under /api."""

from guildhall.dialects.hazebot.face import Hazebot
from guildhall.web.routing import Route

__all__ = ["ROUTES", "Hazebot"]

ROUTES: tuple[Route, ...] = ()
"""Every route of the dialect, in the order of its contract."""
