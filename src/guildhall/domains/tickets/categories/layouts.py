"""The rules of what can be set of a category, without I/O."""

import re
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from guildhall.core.errors import Invalid, InvalidField
from guildhall.domains.identity.desk.granting import SNOWFLAKE
from guildhall.domains.tickets.categories.errors import InvalidCategoryName, InvalidFormField, InvalidRole
from guildhall.domains.tickets.categories.forms import check_fields
from guildhall.domains.tickets.categories.models import Layout

LONGEST_NAME: Final = 100
LONGEST_DESCRIPTION: Final = 100
LONGEST_ANSWER: Final = 2000
LONGEST_EMOJI: Final = 16
FARTHEST: Final = 1_000_000
MOST_ROLES: Final = 50
WORDY: Final = re.compile(r"[A-Za-z\s]")
CUSTOM_EMOJI: Final = re.compile(r"<a?:\w{2,32}:[0-9]{1,20}>", re.ASCII)


def check_layout(layout: Layout) -> Layout:
    """Return it with its texts trimmed and its ids in one spelling.

    Raises InvalidCategoryName, InvalidFormField for fields and answer, InvalidField for everything else.
    """
    return replace(
        layout,
        name=_name(layout.name),
        discord_category_id=_snowflake(layout.discord_category_id),
        description=_description(layout.description),
        emoji=_emoji(layout.emoji),
        position=_position(layout.position),
        fields=check_fields(layout.fields),
        answer=_answer(layout.answer),
        viewer_role_ids=check_roles(layout.viewer_role_ids, refusal=InvalidField, field="viewer_role_ids"),
    )


def check_roles(role_ids: Sequence[str], *, refusal: type[Invalid] = InvalidRole, field: str = "role_ids") -> list[str]:
    """Return ids of roles in one spelling. Raises `refusal` for none of Discord's, one twice, or more than 50."""
    known = [str(int(each)) for each in role_ids if SNOWFLAKE.fullmatch(each)]
    if len(known) != len(role_ids) or len(set(known)) != len(known) or len(known) > MOST_ROLES:
        raise refusal(InvalidRole.text, field=field)
    return known


def _name(raw: str) -> str:
    name = " ".join(raw.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidCategoryName(field="name")
    return name


def _snowflake(raw: str) -> str:
    if not SNOWFLAKE.fullmatch(raw):
        raise InvalidField("This is an id of Discord's, 1 to 20 digits", field="discord_category_id")
    return str(int(raw))


def _description(raw: str | None) -> str | None:
    description = " ".join((raw or "").split())
    if len(description) > LONGEST_DESCRIPTION:
        raise InvalidField(f"A description has at most {LONGEST_DESCRIPTION} characters", field="description")
    return description or None


def _emoji(raw: str | None) -> str | None:
    # Discord refuses a whole menu for one emoji that it does not know.
    emoji = (raw or "").strip()
    is_drawn = len(emoji) <= LONGEST_EMOJI and not emoji.isascii() and not WORDY.search(emoji)
    if emoji and not is_drawn and not CUSTOM_EMOJI.fullmatch(emoji):
        raise InvalidField("An emoji is one character, or a custom one as <:name:id>", field="emoji")
    return emoji or None


def _position(position: int | None) -> int | None:
    if position is not None and abs(position) > FARTHEST:
        raise InvalidField(f"A position is at most {FARTHEST}", field="position")
    return position


def _answer(raw: str | None) -> str | None:
    answer = (raw or "").strip()
    if len(answer) > LONGEST_ANSWER:
        raise InvalidFormField(f"An answer has at most {LONGEST_ANSWER} characters", field="answer")
    return answer or None
