"""Logging in: what the program does while a person decides, or does not."""

import asyncio
import os
import pty
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from guildhall.client import commands, device_login
from guildhall.client.failures import LoginOver, NotLoggedIn, NotReachable, Refused
from guildhall.client.hub import Hub
from guildhall.client.login_file import Login
from guildhall.client.wire import Codes
from guildhall.domains import identity
from guildhall.settings import Settings
from tests.client import terminal as typed
from tests.client.terminal import Terminal, code_in
from tests.clock import SettableClock
from tests.serving import Served, serving, settings_for

Step = Callable[[float], Awaitable[object]]


@pytest.fixture
def settings(sqlite_database_url: str, tmp_path: Path) -> Settings:
    """On one engine: the client sees no difference."""
    return settings_for(sqlite_database_url, tmp_path)


@pytest.fixture
async def device(served: Served) -> AsyncIterator[Hub]:
    """The server, as the command line asks it before anybody is logged in."""
    with Hub(served.url, await secret_of(served)) as hub:
        yield hub


async def secret_of(served: Served) -> str:
    async with served.house.database.read() as tx:
        app = (await identity.live_apps(tx))[0]
    return identity.shown_secret(app, key=served.house.token_key) or ""


async def started(device: Hub) -> Codes:
    return await asyncio.to_thread(device_login.start, device, "chb on a laptop with a very long name " * 9)


async def wait(device: Hub, codes: Codes, step: Step) -> str:
    """Wait for the token, and take a step in this loop in place of each pause."""
    loop = asyncio.get_running_loop()

    async def take(seconds: float) -> None:
        await step(seconds)

    def pause(seconds: float) -> None:
        asyncio.run_coroutine_threadsafe(take(seconds), loop).result()

    return (await asyncio.to_thread(device_login.wait_for_token, device, codes, pause=pause)).value.token


async def test_the_program_asks_no_faster_than_it_is_told_to(
    device: Hub, person: httpx.AsyncClient, clock: SettableClock, served: Served
) -> None:
    codes, pauses = await started(device), list[float]()

    async def step(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            await person.post("/v1/auth/verify", json={"userCode": codes.user_code})
        elif len(pauses) != 2:  # The second poll comes too early.
            clock.advance(timedelta(seconds=seconds))

    token = await wait(device, codes, step)
    assert pauses == [5, 5, 10, 10]
    async with served.client(headers={"Authorization": f"Bearer {token}"}) as own:
        assert (await own.get("/v1/users/me")).json()["displayName"] == "Xavier Damman"


async def test_a_denied_login_an_expired_one_and_a_wrong_secret_each_say_so(
    device: Hub, person: httpx.AsyncClient, clock: SettableClock, served: Served
) -> None:
    codes = await started(device)
    with pytest.raises(Refused, match=r"The login was denied \(access_denied\)"):
        await wait(
            device,
            codes,
            lambda _: person.post("/v1/auth/verify", json={"userCode": codes.user_code, "decision": "deny"}),
        )

    async def let_time_pass(_: float) -> None:
        clock.advance(timedelta(minutes=16))

    with pytest.raises(Refused, match=r"\(expired_token\)"):
        await wait(device, await started(device), let_time_pass)
    with Hub(served.url, "chb_sk_live_" + "x" * 32) as stranger, pytest.raises(LoginOver, match="not know this app"):
        await started(stranger)


async def test_a_server_that_goes_down_while_somebody_waits_is_told_of(
    settings: Settings, clock: SettableClock
) -> None:
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(settings, clock=clock))
        with Hub(served.url, await secret_of(served)) as device:
            codes = await started(device)
            with pytest.raises(NotReachable, match=f"{served.url} cannot be reached"):
                await wait(device, codes, lambda _: stack.aclose())


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Programs started here heed Ctrl-C, also when the tests run in the background and do not themselves."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_the_secret_is_asked_for_unseen_and_ctrl_c_leaves_nothing_behind(hub: typed.Hub, terminal: Terminal) -> None:
    ours, theirs = pty.openpty()
    with terminal.running(
        "login", "--server", hub.url, stdin=theirs, stderr=theirs, start_new_session=True, more={"TERM": "xterm"}
    ) as login:
        os.close(theirs)
        shown = read_until(ours, b"App secret: ")
        os.write(ours, hub.secret.encode() + b"\n")
        code_in(login.stdout)
        shown += read_until(ours, b"Waiting for you to approve it")
        assert hub.secret.encode() not in shown
        login.send_signal(signal.SIGINT)
        assert login.wait(30) == 130
    assert b"Traceback" not in read_until(ours, None)
    os.close(ours)
    assert not terminal.login.path.exists()


def test_with_json_the_invitation_goes_beside_the_document_and_the_token_nowhere(
    hub: typed.Hub, terminal: Terminal
) -> None:
    secret = {"GUILDHALL_APP_SECRET": hub.secret, "GUILDHALL_SERVER": hub.url}
    with terminal.running("login", "--json", more=secret, stderr=subprocess.PIPE) as login:
        hub.decide_in_the_browser(code_in(login.stderr), "approve")
        printed, _ = login.communicate(timeout=60)
    said = msgspec.json.decode(printed)
    assert (said["status"], said["username"], "token" in said) == ("approved", "admin", False)
    assert terminal.login.read().server == hub.url


def test_a_login_that_cannot_be_kept_is_not_begun(hub: typed.Hub, terminal: Terminal) -> None:
    terminal.login.path.parent.parent.joinpath("guildhall").write_text("in the way")
    code, why = terminal.refused("login", "--server", hub.url, GUILDHALL_APP_SECRET=hub.secret)
    assert (code, why.startswith("No login can be kept in ")) == (3, True)


def test_a_token_that_cannot_be_kept_after_all_is_given_back(hub: typed.Hub, terminal: Terminal) -> None:
    terminal.login.path.mkdir(parents=True)
    token = hub.token_of("grace")
    with pytest.raises(NotLoggedIn, match="No login can be kept in"):
        commands._keep(terminal.login, Login(hub.url, token))
    assert list(terminal.login.path.parent.iterdir()) == [terminal.login.path], "no draft with it lies about"
    with hub.program.client(headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.get("/v1/users/me").status_code == 401


def read_until(terminal: int, wanted: bytes | None) -> bytes:
    """Return what a terminal shows up to some words, or up to its end."""
    shown = b""
    while wanted is None or wanted not in shown:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # What Linux answers when nobody holds the other side.
            break
    return shown
