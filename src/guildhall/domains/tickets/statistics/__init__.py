"""How the desk does in a period: what came and went, how soon people are answered, and by whom."""

from guildhall.domains.tickets.statistics.summing import (
    PERIODS,
    DayCount,
    Share,
    StaffWork,
    Statistics,
    statistics_of,
)

__all__ = ["PERIODS", "DayCount", "Share", "StaffWork", "Statistics", "statistics_of"]
