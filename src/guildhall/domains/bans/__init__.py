"""Bans: who was thrown out of the community's guild, by whom and why, kept for longer than Discord does."""

from guildhall.domains.bans.models import Ban
from guildhall.domains.bans.port import BanLog
from guildhall.domains.bans.queries import bans_of, list_bans
from guildhall.domains.bans.reading import reader_of

__all__ = ["Ban", "BanLog", "bans_of", "list_bans", "reader_of"]
