"""Starting what is measured, on a core of its own, and keeping all but one of them still."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent
PYTHON_PATH = f"{PROJECT / 'src'}:{PROJECT}"
"""What is measured is the code beside this, wherever another version may be installed."""

READY_WITHIN = 120.0
STOPPED_WITHIN = 60.0
TICKS = os.sysconf("SC_CLK_TCK")

_cores = sorted(os.sched_getaffinity(0))
SERVER_CORES, CLIENT_CORES = {_cores[0]}, {_cores[-1]}
"""The same core on a machine that has only one."""


@dataclass(frozen=True)
class Contender:
    """A running server. `folder` holds its data."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Let the process run meanwhile; while it is stopped its timers take nothing from the core it shares."""
        self.process.send_signal(signal.SIGCONT)
        yield
        self.rest()

    def rest(self) -> None:
        """Stop the process until it is wanted."""
        self.process.send_signal(signal.SIGSTOP)

    def cpu_seconds(self) -> float:
        """Return the processor time that the process has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def guildhall(folder: Path, settings: Mapping[str, str]) -> Iterator[Contender]:
    """Run `guildhall serve` with an empty environment but for these settings, and its data in a folder."""
    program = Path(sys.executable).with_name("guildhall")
    port = free_port()
    own = {"PYTHONPATH": PYTHON_PATH, "DATA_DIR": str(folder), "PORT": str(port), "SIMULATOR_PORT": "off"}
    with _running(port, folder, [str(program), "serve"], {**own, **settings}) as contender:
        yield contender


@contextmanager
def baseline(kind: str, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Contender]:
    """Run a baseline on the same HTTP server, with nothing but these settings in its environment."""
    port = free_port()
    command = [sys.executable, "-m", "bench.baseline", kind, str(port), str(folder / "rooms.db")]
    with _running(port, folder, command, {"PYTHONPATH": PYTHON_PATH, **(settings or {})}) as contender:
        yield contender


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def program(folder: Path, command: Sequence[str], *, cores: set[int] = SERVER_CORES) -> Iterator[Contender]:
    """Run a program that tells by itself when it is ready, and is not asked over HTTP."""
    with _started(0, folder, command, {"PYTHONPATH": PYTHON_PATH}, cores) as contender:
        yield contender


@contextmanager
def _running(port: int, folder: Path, command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Contender]:
    with _started(port, folder, command, environment) as contender:
        _wait_until_it_answers(contender.process, port, folder / "output")
        yield contender


@contextmanager
def _started(
    port: int, folder: Path, command: Sequence[str], environment: Mapping[str, str], cores: set[int] = SERVER_CORES
) -> Iterator[Contender]:
    folder.mkdir(exist_ok=True)
    with (folder / "output").open("ab") as output:
        # A process and its threads stay on the cores of whoever starts it.
        os.sched_setaffinity(0, cores)
        process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=output, stderr=output)
        os.sched_setaffinity(0, CLIENT_CORES)
        try:
            yield Contender(port, folder, process)
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            _wait_until_it_ends(process)


def _wait_until_it_ends(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOPPED_WITHIN)
    except subprocess.TimeoutExpired:
        # What was measured stands; that a server does not stop must not cost the rest of a long run.
        print(f"a server did not stop within {STOPPED_WITHIN:.0f} seconds and was killed", file=sys.stderr, flush=True)
        process.kill()
        process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_WITHIN)
        try:
            connection.request("GET", "/health")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.02)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"a server did not start:\n{output.read_text(errors='replace')}")
