"""When somebody of the staff is there, without I/O."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from guildhall.domains.site.sections import Document

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NO_ZONE: Final = "UTC"


def is_staffed(document: Document, now: datetime) -> bool:
    """Tell whether somebody is there: on no holiday, and in a window of that day; always where no hours are kept."""
    if not document.office_hours.enabled:
        return True
    own = document.office_hours.timezone
    zone = document.bot.timezone if own == NO_ZONE else own
    local = now.astimezone(ZoneInfo(zone))
    clock = local.strftime("%H:%M")
    return local.date() not in document.office_hours.holidays and any(
        each.day == DAYS[local.weekday()] and each.from_ <= clock < each.to for each in document.office_hours.windows
    )
