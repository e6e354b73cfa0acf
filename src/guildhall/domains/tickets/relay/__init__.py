"""Between Discord and the desk: what is queued to be said there."""

from guildhall.domains.tickets.relay.models import (
    CHANNEL,
    LOG,
    USER,
    Attached,
    Button,
    Incoming,
    Intake,
    Post,
    QueuedPost,
    Say,
    Step,
    Target,
)
from guildhall.domains.tickets.relay.queueing import (
    TOPIC,
    pending_posts,
    queue_again,
    queue_for_log,
    queue_for_user,
    queue_name,
    queue_post,
)

__all__ = [
    "CHANNEL",
    "LOG",
    "TOPIC",
    "USER",
    "Attached",
    "Button",
    "Incoming",
    "Intake",
    "Post",
    "QueuedPost",
    "Say",
    "Step",
    "Target",
    "pending_posts",
    "queue_again",
    "queue_for_log",
    "queue_for_user",
    "queue_name",
    "queue_post",
]
