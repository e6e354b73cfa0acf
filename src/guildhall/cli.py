"""The command line: run the server and look after it, or use a hub as the person you are."""

import getpass
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console

from guildhall import __version__
from guildhall.client import CLIENT_PANEL, add_client_commands
from guildhall.client.attendance import attendance
from guildhall.core.errors import GuildhallError
from guildhall.settings import Settings, SettingsError, documented, load_settings

if TYPE_CHECKING:
    from guildhall.web.house import House

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
add_client_commands(app)
app.add_typer(attendance, name="attendance", rich_help_panel=CLIENT_PANEL)
SERVER_PANEL = "Your own server"
admin = typer.Typer(no_args_is_help=True, help="Administrators and keys.")
app.add_typer(admin, name="admin", rich_help_panel=SERVER_PANEL)
ledger_commands = typer.Typer(no_args_is_help=True, help="The ledger of tokens.")
app.add_typer(ledger_commands, name="ledger", rich_help_panel=SERVER_PANEL)
client = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
add_client_commands(client, called={"availability": "free", "withdraw": "drop"})
console = Console(highlight=False, markup=False, soft_wrap=True)


@app.command(rich_help_panel=SERVER_PANEL)
def serve() -> None:
    """Run the server in the foreground, with every setting from the environment."""
    settings = _settings()
    from guildhall.own_discord import own_discord, settings_with
    from guildhall.server import serve as run_server

    async def work() -> None:
        async with own_discord(settings, say=console.print) as simulator:
            await run_server(settings_with(settings, simulator), announce=console.print)

    _run(work)


@app.command(rich_help_panel=SERVER_PANEL)
def demo() -> None:
    """Serve a small believable community, which an empty installation is filled with at the first start."""
    from guildhall import demo
    from guildhall.own_discord import lively, own_discord, settings_with, stage_of, without_discord
    from guildhall.server import ensure_administrator, serve as run_server

    settings = _settings()
    if settings.in_production:
        _stop("The demo fills the house with people who do not exist; it is not for ENVIRONMENT=production.")

    async def work() -> None:
        own = without_discord(settings)
        async with own_discord(own, say=console.print) as simulator:
            own, stage = settings_with(own, simulator), stage_of(simulator)
            async with _house(own) as house:
                await ensure_administrator(house, console.print)
                told = [await demo.fill(house)]
                if stage is not None:
                    told += [await demo.attend(house, stage), await demo.receive(house, stage)]
            console.print("\n".join(filter(None, told)) or demo.GOES_ON)

            async def prepare(house: "House") -> None:
                if stage is not None:
                    await demo.wake(house, stage)

            async with lively(simulator):
                await run_server(own, announce=console.print, prepare=prepare)

    _run(work)


@app.command(rich_help_panel=SERVER_PANEL)
def simulator(
    port: Annotated[int, typer.Option(help="Port of this machine to listen on; 0 takes a free one.")] = 8081,
    token: Annotated[str | None, typer.Option(help="The bot's token; made up unless given.")] = None,
    lively: Annotated[bool, typer.Option(help="Whether people talk, meet and write by themselves.")] = False,  # noqa: FBT002 (an option)
) -> None:
    """Be a Discord of this machine until interrupted, for bots and clients without an account."""
    from guildhall.simulator.discord.program import run

    try:
        _run(lambda: run(port, token=token, lively=lively, say=console.print))
    except OSError as error:
        _stop(f"Port {port} cannot be used: {error.strerror}")


@admin.command("create")
def create_administrator(
    name: Annotated[str, typer.Argument(help="The name to sign in with.")],
    email: Annotated[str, typer.Option(help="The mail address.")] = "",
) -> None:
    """Make the first administrator of this installation; the password comes from the terminal or standard input."""
    from guildhall.core.actor import SYSTEM
    from guildhall.domains import identity

    async def work() -> None:
        password = _read_password()
        async with _house(_settings()) as house:
            user = await identity.create_first_administrator(
                house.database,
                house.passwords,
                SYSTEM,
                name=name,
                password=password,
                email=email,
                now=house.clock.now(),
            )
        if user is None:
            _stop("This installation has an administrator already; use `guildhall admin password`.")
        console.print(f"{user.username} can now sign in at {_settings().public_url}/panel")

    _run(work)


@admin.command("password")
def set_password(name: Annotated[str, typer.Argument(help="The name they sign in with.")]) -> None:
    """Set somebody's password and end their sessions; it comes from the terminal or standard input."""
    from guildhall.core.actor import SYSTEM
    from guildhall.domains import identity

    async def work() -> None:
        password = _read_password()
        async with _house(_settings()) as house:
            async with house.database.read() as tx:
                user = await identity.user_who_signs_in_as(tx, name)
            if user is None:
                _stop(f"Nobody signs in as {name!r}.")
            await identity.set_password(
                house.database, house.passwords, SYSTEM, user, new=password, now=house.clock.now()
            )
        console.print(f"The password of {user.username} is changed, and their sessions are over.")

    _run(work)


@admin.command("key")
def replace_key() -> None:
    """Make a new master key and print it this once; the old one is unknown from now on."""
    from guildhall.core.actor import SYSTEM
    from guildhall.domains import identity

    async def work() -> None:
        settings = _settings()
        if settings.admin.api_key:
            _stop("The master key is set by ADMIN_API_KEY; change it there.")
        async with _house(settings) as house, house.database.write() as tx:
            console.print(await identity.replace_master_key(tx, SYSTEM, now=house.clock.now()))

    _run(work)


@ledger_commands.command("verify")
def verify_ledger() -> None:
    """Recompute every hash and balance of the ledger; one that was changed is named, with exit code 1."""
    from guildhall.domains import ledger

    async def work() -> None:
        async with _house(_settings()) as house, house.database.read() as tx:
            found = await ledger.verify(tx)
        told = f"The ledger is whole: {found.entries} entries in one chain, {found.balances} balances."
        console.print(f"{told} Last hash: {found.tx_hash}" if found.tx_hash else told)

    _run(work)


@app.command("settings", rich_help_panel=SERVER_PANEL)
def show_settings() -> None:
    """Print every setting with its default and meaning, as docs/settings.md has them."""
    from guildhall.settings_page import settings_page

    sys.stdout.write(settings_page(documented()))


@app.command("version", rich_help_panel=SERVER_PANEL)
def show_version() -> None:
    """Print the version."""
    console.print(__version__)


def main() -> NoReturn:
    """Run the command line; refusals are told in a sentence, with exit code 1."""
    try:
        app(obj=os.environ)
    except (GuildhallError, SettingsError) as error:
        _stop(str(error))
    sys.exit(0)


def chb() -> NoReturn:
    """Run the client alone, with the names that people of the Commons Hub know."""
    client(obj=os.environ)
    sys.exit(0)


def _settings() -> Settings:
    return load_settings(os.environ)


@asynccontextmanager
async def _house(settings: Settings) -> AsyncIterator["House"]:
    from guildhall.app import open_house
    from guildhall.core.log import setup_logging

    setup_logging(settings.server)
    async with open_house(settings, works_jobs=False) as house:
        yield house


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    import uvloop

    uvloop.run(work())


def _read_password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\n")


def _stop(reason: str) -> NoReturn:
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(reason)
    sys.exit(1)
