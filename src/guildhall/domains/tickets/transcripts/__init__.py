"""Transcripts of tickets, made on demand from what is stored: for staff or for the user, as JSON or as a page."""

from guildhall.domains.tickets.transcripts.documents import FORMAT, as_json
from guildhall.domains.tickets.transcripts.gathering import Audience, Happening, Said, Transcript, transcript_of
from guildhall.domains.tickets.transcripts.handing_out import hander_out_of, page_of
from guildhall.domains.tickets.transcripts.pages import as_html

__all__ = [
    "FORMAT",
    "Audience",
    "Happening",
    "Said",
    "Transcript",
    "as_html",
    "as_json",
    "hander_out_of",
    "page_of",
    "transcript_of",
]
