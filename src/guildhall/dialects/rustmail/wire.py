"""The forms that several groups of routes share."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from guildhall.core.actor import Credential
from guildhall.core.errors import GuildhallError, Invalid
from guildhall.domains.identity.errors import CsrfFailed, SessionEnded

SESSION: Final = Credential.SESSION
REFUSED: Final[tuple[type[GuildhallError], ...]] = (SessionEnded,)
"""What every route of the panel may refuse, besides what all routes may."""

REFUSED_TO_WRITE: Final[tuple[type[GuildhallError], ...]] = (*REFUSED, CsrfFailed)


class InvalidParameter(Invalid):
    """A parameter of the query is not what it should be."""

    code = "invalid_parameter"
    text = "A parameter has a value that is not allowed"


class Success(msgspec.Struct, frozen=True):
    """Done."""

    success: bool = True


def utc(moment: datetime) -> str:
    """Write an instant as RFC 3339 with Z, to the second, or finer where it is."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def epoch(moment: datetime) -> int:
    """Write an instant as whole seconds since 1970."""
    return int(moment.timestamp())


def epoch_or_none(moment: datetime | None) -> int | None:
    """Write an instant as whole seconds since 1970, or none as none."""
    return None if moment is None else epoch(moment)


def page_length(asked: int, *, most: int) -> int:
    """Return how many rows a page has: no more than the most. Raises InvalidParameter below one."""
    if asked < 1:
        raise InvalidParameter("limit is at least 1", field="limit")
    return min(asked, most)
