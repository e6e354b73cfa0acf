"""Settings of the attendance in Discord's voice channels, and of the systems that are told of it."""

from dataclasses import dataclass
from typing import Literal

from guildhall.settings.declaring import setting


@dataclass(frozen=True, kw_only=True)
class AttendanceSettings:
    """The attendance dialect."""

    internal_secret: str = setting(
        "API_INTERNAL_SECRET",
        default="",
        secret=True,
        help="Shared HS256 secret of the tokens that front ends mint; made once in DATA_DIR when unset.",
    )
    max_token_seconds: int = setting(
        "ATTENDANCE_MAX_TOKEN_SECONDS", default=0, help="Longest life of such a token; 0 for no limit."
    )
    max_gap: int = setting(
        "ATTENDANCE_MAX_GAP",
        default=300,
        help="Seconds that the bot may be away before the sessions of people in voice end where it last saw them.",
    )
    checkpoint_seconds: int = setting(
        "ATTENDANCE_CHECKPOINT_SECONDS",
        default=15,
        help="Seconds between the bot's notes that all is well, 20 at most; a crash forgets no more than that.",
    )
    default_tier: Literal["free", "pro"] = setting(
        "ATTENDANCE_DEFAULT_TIER", default="pro", help="Tier of a guild that is seen for the first time."
    )
    tier_lock: bool = setting(
        "ATTENDANCE_TIER_LOCK", default=False, help="Whether those who manage a guild may not switch its tier."
    )
    webhook_secret: str = setting(
        "WEBHOOK_SECRET",
        default="",
        secret=True,
        help="What senders of outside attendance show in x-webhook-secret; without it nothing is taken in.",
    )
    inbound: bool = setting(
        "ATTENDANCE_INBOUND", default=False, help="Whether attendance that other systems saw is taken in."
    )
    webhook_allow_private: bool = setting(
        "ATTENDANCE_WEBHOOK_ALLOW_PRIVATE",
        default=False,
        help="Whether webhooks may go to machines that are not public, and without TLS: for tests.",
    )
