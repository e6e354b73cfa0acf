"""The server as its operator starts it: a process of its own, which can be killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.contract.recorder import recording_client
from tests.services.programs import free_port, wait_until
from tests.serving import MASTER_KEY

STARTS_WITHIN = 60.0
STOPS_WITHIN = 30.0


class ServerProcess:
    """A `guildhall serve` on a database, with its data in a folder; it may be killed and started again."""

    def __init__(self, database_url: str, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"server-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._environ = {
            **os.environ,
            "DATABASE_URL": database_url,
            "DATA_DIR": str(folder),
            "PORT": str(self.port),
            "ADMIN_API_KEY": MASTER_KEY,
            "ADMIN_PASSWORD": "a password for tests",
            "PUBLIC_URL": "http://hub.test",
            "SIMULATOR_PORT": "off",
            "RATE_LIMIT_PER_IP": "100000",
            "COMMONSHUB_RATE_LIMIT": "1000000",
            **settings,
        }

    def start(self) -> None:
        """Start, and return when the server answers."""
        self.launch()
        self.come_up()

    def launch(self) -> None:
        """Start, without waiting for anything."""
        guard = ["setpriv", "--pdeathsig", "KILL", "--"]  # The server never outlives the tests.
        command = [*guard, sys.executable, "-m", "guildhall", "serve"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.log.parent, env=self._environ, stdout=log, stderr=log)

    def come_up(self) -> None:
        """Return when the server answers."""
        assert wait_until(self._is_ready, within=STARTS_WITHIN), self.log.read_text()[-5000:]

    def kill(self) -> None:
        """End the process as a loss of power would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End the process if it runs, as an operator would."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(STOPS_WITHIN)

    def client(self, **options: object) -> httpx.AsyncClient:
        """Return an HTTP client whose every answer is held against the contract."""
        return recording_client(self.url, **options)

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()[-5000:]
        try:
            return httpx.get(f"{self.url}/readyz").is_success
        except httpx.TransportError:
            return False


@contextmanager
def server_process(database_url: str, folder: Path, **settings: str) -> Iterator[ServerProcess]:
    """Run a server until the block ends."""
    process = ServerProcess(database_url, folder, **settings)
    try:
        process.start()
        yield process
    finally:
        process.stop()
