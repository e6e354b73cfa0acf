"""The program as an operator runs it: a process of its own, with settings from its environment."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.services.programs import accepts_connections, free_port, wait_until

GUILDHALL = (sys.executable, "-m", "guildhall")
ENDS_WITHIN = 20.0


@dataclass(frozen=True)
class Program:
    """A running `guildhall serve`."""

    process: "subprocess.Popen[bytes]"
    port: int
    folder: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def told(self) -> str:
        """What it has told the operator so far."""
        return (self.folder / "out").read_text()

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return (self.folder / "log").read_text()

    @property
    def peak_of_memory(self) -> int:
        """The most memory it has held so far, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024

    def client(self, **options: object) -> httpx.Client:
        """Return a client of it."""
        return httpx.Client(base_url=self.url, **options)  # type: ignore[arg-type]  # the options of httpx

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and return its exit code."""
        self.process.send_signal(by)
        return self.process.wait(ENDS_WITHIN)


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a program that keeps everything in a folder and knows these settings only."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "DATA_DIR": str(folder / "data"), "LOG_FORMAT": "json", "SIMULATOR_PORT": "off", **settings}


def run(folder: Path, *command: str, given: str = "", **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run `guildhall` with a command to its end; `given` is what it reads."""
    return subprocess.run(
        [*GUILDHALL, *command],
        cwd=folder,
        env=environment(folder, **settings),
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def serving(folder: Path, command: str = "serve", **settings: str) -> Iterator[Program]:
    """Run the server on a free port until the block ends. A program that does not come up raises AssertionError.

    `command` is the one that serves: `serve`, or `demo`.
    """
    port = free_port()
    # The kernel ends the server when the tests die without a chance to do so.
    guard = ["setpriv", "--pdeathsig", "TERM"]
    with (folder / "out").open("ab") as out, (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*guard, *GUILDHALL, command],
            cwd=folder,
            env=environment(folder, PORT=str(port), **settings),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=log,
        )
    program = Program(process, port, folder)
    try:
        assert wait_until(lambda: process.poll() is not None or accepts_connections(port)), program.log
        assert process.poll() is None, program.log
        yield program
    finally:
        process.terminate()
        process.wait(ENDS_WITHIN)
