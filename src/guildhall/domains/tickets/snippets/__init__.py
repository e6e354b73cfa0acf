"""Snippets: answers that staff write once and send often."""

from guildhall.domains.tickets.snippets.keeping import (
    change_snippet,
    create_snippet,
    delete_snippet,
    note_use,
    use_snippet,
)
from guildhall.domains.tickets.snippets.models import Snippet
from guildhall.domains.tickets.snippets.policy import access_snippet_to_change
from guildhall.domains.tickets.snippets.queries import list_snippets
from guildhall.domains.tickets.snippets.rendering import VARIABLES, render_snippet, values_for

__all__ = [
    "VARIABLES",
    "Snippet",
    "access_snippet_to_change",
    "change_snippet",
    "create_snippet",
    "delete_snippet",
    "list_snippets",
    "note_use",
    "render_snippet",
    "use_snippet",
    "values_for",
]
