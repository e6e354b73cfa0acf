"""Services that all processes of a test run share, each started when somebody first asks for it.

The process that pytest was started in is the host; the workers of xdist ask it over a Unix socket, and so does the
host itself. Nothing starts that no test needs, nothing starts twice, and what was started ends with the host.
"""

import contextlib
import fcntl
import json
import os
import shutil
import socket
import socketserver
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from tests.services.programs import ServiceError

Service = Callable[["Host", Path], AbstractContextManager[str]]
"""Runs in a folder of its own and yields what a client must know, usually an address."""

ANSWERS_WITHIN = 180.0
PREFIX = "guildhall-tests-"
SOCKET = "host.sock"
MEMORY = Path("/dev/shm")  # noqa: S108  What is made there has a name that nobody can guess.
ROOM_NEEDED = 1 << 30


class Host:
    """Starts services on demand, one after the other, in a thread that lives until `close`.

    It must be one thread from beginning to end: the kernel stops a service when the thread that started it ends.
    """

    def __init__(self, services: Mapping[str, Service]) -> None:
        self._services = services
        self._answers: dict[str, dict[str, str]] = {}
        self._running = ExitStack()
        self._folder = self._running.enter_context(_folder_of_run())
        self.address = str(self._folder / SOCKET)
        self._server = _server(self.address, self.provide)
        self._thread = threading.Thread(target=self._serve, name="services")
        self._thread.start()

    def provide(self, name: str) -> dict[str, str]:
        """Return `{"value": ...}` of a running service, or `{"fault": ...}`. Called in the host's own thread only."""
        if name not in self._answers:
            self._answers[name] = self._start(name)
        return self._answers[name]

    def need(self, name: str) -> str:
        """Return what another service yields, for a service that stands on it. Raises ServiceError."""
        return _value(self.provide(name))

    def close(self) -> None:
        """Stop everything, last started first, and leave nothing behind."""
        self._server.shutdown()
        self._thread.join()

    def _start(self, name: str) -> dict[str, str]:
        folder = self._folder / name
        folder.mkdir(mode=0o755)
        try:
            return {"value": self._running.enter_context(self._services[name](self, folder))}
        except Exception:  # noqa: BLE001  Whatever went wrong is told to the test that asked.
            return {"fault": traceback.format_exc()}

    def _serve(self) -> None:
        with self._server, self._running:
            self._server.serve_forever(poll_interval=0.05)


def ask(address: str, name: str) -> str:
    """Return what the named service yields, starting it if nobody has yet. Raises ServiceError."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(ANSWERS_WITHIN)
        client.connect(address)
        client.sendall(name.encode() + b"\n")
        with client.makefile("rb") as answer:
            return _value(json.loads(answer.read()))


@contextlib.contextmanager
def _folder_of_run() -> Iterator[Path]:
    base = _fast_folder()
    _sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    folder.chmod(0o755)  # PostgreSQL runs as another user when the tests run as root.
    with _locked(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def _fast_folder() -> Path:
    """Return the folder that Linux keeps in memory if there is room, or else the usual place for temporary files."""
    # Copying a database of a thousand small files takes 10 ms there, and up to 400 ms on a disk.
    with contextlib.suppress(FileNotFoundError):
        if shutil.disk_usage(MEMORY).free >= ROOM_NEEDED and os.access(MEMORY, os.W_OK):
            return MEMORY
    return Path(tempfile.gettempdir())


def _sweep(base: Path) -> None:
    """Remove what runs that were killed have left, which would otherwise fill the memory."""
    # A run holds its lock before it makes its socket, so a folder that has none may be one that is just being set up.
    for address in base.glob(f"{PREFIX}*/{SOCKET}"):
        # Such a run is alive, somebody else's, or just clearing up by itself.
        with contextlib.suppress(BlockingIOError, PermissionError, FileNotFoundError), _locked(address.parent):
            shutil.rmtree(address.parent, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock that the kernel frees when this process ends. Raises BlockingIOError when another one holds it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _value(answer: dict[str, str]) -> str:
    if "fault" in answer:
        raise ServiceError(answer["fault"])
    return answer["value"]


def _server(address: str, provide: Callable[[str], dict[str, str]]) -> socketserver.UnixStreamServer:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            answer = provide(self.rfile.readline().decode().strip())
            with contextlib.suppress(BrokenPipeError):  # A worker that was killed meanwhile wants no answer.
                self.wfile.write(json.dumps(answer).encode())

    return socketserver.UnixStreamServer(address, Handler)
