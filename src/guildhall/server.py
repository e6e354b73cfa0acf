"""Running the server: open the house, listen, and close everything in order when asked to stop."""

import asyncio
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from guildhall.app import apply_hub_file, build_app, open_house
from guildhall.core.actor import SYSTEM
from guildhall.core.errors import GuildhallError, Invalid
from guildhall.core.log import get_logger, setup_logging
from guildhall.domains import identity
from guildhall.domains.identity import community
from guildhall.domains.identity.errors import LastAdmin, NameTaken
from guildhall.settings import NamedAccount, Settings, SettingsError
from guildhall.web import setting_up
from guildhall.web.house import House

log = get_logger(__name__)

HEADER_TIMEOUT = 10_000
"""Milliseconds a client may take to send the headers."""

LARGEST_HEAD = 64 * 1024
"""Bytes of all headers together."""

BACKLOG = 1024

MOST_OPEN = 16_384
"""Connections open at the same time, live pages included; more of them wait."""


async def serve(
    settings: Settings,
    *,
    announce: Callable[[str], None],
    prepare: Callable[[House], Awaitable[None]] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. `announce` gets the few lines an operator reads at the start.

    `prepare` does what is still to be done in the open house before anybody comes in.
    """
    setup_logging(settings.server)
    address = _address_to_listen_on(settings)
    async with open_house(settings) as house:
        await _welcome(house, announce)
        if prepare is not None:
            await prepare(house)
        server = Server(
            build_app(house),
            address=address,
            port=settings.server.port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            backlog=BACKLOG,
            backpressure=MOST_OPEN,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT, max_buffer_size=LARGEST_HEAD),
            log_level=LogLevels.error,
        )
        loop = asyncio.get_running_loop()
        errands: list[asyncio.Task[None]] = []

        def stop() -> None:
            # The server waits for open answers, and a live page's goes on until the events end.
            errands.append(loop.create_task(house.events.stop()))
            server.stop()  # type: ignore[no-untyped-call]  # Granian leaves it untyped

        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, stop)
        loop.add_signal_handler(signal.SIGHUP, lambda: errands.append(loop.create_task(_reload(house))))
        log.info("Listening", host=settings.server.host, port=settings.server.port)
        await server.serve()
        log.info("Stopping")


def _address_to_listen_on(settings: Settings) -> str:
    """Return the IP address behind HOST. Raises SettingsError when nobody can listen there."""
    host, port = settings.server.host, settings.server.port
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # Bound only: whoever came while it listened would be let in by nobody.
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as fault:
        raise SettingsError(f"Nobody can listen on HOST {host}, PORT {port}: {fault.strerror}") from fault
    return str(place[0])


async def _reload(house: House) -> None:
    """Apply the hub's configuration file again; a faulty one is refused and the old state stays."""
    try:
        await apply_hub_file(house)
    except GuildhallError as error:
        log.error("The configuration file is refused, the old one stays", reason=error.message)  # noqa: TRY400 (told in full)
    else:
        log.info("The configuration file is applied")


async def _welcome(house: House, announce: Callable[[str], None]) -> None:
    """Make what a new house lacks, and tell the operator where to look and how to sign in."""
    settings = house.settings
    announce(f"Guildhall is at {settings.public_url}/panel, its APIs are described at {settings.public_url}/docs")
    await ensure_administrator(house, announce)
    if await setting_up.is_needed(house):
        known = "SETUP_TOKEN" if settings.desk.setup_token else setting_up.setup_token(house)
        announce(f"Discord is still to be set up: {settings.public_url}/panel/setup, with the setup token {known}")
    await keep_accounts(house)
    if not settings.admin.api_key:
        async with house.database.write() as tx:
            key = await identity.ensure_master_key(tx, now=house.clock.now())
        if key:
            announce(f"Master key of the APIs, shown this once: {key}")


async def keep_accounts(house: House) -> None:
    """Make the accounts of the environment as it names them. Raises SettingsError."""
    settings = house.settings
    accounts = settings.community.accounts()
    if settings.admin.password:
        accounts += (NamedAccount(name=settings.admin.user, password=settings.admin.password, role="admin"),)
    try:
        await community.keep_accounts(house.database, house.passwords, accounts, now=house.clock.now())
    except (NameTaken, LastAdmin, Invalid) as fault:
        raise SettingsError(f"API_ADMIN_USER, API_EXTRA_USERS or their roles cannot be used: {fault}") from fault
    idle = settings.without_effect()
    if idle:
        log.warning("These settings of older installations have no effect", settings=", ".join(idle))
    weak = settings.weak_secrets()
    if weak:
        log.warning("These would be refused in production, because they are weak", settings=", ".join(weak))


async def ensure_administrator(house: House, announce: Callable[[str], None]) -> None:
    """Make the first administrator of a new house, and tell how to sign in as them. Raises SettingsError."""
    settings = house.settings
    password = settings.admin.password or ("" if settings.in_production else secrets.token_urlsafe(12))
    if not password:
        async with house.database.read() as tx:
            if not await identity.has_administrator(tx):
                announce("There is no administrator yet: run `guildhall admin create NAME`, or set ADMIN_PASSWORD.")
        return
    try:
        user = await identity.create_first_administrator(
            house.database,
            house.passwords,
            SYSTEM,
            name=settings.admin.user,
            password=password,
            email=settings.admin.email,
            now=house.clock.now(),
        )
    except Invalid as fault:
        raise SettingsError(f"ADMIN_USER, ADMIN_PASSWORD or ADMIN_EMAIL cannot be used: {fault}") from fault
    if user is None:
        return
    shown = "the password you set" if settings.admin.password else f"password {password} (shown this once)"
    announce(f"Sign in as {user.username} with {shown}")
