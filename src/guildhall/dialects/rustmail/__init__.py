"""The rustmail dialect: modmail tickets, bot control and panel administration under /api."""

from guildhall.dialects.rustmail.face import Rustmail
from guildhall.web.routing import Route

__all__ = ["ROUTES", "Rustmail"]

ROUTES: tuple[Route, ...] = ()
"""Every route of the dialect, in the order of its contract."""
