"""Running a server program for as long as it is needed, and never longer than whoever started it."""

import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

COMES_UP_WITHIN = 60.0
STOPS_WITHIN = 20.0
ATTEMPTS = 3
PORTS = range(20_000, 32_000)
"""Below the range from which Linux serves outgoing connections, so that none of those takes a port just found free."""


class ServiceError(Exception):
    """A service did not start; the text says why."""


def wait_until(probe: Callable[[], bool], *, within: float = COMES_UP_WITHIN) -> bool:
    """Return whether the probe came true before the time, in seconds, was up."""
    deadline = time.monotonic() + within
    while not probe():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def accepts_connections(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """Return a port on which nobody listens at this moment."""
    for port in random.sample(PORTS, k=100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServiceError("no port is free")


@contextmanager
def serving(
    command: Callable[[int], list[str]],
    folder: Path,
    *,
    cwd: Path | None = None,
    as_user: str | None = None,
    answers: Callable[[int], bool] = accepts_connections,
    stop_with: signal.Signals = signal.SIGTERM,
) -> Iterator[int]:
    """Run a server on a free port, which it is told by `command`, and yield the port once the server answers.

    What it writes goes to `server.log` in the folder. Raises ServiceError when it does not come up.
    """
    for _ in range(ATTEMPTS):
        port = free_port()
        process = _start(command(port), folder, cwd or folder, as_user, stop_with)
        try:
            if _comes_up(process, port, answers):
                yield port
                return
        finally:
            _stop(process, stop_with)
    raise ServiceError(f"{command(0)[0]} did not come up:\n{(folder / 'server.log').read_text()[-2000:]}")


def _start(
    command: list[str], folder: Path, cwd: Path, as_user: str | None, stop_with: signal.Signals
) -> subprocess.Popen[bytes]:
    # The kernel passes the signal on when the process that started the server dies without a chance to stop it.
    guard = ["setpriv", "--pdeathsig", stop_with.name.removeprefix("SIG")]
    if as_user:
        guard += [f"--reuid={as_user}", f"--regid={as_user}", "--init-groups"]
    with (folder / "server.log").open("ab") as log:
        # In a session of its own, so that Ctrl-C reaches the tests first and they can still use the server.
        return subprocess.Popen(
            [*guard, *command], cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def _comes_up(process: subprocess.Popen[bytes], port: int, answers: Callable[[int], bool]) -> bool:
    return wait_until(lambda: process.poll() is not None or answers(port)) and process.poll() is None


def _stop(process: subprocess.Popen[bytes], stop_with: signal.Signals) -> None:
    process.send_signal(stop_with)
    try:
        process.wait(STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
