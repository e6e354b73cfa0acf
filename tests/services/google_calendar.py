"""Google Calendar as the simulator speaks it, in the test's own process and behind real HTTP."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from guildhall.adapters.google_calendar import ServiceAccount
from guildhall.core.clock import Clock
from guildhall.simulator.google_calendar import GoogleCalendarSimulator, KeyPair, simulate


@dataclass(frozen=True)
class GoogleServer:
    """The program, and the key file of the account that it knows."""

    simulator: GoogleCalendarSimulator
    key_file: Path

    @property
    def base(self) -> str:
        """The server as the setting GOOGLE_API_BASE wants it."""
        return self.simulator.address

    @property
    def account(self) -> ServiceAccount:
        """The account, as the server reads it at the start."""
        return ServiceAccount.read(self.key_file)


@cache
def keys() -> KeyPair:
    """One key for the whole run: making one takes a tenth of a second."""
    return KeyPair.new()


@asynccontextmanager
async def google_server(
    folder: Path, *, clock: Clock | None = None, delegated: bool = True
) -> AsyncIterator[GoogleServer]:
    """Run the program for as long as the block runs; its key file is in the folder."""
    async with simulate(0, keys(), clock=clock, delegated=delegated) as simulator:
        path = folder / "google-account.json"
        path.write_text(json.dumps(keys().account_file(simulator.address)))
        yield GoogleServer(simulator, path)
