"""The rustmail dialect: modmail tickets, bot control and panel administration under /api."""

from guildhall.dialects.rustmail import (
    apikeys,
    attachments,
    audit,
    bans,
    blocks,
    bot,
    categories,
    config,
    external,
    events,
    messages,
    profile,
    sign_in,
    snippets,
    staff,
    statistics,
    tickets,
    transcripts,
    users,
)
from guildhall.dialects.rustmail.face import Rustmail
from guildhall.web.routing import Route

__all__ = ["ROUTES", "Rustmail"]

ROUTES: tuple[Route, ...] = (
    # Coming and going: /api/auth
    sign_in.start_login,
    sign_in.finish_login,
    sign_in.end_session,
    # Tickets: /api/bot/tickets
    tickets.list_tickets,
    tickets.open_ticket,
    tickets.get_ticket,
    tickets.update_ticket,
    messages.list_ticket_messages,
    messages.send_ticket_message,
    messages.edit_ticket_message,
    messages.delete_ticket_message,
    tickets.close_ticket,
    tickets.reopen_ticket,
    tickets.claim_ticket,
    tickets.release_ticket,
    transcripts.get_transcript,
    attachments.get_attachment,
    events.stream_events,
    # The bot and what is configured: /api/bot
    bot.get_bot_status,
    bot.start_bot,
    bot.stop_bot,
    bot.restart_bot,
    bot.update_presence,
    statistics.get_statistics,
    profile.get_bot_profile,
    profile.update_bot_profile,
    config.get_config,
    config.update_config,
    # What other systems do with a key: /api/externals
    external.create_external_ticket,
    external.list_external_tickets,
    external.get_external_ticket,
    external.send_external_message,
    external.close_external_ticket,
    # Keys of other systems: /api/apikeys
    apikeys.list_api_keys,
    apikeys.create_api_key,
    apikeys.revoke_api_key,
    apikeys.delete_api_key,
    # Administration: /api/admin
    staff.list_members,
    staff.list_roles,
    staff.list_permissions,
    staff.grant_permission,
    staff.revoke_permission,
    bans.list_bans,
    audit.list_audit_entries,
    # Oneself: /api/user and /api/panel
    users.get_user_avatar,
    users.get_user_permissions,
    users.check_panel_access,
    # What people choose from: /api/categories
    categories.list_categories,
    categories.create_category,
    categories.get_category_settings,
    categories.update_category_settings,
    categories.update_category,
    categories.delete_category,
    categories.list_category_roles,
    categories.add_category_role,
    categories.set_category_roles,
    categories.clear_category_roles,
    categories.remove_category_role,
    # Answers that are sent often, and who may not write: /api/snippets and /api/blocks
    snippets.list_snippets,
    snippets.create_snippet,
    snippets.update_snippet,
    snippets.delete_snippet,
    blocks.list_blocks,
    blocks.create_block,
    blocks.delete_block,
)
"""Every route of the dialect, in the order of its contract."""
