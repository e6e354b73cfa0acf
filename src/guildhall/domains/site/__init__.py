"""The site: what is configured while the server runs, for all faces and every process."""

from guildhall.domains.site.configuration import (
    CHANGED,
    Configuration,
    Outcome,
    Snapshot,
    change_configuration,
    read_configuration,
)
from guildhall.domains.site.discord import DiscordAccess, discord_of
from guildhall.domains.site.models import Change, KeyChange
from guildhall.domains.site.queries import list_changes
from guildhall.domains.site.sections import CLIENT_SECRET, KINDS, SECRETS, SECTIONS, TOKEN, Document
from guildhall.domains.site.values import plain

__all__ = [
    "CHANGED",
    "CLIENT_SECRET",
    "KINDS",
    "SECRETS",
    "SECTIONS",
    "TOKEN",
    "Change",
    "Configuration",
    "DiscordAccess",
    "Document",
    "KeyChange",
    "Outcome",
    "Snapshot",
    "change_configuration",
    "discord_of",
    "list_changes",
    "plain",
    "read_configuration",
]
