"""What people think of how they were helped: one rating for each time that a ticket was closed."""

from guildhall.domains.tickets.ratings.models import BEST, WORST, Rating
from guildhall.domains.tickets.ratings.rating import LONGEST_COMMENT, comment_on_rating, rate_ticket

__all__ = ["BEST", "LONGEST_COMMENT", "WORST", "Rating", "comment_on_rating", "rate_ticket"]
