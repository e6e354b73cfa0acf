"""Signing what waits, archiving a period, and checking receipts offline, each beside a loop of the bare operations.

The loops use the same library on the same bytes, in this process and on the other core: what no program that signs or
checks these records can be faster than with one thread.
"""

import base64
import http.client
import json
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from itertools import cycle
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bench import servers
from bench.attendance.stage import Stage, add_guild, filling, make_store, present, without_indexes
from bench.servers import PYTHON_PATH, SERVER_CORES, Contender
from bench.stores import EPOCH
from guildhall.domains.attendance.records import Bytes, SessionFacts, hash_of, session_bytes

PASSPHRASE = "a passphrase of the bench"  # noqa: S105 (it guards nothing)
PERIOD = "0d9c7f54-2b1e-4f37-8a36-5c2d9e7f1a20"
PEOPLE = 500
LENGTH = timedelta(minutes=50)
APART = timedelta(seconds=20)
SECOND = 1_000_000
PATIENCE = 900.0
LOOK_AGAIN = 0.02

INSERT = (
    "INSERT INTO attendance_sessions (id, guild_id, user_id, channel_id, period_id, joined_at, left_at, end_reason, "
    "source, carried, stretches, counted_until, paused, bytes_v1, bytes_v2, hash_v1, hash_v2, salt, signing_state, "
    + ", ".join(f"counted_{way}" for way in range(8))
    + ") VALUES (?, ?, ?, ?, ?, ?, ?, 'left', 'discord', 0, '[[0,0]]', ?, 255, ?, ?, ?, ?, ?, 'pending'"
    + ", ?" * 8
    + ")"
)
WAITING = "SELECT count(*) FROM attendance_sessions WHERE guild_id = ? AND signing_state = 'pending'"
NOT_LOGGED = (
    "SELECT count(*) FROM attendance_log_entries "
    "WHERE record_id IN (SELECT value FROM json_each(?)) AND position IS NULL"
)


@dataclass(frozen=True)
class Compared:
    """Seconds that the server or its command took for so many records, and those of the bare loop."""

    records: int
    guildhall: float
    bare: float


@dataclass(frozen=True)
class Signing:
    """What was found: signing what waited, archiving, and checking offline."""

    signed: Compared
    archived: Compared
    verified: Compared


def run(stage: Stage, folder: Path, *, sessions: int, receipts: int, tell: Callable[[str], None]) -> Signing:
    """Make a guild with so many closed sessions that nobody has signed, and measure. Raises RuntimeError."""
    file = make_store(folder)
    with filling(file) as database:
        _begin_period(database, stage.guild_id)
    with servers.guildhall(folder, stage.settings) as contender:
        key = stage.call(contender.port, "POST", "signing/generate-keys", {"passphrase": PASSPHRASE})["public_key"]
    tell(f"Closing {sessions:,} sessions")
    closed = list(_closed(stage.guild_id, sessions))
    with filling(file) as database, without_indexes(database, "attendance_sessions"):
        database.executemany(INSERT, (_row(facts, both) for facts, both in closed))
    # The restart has locked the key.
    with servers.guildhall(folder, stage.settings) as contender:
        tell("Signing them")
        signed = Compared(sessions, _sign(stage, contender, file), _sign_bare([both for _, both in closed]))
        tell("Archiving their period")
        archived = Compared(sessions, _archive(stage, contender), _archive_bare(file, closed))
        tell("Waiting for the transparency log")
        names = [facts.session_id for facts, _ in closed[:receipts]]
        _wait(file, NOT_LOGGED, json.dumps(names))
        tell(f"Reading {receipts:,} receipts")
        files = _keep_receipts(stage, contender, folder, names)
    tell("Checking them offline")
    return Signing(signed, archived, Compared(receipts, _verify(folder, files, key), _verify_bare(folder, files)))


def _begin_period(database: sqlite3.Connection, guild_id: int) -> None:
    add_guild(database, guild_id)
    database.execute(
        "INSERT INTO attendance_periods (id, guild_id, number, started_at, signing_state) VALUES (?, ?, 1, ?, 'none')",
        (PERIOD, guild_id, present() - 60 * 86_400 * SECOND),
    )


