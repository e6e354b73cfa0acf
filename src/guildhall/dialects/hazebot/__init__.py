"""The hazebot dialect: tickets, notifications, configuration and administration under /api."""

from guildhall.dialects.hazebot import discord_sign_in, sessions, ticket_acts, ticket_config, ticket_opening, tickets
from guildhall.dialects.hazebot.face import Hazebot
from guildhall.dialects.hazebot.live import Live
from guildhall.web.routing import Route

__all__ = ["ROUTES", "Hazebot", "Live"]

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
    # Tickets: /api/tickets
    tickets.list_tickets,
    ticket_opening.create_ticket,
    tickets.list_my_tickets,
    tickets.get_ticket,
    ticket_acts.update_ticket,
    ticket_acts.delete_ticket,
    ticket_acts.send_ticket_message,
    tickets.list_ticket_messages,
    ticket_acts.post_ticket_message,
    ticket_acts.close_ticket,
    ticket_acts.reopen_ticket,
    ticket_acts.claim_ticket,
    ticket_acts.assign_ticket,
    ticket_acts.mark_ticket_read,
    tickets.get_ticket_transcript,
    # Configuration: /api/config
    ticket_config.get_tickets_config,
    ticket_config.update_tickets_config,
    ticket_config.reset_tickets_config,
)
"""Every route of the dialect, in the order of its contract."""
