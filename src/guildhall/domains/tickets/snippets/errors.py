"""Refusals about snippets.

GuildhallError
├── NotFound
│   └── SnippetNotFound
├── Invalid
│   ├── InvalidSnippet       a key or text that breaks its form
│   ├── UnknownVariable      the text names something that nobody fills in
│   └── MissingArgument      the text wants more words than were given with its key
└── Conflict
    └── DuplicateKey         another snippet has the key
"""

from guildhall.core.errors import Conflict, Invalid, NotFound


class SnippetNotFound(NotFound):
    """No such snippet."""

    code = "snippet_not_found"
    text = "There is no such snippet"


class InvalidSnippet(Invalid):
    """A key or text that breaks its form."""

    code = "invalid_snippet"
    text = "A snippet has a key of up to 64 small letters, digits, hyphens and underscores, and 1 to 4000 characters"


class UnknownVariable(Invalid):
    """The text names something that nobody fills in; `details.variable` has the name."""

    code = "unknown_variable"
    text = "The text has a variable that does not exist"


class MissingArgument(Invalid):
    """The text wants a word that was not given with its key; `details.variable` has the name."""

    code = "missing_argument"
    text = "This snippet needs more words after its key"


class DuplicateKey(Conflict):
    """Another snippet has the key."""

    code = "duplicate_key"
    text = "Another snippet has this key"
