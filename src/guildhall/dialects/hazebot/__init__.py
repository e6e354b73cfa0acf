"""The hazebot dialect: tickets, notifications, configuration and administration under /api."""

from guildhall.dialects.hazebot import discord_sign_in, sessions
from guildhall.dialects.hazebot.face import Hazebot
from guildhall.web.routing import Route

__all__ = ["ROUTES", "Hazebot"]

ROUTES: tuple[Route, ...] = (
    # Coming and going: /api/auth, /api/discord, /api/ping
    sessions.log_in,
    sessions.verify_token,
    sessions.check_token,
    discord_sign_in.start_discord_login,
    discord_sign_in.finish_discord_login,
    sessions.get_session,
    sessions.refresh_token,
    sessions.log_out,
    sessions.create_monitoring_token,
    sessions.ping,
)
"""Every route of the dialect, in the order of its contract."""
