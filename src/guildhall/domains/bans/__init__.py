"""Bans: who was thrown out of the community's guild, by whom and why, kept for longer than Discord does."""

from guildhall.domains.bans.models import Ban, Sighting
from guildhall.domains.bans.port import BanLog
from guildhall.domains.bans.queries import bans_of, list_bans
from guildhall.domains.bans.reading import reader_of
from guildhall.domains.bans.seeing import note_sighting

__all__ = ["Ban", "BanLog", "Sighting", "bans_of", "list_bans", "note_sighting", "reader_of"]
