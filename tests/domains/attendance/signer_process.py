"""A process that signs, to be killed: `python -m tests.domains.attendance.signer_process URL`.

It has the published seed in its keyring and signs what waits in the guild of the examples.
"""

import asyncio
import sys

from guildhall.core.clock import SystemClock
from guildhall.core.db import open_database
from guildhall.domains.attendance.keyring import Keyring
from guildhall.domains.attendance.signing import sign_waiting
from tests.domains.attendance.examples import GUILD, KEY_ID, SEED


async def main(url: str) -> None:
    """Sign until nothing waits."""
    database, keyring = await open_database(url), Keyring()
    keyring.hold(GUILD, KEY_ID, bytearray(SEED))
    await sign_waiting(database, keyring, SystemClock(), guild_id=GUILD)
    await database.close()
    keyring.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
