"""What calendars outside call: a push message says that something changed there, and nothing else.

A channel is known by its id, which names the link, and by its token, which only this house can make from the id. So
nothing has to be stored for it, and a channel of a link that is gone wakes nobody until it ends by itself.
"""

import hmac
from datetime import datetime, timedelta

from guildhall.core.actor import Credential
from guildhall.core.crypto import same
from guildhall.core.errors import InvalidField, Unauthenticated
from guildhall.domains import calendars
from guildhall.domains.identity import Permission
from guildhall.web.answers import NO_CONTENT, Answer
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import Route, route

OPEN = Credential.NONE
PATH = "/hooks/calendar/google"

PERIOD = timedelta(days=6)
"""How long a channel is used; Google keeps one for seven days at most."""

OVERLAP = timedelta(hours=12)
"""How long a channel lives on beside the next one."""

OPENED = "sync"
CHANGED = frozenset({"exists", "not_exists"})


def google_channel(link_id: str, *, now: datetime) -> tuple[str, datetime]:
    """Return the id of a link's present channel and when it shall end. Whoever asks within a period gets the same."""
    period = int(now.timestamp() // PERIOD.total_seconds())
    ends = datetime.fromtimestamp((period + 1) * PERIOD.total_seconds(), now.tzinfo) + OVERLAP
    return f"{link_id}-{period}", ends


def channel_token(token_key: str, channel: str) -> str:
    """Return the token of a channel, which its messages have to show."""
    return hmac.new(token_key.encode(), f"google calendar channel {channel}".encode(), "sha256").hexdigest()


@route(
    "POST", f"{PATH}/{{channel}}", permission=Permission.PUBLIC, accepts=OPEN, transaction="none",
    refusals=(InvalidField, Unauthenticated), also=(NO_CONTENT,),
)  # fmt: skip
async def hear_google_calendar(channel: str, call: Call, house: House) -> Answer:
    """Take a push message of Google Calendar, whose credential is the channel's token, and listen to that calendar."""
    named, token = call.header("x-goog-channel-id") or "", call.header("x-goog-channel-token") or ""
    if not same(named, channel) or not same(token, channel_token(house.token_key, channel)):
        raise Unauthenticated("This is no channel of this server")
    state = call.header("x-goog-resource-state")
    if state in CHANGED:
        async with house.database.write() as tx:
            await calendars.wake_link(tx, channel.rpartition("-")[0], now=house.clock.now())
    elif state != OPENED:
        raise InvalidField("X-Goog-Resource-State is sync, exists or not_exists", field="X-Goog-Resource-State")
    return Answer(status=NO_CONTENT)


ROUTES: tuple[Route, ...] = (hear_google_calendar,)
