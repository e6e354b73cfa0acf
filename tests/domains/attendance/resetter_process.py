"""A process that resets and dies of it: `python -m tests.domains.attendance.resetter_process URL SECONDS STATEMENT`.

It has the published seed in its keyring, ends the current period of the guild of the examples at that second, and kills
itself before the numbered statement of its transaction. Zero lets it live.
"""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from itertools import count

from guildhall.core.db import open_database
from guildhall.domains import attendance
from guildhall.domains.attendance import Keyring, Scene
from tests.domains.attendance.examples import GUILD, KEY_ID, SEED
from tests.domains.attendance.guild import GAP, MANAGER, START


async def main(url: str, seconds: int, fatal: int) -> None:
    """Reset, or die at that statement."""
    database, keyring = await open_database(url), Keyring()
    keyring.hold(GUILD, KEY_ID, bytearray(SEED))
    numbers = count(1)

    def die(_: str) -> None:
        if next(numbers) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    database.observe = die
    async with database.write() as tx:
        now = START + timedelta(seconds=seconds)
        await attendance.reset_now(tx, MANAGER, guild_id=GUILD, now=now, scene=Scene(GAP, keyring))
    await database.close()
    keyring.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
