"""Log destinations: channels of a guild that are told what happens, and the outbox of posts for them."""

from guildhall.domains.attendance.posting.delivery import forget_posts
from guildhall.domains.attendance.posting.destinations import (
    add_destination,
    change_destination,
    check_new_destination,
    list_destinations,
    posts_given_up,
    put_destination,
    remove_destination,
    retime_boards,
)
from guildhall.domains.attendance.posting.models import (
    Destination,
    Frequency,
    LogType,
    LogTypes,
    Post,
    PostState,
)
from guildhall.domains.attendance.posting.port import Message, PostOffice, PostRefused, PostUnfit
from guildhall.domains.attendance.posting.queueing import (
    queue_key_news,
    queue_period,
    queue_sessions,
    queue_settings,
)
from guildhall.domains.attendance.posting.sender import Sender, remind

__all__ = [
    "Destination",
    "Frequency",
    "LogType",
    "LogTypes",
    "Message",
    "Post",
    "PostOffice",
    "PostRefused",
    "PostState",
    "PostUnfit",
    "Sender",
    "add_destination",
    "change_destination",
    "check_new_destination",
    "forget_posts",
    "list_destinations",
    "posts_given_up",
    "put_destination",
    "queue_key_news",
    "queue_period",
    "queue_sessions",
    "queue_settings",
    "remind",
    "remove_destination",
    "retime_boards",
]
