"""What the simulated services share as programs."""

import asyncio
import signal


async def interrupted() -> None:
    """Return once somebody wants the program to end."""
    over = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, over.set)
    await over.wait()
