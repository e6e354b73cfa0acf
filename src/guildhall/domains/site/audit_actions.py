"""What Discord's audit log knows of: its names for deeds, and the numbers by which entries have them."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from guildhall.domains.site.values import Spelled

NUMBERS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "guild_update": 1,
        "channel_create": 10,
        "channel_update": 11,
        "channel_delete": 12,
        "channel_overwrite_create": 13,
        "channel_overwrite_update": 14,
        "channel_overwrite_delete": 15,
        "member_kick": 20,
        "member_prune": 21,
        "member_ban_add": 22,
        "member_ban_remove": 23,
        "member_update": 24,
        "member_role_update": 25,
        "member_move": 26,
        "member_disconnect": 27,
        "bot_add": 28,
        "role_create": 30,
        "role_update": 31,
        "role_delete": 32,
        "invite_create": 40,
        "invite_update": 41,
        "invite_delete": 42,
        "webhook_create": 50,
        "webhook_update": 51,
        "webhook_delete": 52,
        "emoji_create": 60,
        "emoji_update": 61,
        "emoji_delete": 62,
        "message_delete": 72,
        "message_bulk_delete": 73,
        "message_pin": 74,
        "message_unpin": 75,
        "integration_create": 80,
        "integration_update": 81,
        "integration_delete": 82,
        "stage_instance_create": 83,
        "stage_instance_update": 84,
        "stage_instance_delete": 85,
        "sticker_create": 90,
        "sticker_update": 91,
        "sticker_delete": 92,
        "guild_scheduled_event_create": 100,
        "guild_scheduled_event_update": 101,
        "guild_scheduled_event_delete": 102,
        "thread_create": 110,
        "thread_update": 111,
        "thread_delete": 112,
        "application_command_permission_update": 121,
        "soundboard_sound_create": 130,
        "soundboard_sound_update": 131,
        "soundboard_sound_delete": 132,
        "auto_moderation_rule_create": 140,
        "auto_moderation_rule_update": 141,
        "auto_moderation_rule_delete": 142,
        "auto_moderation_block_message": 143,
        "auto_moderation_flag_to_channel": 144,
        "auto_moderation_user_comm_disabled": 145,
        "auto_moderation_quarantine_user": 146,
        "creator_monetization_request_created": 150,
        "creator_monetization_terms_accepted": 151,
        "onboarding_prompt_create": 163,
        "onboarding_prompt_update": 164,
        "onboarding_prompt_delete": 165,
        "onboarding_create": 166,
        "onboarding_update": 167,
        "guild_home_feature_item": 171,
        "guild_home_remove_item": 172,
        "harmful_links_blocked_message": 180,
        "home_settings_create": 190,
        "home_settings_update": 191,
        "voice_channel_status_create": 192,
        "voice_channel_status_delete": 193,
        "guild_scheduled_event_exception_create": 200,
        "guild_scheduled_event_exception_update": 201,
        "guild_scheduled_event_exception_delete": 202,
        "guild_profile_update": 211,
    }
)
"""The number of each action, by Discord's name for it in small letters."""

NAMES: Final[Mapping[int, str]] = MappingProxyType({number: name for name, number in NUMBERS.items()})


class AuditAction(Spelled):
    """An action of Discord's audit log, by Discord's name for it; capital letters are fine."""

    __slots__ = ()
    form = re.compile(r"\s*[A-Za-z_]{1,64}\s*")
    said = "must be names that Discord's audit log has, such as member_ban_add"

    @classmethod
    def spell(cls, text: str) -> str:
        """Return the name in small letters. Raises ValueError for one that Discord does not have."""
        name = text.strip().lower()
        if name not in NUMBERS:
            raise ValueError(f"{cls.said}; there is no {name}")
        return name
