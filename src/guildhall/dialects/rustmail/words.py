"""The dialect's words for what somebody may do at the desk."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from guildhall.core.actor import Actor
from guildhall.domains.identity import Permission

WORDS: Final[Mapping[str, Permission]] = MappingProxyType(
    {
        "view_panel": Permission.VIEW_DESK,
        "view_tickets": Permission.VIEW_TICKETS,
        "manage_tickets": Permission.MANAGE_TICKETS,
        "manage_bot": Permission.MANAGE_BOT,
        "manage_config": Permission.MANAGE_CONFIG,
        "manage_api_keys": Permission.MANAGE_DESK_KEYS,
        "manage_permissions": Permission.MANAGE_DESK_GRANTS,
        "manage_categories": Permission.MANAGE_CATEGORIES,
        "manage_snippets": Permission.MANAGE_SNIPPETS,
        "manage_blocks": Permission.MANAGE_BLOCKS,
        "view_bans": Permission.VIEW_BANS,
        "view_audit": Permission.SEE_AUDIT,
    }
)
WORD_OF: Final = MappingProxyType({permission: word for word, permission in WORDS.items()})
SPELLINGS: Final = MappingProxyType({word.title().replace("_", ""): permission for word, permission in WORDS.items()})
"""How older clients write the same words: ViewTickets."""


def permission_named(word: str) -> Permission | None:
    """Return what a word in either spelling means, None for one that means nothing here."""
    return WORDS.get(word) or SPELLINGS.get(word)


def words_of(actor: Actor) -> list[str]:
    """Return what somebody may do, in the order of the contract."""
    return [word for word, permission in WORDS.items() if actor.may(permission)]
