"""`python -m guildhall.simulator` runs a simulated service in the foreground."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from guildhall.simulator.google_calendar import KeyPair, simulate

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.callback()
def choose() -> None:
    """Programs that speak the protocols of outside services, for tests and for people who write clients."""


@app.command()
def google_calendar(
    port: Annotated[int, typer.Option(help="Port of this machine to listen on; 0 takes a free one.")] = 0,
    key_file: Annotated[Path, typer.Option(help="Where to write the key file of the service account.")] = Path(
        "google-account.json"
    ),
    calendar: Annotated[list[str] | None, typer.Option(help="A calendar that is there from the start.")] = None,
    zone: Annotated[str, typer.Option(help="The time zone of these calendars.")] = "Europe/Brussels",
    delegated: Annotated[bool, typer.Option(help="Whether the account may act for people of its domain.")] = True,  # noqa: FBT002 (an option)
) -> None:
    """Be Google Calendar until interrupted, with everything in memory."""
    keys = KeyPair.new()

    async def work() -> None:
        async with simulate(port, keys, delegated=delegated) as simulator:
            for each in calendar or []:
                simulator.add_calendar(each, zone=ZoneInfo(zone))
            _write_key(key_file, keys.account_file(simulator.address))
            typer.echo(f"Google Calendar is simulated at {simulator.address}")
            typer.echo(f"GOOGLE_API_BASE={simulator.address} GOOGLE_ACCOUNT_KEY_FILEPATH={key_file}")
            await _interrupted()

    asyncio.run(work())


def _write_key(path: Path, content: dict[str, str]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


async def _interrupted() -> None:
    over = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, over.set)
    await over.wait()


if __name__ == "__main__":
    app()
