"""The veza dialect: tracks, market, live streams, files and social under /api/v1."""

from guildhall.dialects.veza.face import Veza
from guildhall.web.routing import Route

__all__ = ["ROUTES", "Veza"]

ROUTES: tuple[Route, ...] = ()
"""Every route of the dialect, in the order of its contract."""