def _closed(guild_id: int, sessions: int) -> Iterator[tuple[SessionFacts, Bytes]]:
    """Yield sessions that have ended one after the other, with the bytes that are signed."""
    now = EPOCH + timedelta(microseconds=present())
    for number in range(sessions):
        left = now - (sessions - number) * APART
        facts = SessionFacts(
            session_id=f"{number:08x}-0000-4000-8000-000000000000",
            guild_id=guild_id,
            user_id=700_000_000_000_000_000 + number % PEOPLE,
            channel_id=1000 + number % 20,
            period_id=PERIOD,
            joined_at=left - LENGTH,
            left_at=left,
            source="discord",
            end_reason="left",
        )
        yield facts, session_bytes(facts)


def _row(facts: SessionFacts, both: Bytes) -> tuple[object, ...]:
    joined, left = ((each - EPOCH) // timedelta(microseconds=1) for each in (facts.joined_at, facts.left_at))
    whose = facts.session_id, facts.guild_id, facts.user_id, facts.channel_id, facts.period_id
    signable = both.v1, both.v2, hash_of(both.v1), hash_of(both.v2), secrets.token_bytes(32)
    return (*whose, joined, left, left, *signable, *[facts.duration_seconds] * 8)


def _sign(stage: Stage, contender: Contender, file: Path) -> float:
    begun = time.perf_counter()
    stage.call(contender.port, "POST", "signing/unlock", {"passphrase": PASSPHRASE})
    _wait(file, WAITING, stage.guild_id)
    return time.perf_counter() - begun


def _sign_bare(records: Sequence[Bytes]) -> float:
    key = Ed25519PrivateKey.generate()
    begun = time.perf_counter()
    for record in records:
        for signed in (record.v1, record.v2):
            sha256(signed).hexdigest()
            key.sign(signed)
    return time.perf_counter() - begun


def _archive(stage: Stage, contender: Contender) -> float:
    begun = time.perf_counter()
    archived = stage.call(contender.port, "POST", "reset-now")["archived"]
    spent = time.perf_counter() - begun
    if not archived["signed"]:
        raise RuntimeError("the period was archived without a signature")
    return spent


def _archive_bare(file: Path, closed: Sequence[tuple[SessionFacts, Bytes]]) -> float:
    with closing(sqlite3.connect(file)) as database:
        both = database.execute("SELECT bytes_v1, bytes_v2 FROM attendance_periods WHERE id = ?", (PERIOD,)).fetchone()
    key = Ed25519PrivateKey.generate()
    begun = time.perf_counter()
    sha256(b"".join(sha256(record.v2).digest() for _, record in closed)).hexdigest()
    for signed in both:
        sha256(signed).hexdigest()
        key.sign(signed)
    return time.perf_counter() - begun


def _keep_receipts(stage: Stage, contender: Contender, folder: Path, session_ids: Sequence[str]) -> list[str]:
    # By turns, for a server answers one person only so often in a minute.
    tokens = cycle([stage.token(manager) for manager in range(len(stage.managers))])
    files = []
    with closing(http.client.HTTPConnection("127.0.0.1", contender.port)) as connection:
        for session_id, token in zip(session_ids, tokens, strict=False):
            files.append(f"{session_id}.json")
            receipt = stage.ask(connection, "GET", f"sessions/{session_id}/receipt", token)
            (folder / files[-1]).write_bytes(receipt)
    return files


def _verify(folder: Path, files: Sequence[str], key: str) -> float:
    """Time the whole command. Raises CalledProcessError when one receipt does not hold."""
    program = Path(sys.executable).with_name("guildhall")
    command = ["taskset", "-c", ",".join(map(str, SERVER_CORES))]
    command += [str(program), "attendance", "verify", "--public-key", key, *files]
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, env={"PYTHONPATH": PYTHON_PATH}, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def _verify_bare(folder: Path, files: Sequence[str]) -> float:
    receipts = [json.loads((folder / file).read_bytes()) for file in files]
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(receipts[0]["public_key"]))
    signed = [
        (base64.b64decode(part["signature"]), _compact(part["signed_payload"]))
        for receipt in receipts
        for part in (receipt, receipt["v2"])
    ]
    begun = time.perf_counter()
    for signature, content in signed:
        key.verify(signature, content)
    return time.perf_counter() - begun


def _compact(payload: object) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def _wait(file: Path, question: str, *named: object) -> None:
    """Wait until a count in the store is zero."""
    deadline = time.monotonic() + PATIENCE
    with closing(sqlite3.connect(file, timeout=30)) as database:
        while left := database.execute(question, named).fetchone()[0]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{left} are left")
            time.sleep(LOOK_AGAIN)
