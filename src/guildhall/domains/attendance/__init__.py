"""Voice attendance: who was where and how long, signed so that nobody can change it later without being seen."""

from guildhall.domains.attendance.administration import (
    set_fairness,
    set_mode,
    set_schedule,
    set_tier,
    track_channel,
    untrack_channel,
)
from guildhall.domains.attendance.boards import (
    Board,
    ChannelFigures,
    Cursor,
    History,
    OccupiedChannel,
    SessionLine,
    UserFigures,
    board_of,
    figures_of_channel,
    figures_of_user,
    history_of,
    last_archive_of,
    occupancy_of,
    period_of,
    sessions_of,
    tracked_channels_of,
    voices_of,
)
from guildhall.domains.attendance.directory import (
    DiscordGuild,
    GuildChannel,
    GuildDirectory,
    GuildMember,
    GuildRole,
    Overwrite,
    Profile,
    check_manager,
)
from guildhall.domains.attendance.entrance import access_pro_guild, enter_guild, resetter_of
from guildhall.domains.attendance.heatmaps import Bucket, Heatmap, heatmap_of
from guildhall.domains.attendance.key_models import (
    SigningKey,
)
from guildhall.domains.attendance.keyring import (
    Keyring,
)
from guildhall.domains.attendance.keys import (
    Unlocked,
    forget_attempts,
    generate_key,
    heed_locks,
    lock_key,
    rotate_key,
    unlock_key,
)
from guildhall.domains.attendance.models import (
    EndReason,
    Guild,
    Mode,
    Period,
    Session,
    Source,
    Tier,
    TrackedChannel,
    Voice,
)
from guildhall.domains.attendance.outside import Recorded, record_outside_session
from guildhall.domains.attendance.policy import FREE_ARCHIVES, access_guild, list_guilds
from guildhall.domains.attendance.receipts import (
    period_export,
    period_proof,
    session_proof,
    session_receipt,
)
from guildhall.domains.attendance.records import Policy
from guildhall.domains.attendance.resets import Reset, due_guilds, is_live, reset_if_due, reset_now
from guildhall.domains.attendance.scene import Scene
from guildhall.domains.attendance.schedules import Anchor, Interval, Schedule, Weekday
from guildhall.domains.attendance.signing import (
    SIGN_PENDING,
    keep_signing,
    signer_of,
)
from guildhall.domains.attendance.states import State
from guildhall.domains.attendance.status import (
    SigningStatus,
    public_keys,
    signing_status,
)
from guildhall.domains.attendance.streaks import Streak, streak_of
from guildhall.domains.attendance.verification import (
    PeriodVerdict,
    SessionVerdict,
    verify_period,
    verify_session,
)
from guildhall.domains.attendance.watch import Watch
from guildhall.domains.attendance.watching import (
    Picture,
    Seen,
    begin_gap,
    bot_removed,
    checkpoint,
    end_gap,
    lost_guilds,
    see_guild,
    set_afk_channel,
    take_picture,
    voice_changed,
)
from guildhall.domains.attendance.webhooks.addresses import set_webhook
from guildhall.domains.attendance.webhooks.courier import Courier
from guildhall.domains.attendance.webhooks.deliveries import begin_test, forget_deliveries, retry_delivery
from guildhall.domains.attendance.webhooks.events import queue_role_event
from guildhall.domains.attendance.webhooks.models import Delivery, DeliveryState, Webhook, WebhookEvent
from guildhall.domains.attendance.webhooks.queries import access_delivery
from guildhall.domains.attendance.webhooks.reading import deliveries_of, webhook_of

__all__ = [
    "FREE_ARCHIVES",
    "SIGN_PENDING",
    "Anchor",
    "Board",
    "Bucket",
    "ChannelFigures",
    "Courier",
    "Cursor",
    "Delivery",
    "DeliveryState",
    "DiscordGuild",
    "EndReason",
    "Guild",
    "GuildChannel",
    "GuildDirectory",
    "GuildMember",
    "GuildRole",
    "Heatmap",
    "History",
    "Interval",
    "Keyring",
    "Mode",
    "OccupiedChannel",
    "Overwrite",
    "Period",
    "PeriodVerdict",
    "Picture",
    "Policy",
    "Profile",
    "Recorded",
    "Reset",
    "Scene",
    "Schedule",
    "Seen",
    "Session",
    "SessionLine",
    "SessionVerdict",
    "SigningKey",
    "SigningStatus",
    "Source",
    "State",
    "Streak",
    "Tier",
    "TrackedChannel",
    "Unlocked",
    "UserFigures",
    "Voice",
    "Watch",
    "Webhook",
    "WebhookEvent",
    "Weekday",
    "access_delivery",
    "access_guild",
    "access_pro_guild",
    "begin_gap",
    "begin_test",
    "board_of",
    "bot_removed",
    "check_manager",
    "checkpoint",
    "deliveries_of",
    "due_guilds",
    "end_gap",
    "enter_guild",
    "figures_of_channel",
    "figures_of_user",
    "forget_attempts",
    "forget_deliveries",
    "generate_key",
    "heatmap_of",
    "heed_locks",
    "history_of",
    "is_live",
    "keep_signing",
    "last_archive_of",
    "list_guilds",
    "lock_key",
    "lost_guilds",
    "occupancy_of",
    "period_export",
    "period_of",
    "period_proof",
    "public_keys",
    "queue_role_event",
    "record_outside_session",
    "reset_if_due",
    "reset_now",
    "resetter_of",
    "retry_delivery",
    "rotate_key",
    "see_guild",
    "session_proof",
    "session_receipt",
    "sessions_of",
    "set_afk_channel",
    "set_fairness",
    "set_mode",
    "set_schedule",
    "set_tier",
    "set_webhook",
    "signer_of",
    "signing_status",
    "streak_of",
    "take_picture",
    "track_channel",
    "tracked_channels_of",
    "unlock_key",
    "untrack_channel",
    "verify_period",
    "verify_session",
    "voice_changed",
    "voices_of",
    "webhook_of",
]
