"""The attendance dialect: voice time, periods and signatures under /api/v1/guilds, /verify and /tlog."""

from guildhall.dialects.attendance import (
    analytics,
    destinations,
    guilds,
    inbound,
    periods,
    public,
    roles,
    signing,
    tracking,
    webhooks,
)
from guildhall.dialects.attendance.face import Attendance
from guildhall.web.routing import Route

__all__ = ["ROUTES", "Attendance"]

ROUTES: tuple[Route, ...] = (
    # For everybody: /verify and /tlog
    public.verify_session_public,
    public.verify_period_public,
    public.list_public_keys,
    public.get_session_proof,
    public.get_period_proof,
    public.get_log_checkpoint,
    public.get_log_tile,
    public.get_log_entries,
    # For other systems: /webhooks/attendance
    inbound.receive_attendance,
    # For those who manage a guild, below /api/v1/guilds/{guild_id}: figures
    guilds.get_overview,
    analytics.get_leaderboard,
    analytics.get_user_stats,
    analytics.get_channel_stats,
    analytics.get_heatmap,
    analytics.get_live_occupancy,
    analytics.list_sessions,
    signing.get_session_receipt,
    # What is tracked and how it counts
    tracking.update_tracking_mode,
    tracking.list_tracked_channels,
    tracking.add_tracked_channel,
    tracking.remove_tracked_channel,
    tracking.get_fairness,
    tracking.update_fairness,
    # Periods
    periods.update_reset_interval,
    periods.reset_period_now,
    periods.list_archived_periods,
    # Signing
    signing.generate_signing_keys,
    signing.rotate_signing_keys,
    signing.unlock_signing_key,
    signing.lock_signing_key,
    signing.get_signing_status,
    signing.get_public_key,
    signing.verify_session,
    signing.verify_period,
    signing.export_period,
    # Where posts go
    destinations.list_log_destinations,
    destinations.add_log_destination,
    destinations.remove_log_destination,
    destinations.update_log_types,
    destinations.update_log_frequency,
    # Outbound webhooks
    webhooks.get_webhook_settings,
    webhooks.update_webhook_settings,
    webhooks.send_test_webhook,
    webhooks.list_webhook_deliveries,
    webhooks.retry_webhook_delivery,
    # Roles for attendance
    roles.list_verified_roles,
    roles.put_verified_role,
    roles.delete_verified_role,
    # The guild on Discord and its tier
    guilds.list_guild_channels,
    guilds.check_bot_present,
    guilds.get_subscription,
    guilds.update_subscription,
)
"""Every route of the dialect, in the order of its contract."""
