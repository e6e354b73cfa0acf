"""The rustmail dialect: modmail tickets, bot control and panel administration under /api."""

from guildhall.dialects.rustmail import apikeys, audit, bans, sign_in, staff, users
from guildhall.dialects.rustmail.face import Rustmail
from guildhall.web.routing import Route

__all__ = ["ROUTES", "Rustmail"]

ROUTES: tuple[Route, ...] = (
    # Coming and going: /api/auth
    sign_in.start_login,
    sign_in.finish_login,
    sign_in.end_session,
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
)
"""Every route of the dialect, in the order of its contract."""
