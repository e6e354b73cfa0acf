"""A process that delivers webhooks, to be killed: `python -m tests.domains.attendance.courier_process URL LEASE`.

LEASE is after how many seconds an attempt of a dead process is made again.
"""

import asyncio
import sys
from datetime import timedelta

from guildhall.adapters.outside_http import GuardedHttp
from guildhall.core.clock import SystemClock
from guildhall.core.crypto import SecretBox
from guildhall.core.db import open_database
from guildhall.core.events import open_events
from guildhall.domains.attendance import Courier

SECRET_KEY = "the key that the processes of this test share"


async def main(url: str, lease: timedelta) -> None:
    """Deliver until the process is ended."""
    database, events = await open_database(url), open_events("")
    await events.start()
    box = SecretBox(SECRET_KEY, "webhooks")
    courier = Courier(database, GuardedHttp(allow_private=True), box, SystemClock(), longest=lease / 2, lease=lease)
    await courier.keep(events)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], timedelta(seconds=float(sys.argv[2]))))
