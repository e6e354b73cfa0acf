"""What the measurements over HTTP share: a simulated Discord in a process, tokens of its guild, and prepared stores."""

import http.client
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import msgspec

from bench import servers
from bench.servers import CLIENT_CORES
from bench.stores import microseconds
from guildhall.domains.attendance import Interval, Policy, Schedule

SECRET = "the secret that the front end and the servers of the bench share"  # noqa: S105 (it guards nothing)
READY_WITHIN = 120.0
DAY = 86_400


@dataclass(frozen=True)
class Stage:
    """The settings with which a server asks this Discord, its guild, and people who may manage it."""

    settings: dict[str, str]
    guild_id: int
    managers: list[str]

    def token(self, manager: int = 0) -> str:
        """Return the token of one of those who may manage the guild."""
        user_id = self.managers[manager % len(self.managers)]
        claims = {"user_id": user_id, "guild_id": str(self.guild_id), "exp": int(time.time()) + DAY}
        return jwt.encode(claims, SECRET, algorithm="HS256")

    def path(self, path: str) -> str:
        """Return a path of the guild."""
        return f"/api/v1/guilds/{self.guild_id}/{path}"

    def call(self, port: int, method: str, path: str, body: dict[str, object] | None = None) -> Any:  # noqa: ANN401 (JSON)
        """Ask a server about the guild, and return its answer. Raises RuntimeError for any status but 200."""
        with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            return json.loads(self.ask(connection, method, path, self.token(), body))

    def ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        token: str,
        body: dict[str, object] | None = None,
    ) -> bytes:
        """Ask the same over a connection that stays open, and return what came."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request(method, self.path(path), json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {text[:500]!r}")
        return text


@contextmanager
def discord(folder: Path) -> Iterator[Stage]:
    """Run a simulated Discord, on the core of the client."""
    port = servers.free_port()
    command = [sys.executable, "-m", "guildhall.simulator", "discord", "--port", str(port)]
    with servers.program(folder, command, cores=CLIENT_CORES):
        yield _stage(folder / "output", port)


def _stage(output: Path, port: int) -> Stage:
    deadline = time.monotonic() + READY_WITHIN
    while "DISCORD_GUILD_ID=" not in output.read_text():
        if time.monotonic() > deadline:
            raise RuntimeError(f"Discord did not start:\n{output.read_text()}")
        time.sleep(0.02)
    settings = dict(line.split("=", 1) for line in output.read_text().splitlines() if line.startswith("DISCORD_"))
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", "/_sim/state")
        guild = json.loads(connection.getresponse().read())["guilds"][0]
    stewards = {each["id"] for each in guild["roles"] if each["name"] == "Steward"}
    managers = [each["user"]["id"] for each in guild["members"] if stewards & set(each["roles"])]
    more = {"API_INTERNAL_SECRET": SECRET, "ADMIN_PASSWORD": "a password of the bench"}
    return Stage({**settings, **more}, int(guild["id"]), [guild["owner_id"], *managers])


def make_store(folder: Path) -> Path:
    """Let the server make its database in a folder, and return the file; its bot is stopped there."""
    with servers.guildhall(folder, {"ADMIN_PASSWORD": "a password of the bench"}):
        pass
    file = folder / "guildhall.db"
    with filling(file) as database:
        # What is read here is stored. A bot would only talk to Discord beside it.
        database.execute("UPDATE bot_state SET wanted = 0")
        database.execute(
            "INSERT OR IGNORE INTO bot_state (id, wanted, asked, phase, reason) VALUES (1, 0, 0, 'stopped', 'bench')"
        )
    return file


@contextmanager
def filling(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a database that no server has open, for one large change."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -500000")
        database.execute("BEGIN IMMEDIATE")
        yield database
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def without_indexes(database: sqlite3.Connection, table: str) -> Iterator[None]:
    """Drop the indexes of a table and make the same ones afterwards, which is quicker for many rows."""
    found = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
    indexes = database.execute(found, (table,)).fetchall()
    for name, _ in indexes:
        database.execute(f"DROP INDEX {name}")
    yield
    for _, made in indexes:
        database.execute(made)


def add_guild(database: sqlite3.Connection, guild_id: int) -> None:
    """Put a guild into the server's store: it tracks every channel, and its periods end when somebody ends them."""
    settings = msgspec.json.encode(Policy()).decode(), msgspec.json.encode(Schedule(interval=Interval.OFF)).decode()
    database.execute(
        "INSERT INTO attendance_guilds (guild_id, mode, fairness, schedule, tier, watched, seen_at) "
        "VALUES (?, 'All', ?, ?, 'pro', 0, 0)",
        (guild_id, *settings),
    )


def present() -> int:
    """Return this second, as the server's tables have it."""
    return microseconds(datetime.now(UTC).replace(microsecond=0))
