"""A PostgreSQL server with its own data, and databases on it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.services.programs import ServiceError, serving

SYSTEM_USER = "postgres"
"""PostgreSQL refuses to run as root; Debian's package makes this user for it."""

# What is lost with a crash of the machine does not matter here, so nothing waits for the disk.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "max_wal_size": "128MB",
    "shared_buffers": "64MB",
    "listen_addresses": "127.0.0.1",
}


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """Run PostgreSQL in a folder and yield the address of its maintenance database."""
    programs = _programs()
    as_user = SYSTEM_USER if os.geteuid() == 0 else None
    data = folder / "data"
    data.mkdir(mode=0o700)
    if as_user:
        for path in (folder, data):
            shutil.chown(path, as_user, as_user)
    _make_cluster(programs, data, as_user)
    options = [f"--{name}={value}" for name, value in OPTIONS.items()]

    def command(port: int) -> list[str]:
        place = ["-D", str(data), f"--port={port}", f"--unix_socket_directories={folder}"]
        return [str(programs / "postgres"), *place, *options]

    def answers(port: int) -> bool:
        return _lets_in(_address(port))

    with serving(command, folder, as_user=as_user, answers=answers, stop_with=signal.SIGINT) as port:
        yield _address(port)


def create_database(maintenance: str, name: str, *, template: str = "template1") -> str:
    """Create a database as a copy of another, to which nobody may be connected, and return its address."""
    # The default strategy writes every page to the log as well.
    _execute(maintenance, "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
    return f"{maintenance.rpartition('/')[0]}/{name}"


def drop_database(maintenance: str, name: str) -> None:
    """Drop a database, and whatever connection a test left open."""
    _execute(maintenance, "DROP DATABASE {} WITH (FORCE)", name)


def _make_cluster(programs: Path, data: Path, as_user: str | None) -> None:
    become = ["setpriv", f"--reuid={as_user}", f"--regid={as_user}", "--init-groups"] if as_user else []
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    command = [*become, str(programs / "initdb"), "--pgdata", str(data), *options]
    made = subprocess.run(command, cwd=data, capture_output=True, text=True, check=False)
    if made.returncode:
        raise ServiceError(f"initdb failed:\n{made.stderr}")


def _execute(address: str, statement: str, *names: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _address(port: int) -> str:
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def _lets_in(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _programs() -> Path:
    """Return the folder of the newest PostgreSQL on this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise ServiceError("PostgreSQL is missing; `make test` installs it, as does the Debian package postgresql")
    return found[-1].parent
