"""Identity: people, what proves who they are, and what they may do."""

from guildhall.domains.identity.access_tokens import actor_with_token, mint_access_token
from guildhall.domains.identity.apps import (
    app_with_secret,
    ensure_master_key,
    is_master_key,
    live_apps,
    register_app,
    replace_master_key,
    revoke_app,
    touch_app,
    wants_touch,
)
from guildhall.domains.identity.feeds import feed_token_of, owner_of_feed, rotate_feed
from guildhall.domains.identity.grants import grants_of, identities_of, link_identity, set_grants, unlink_identity
from guildhall.domains.identity.keys import actor_with_key, create_key, keys_of, revoke_key
from guildhall.domains.identity.models import ApiKey, App, AppKind, Session, User
from guildhall.domains.identity.people import create_person, ensure_user, rename_user, set_roles, update_profile
from guildhall.domains.identity.permissions import Permission, permissions_of
from guildhall.domains.identity.policy import access_app, access_self, access_user, holds_admin
from guildhall.domains.identity.queries import (
    has_administrator,
    public_roles_of,
    roles_of,
    search_users,
    user_by_alias,
    user_known_as,
    user_who_signs_in_as,
)
from guildhall.domains.identity.sessions import (
    SignedIn,
    csrf_token,
    end_other_sessions,
    end_session,
    renew_session,
    sessions_of,
    signed_in_with,
    wants_renewal,
)
from guildhall.domains.identity.sign_in import (
    change_password,
    create_first_administrator,
    forget_what_is_over,
    set_password,
    sign_in,
)

__all__ = [
    "ApiKey",
    "App",
    "AppKind",
    "Permission",
    "Session",
    "SignedIn",
    "User",
    "access_app",
    "access_self",
    "access_user",
    "actor_with_key",
    "actor_with_token",
    "app_with_secret",
    "change_password",
    "create_first_administrator",
    "create_key",
    "create_person",
    "csrf_token",
    "end_other_sessions",
    "end_session",
    "ensure_master_key",
    "ensure_user",
    "feed_token_of",
    "forget_what_is_over",
    "grants_of",
    "has_administrator",
    "holds_admin",
    "identities_of",
    "is_master_key",
    "keys_of",
    "link_identity",
    "live_apps",
    "mint_access_token",
    "owner_of_feed",
    "permissions_of",
    "public_roles_of",
    "register_app",
    "rename_user",
    "renew_session",
    "replace_master_key",
    "revoke_app",
    "revoke_key",
    "roles_of",
    "rotate_feed",
    "search_users",
    "sessions_of",
    "set_grants",
    "set_password",
    "set_roles",
    "sign_in",
    "signed_in_with",
    "touch_app",
    "unlink_identity",
    "update_profile",
    "user_by_alias",
    "user_known_as",
    "user_who_signs_in_as",
    "wants_renewal",
    "wants_touch",
]
