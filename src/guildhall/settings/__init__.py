"""The settings: one frozen tree, read once from the environment and `.env`, then passed down.

Each setting is declared once, in the module of its family, with its names, its default and its meaning;
`docs/settings.md` is made from these. Nothing reads the environment elsewhere.
"""

from guildhall.settings.community import NamedAccount
from guildhall.settings.declaring import SettingsError, Snowflake
from guildhall.settings.discord import SIGN_IN_BACK, SIGN_IN_BACK_OF_API, SIGN_IN_BACK_OF_COMMUNITY, DiscordSettings
from guildhall.settings.reading import load_settings
from guildhall.settings.server import ServerSettings, StoreSettings
from guildhall.settings.tree import Settings, documented

__all__ = [
    "SIGN_IN_BACK",
    "SIGN_IN_BACK_OF_API",
    "SIGN_IN_BACK_OF_COMMUNITY",
    "DiscordSettings",
    "NamedAccount",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "Snowflake",
    "StoreSettings",
    "documented",
    "load_settings",
]
