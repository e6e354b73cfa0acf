"""The running server against its own documents: whatever is sent, the answer is one that the document names.

Schemathesis reads the generated OpenAPI document of each dialect and makes up requests, good ones and bad ones, from a
fixed seed. No answer is a fault of the server, has an undocumented status or a body of another shape; no route forgets
its credential, and none takes a method it does not list.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from guildhall.core.actor import SYSTEM
from guildhall.core.clock import SystemClock
from guildhall.core.db import open_database
from guildhall.domains import identity
from guildhall.domains.identity import mint_access_token
from guildhall.domains.identity.sessions import open_session
from tests.contract.documents import DIALECTS
from tests.faults.server_process import ServerProcess, server_process
from tests.serving import MASTER_KEY

SEED = "1"
EXAMPLES = "20"
FEW = "2"
"""Examples for each operation of the dialects with many."""

SECRET = "the secret of the server that is asked so much"
# The documents do not say everything that makes a value good: that an end is after its start, that a person exists.
UNCHECKED = "positive_data_acceptance"
# A cookie goes with every request, also with those that are to go without; what the server is not set up for is a 503.
OF_SESSIONS = (
    "positive_data_acceptance,not_a_server_error,ignored_auth,missing_required_header,negative_data_rejection,"
    "unsupported_method,allow_header_conformance"
)
SETTINGS = """
[dictionaries]
rooms = {{ values = ["ostrom", "mush", "phonebooth"] }}
events = {{ values = {events} }}
feeds = {{ values = ["{feed}"] }}
people = {{ values = ["849888126", "u_849888126", "777", "new"] }}
days = {{ values = ["2027-03-19", "2027-03-28", "2027-10-31", "2028-02-29"] }}
starts = {{ values = ["08:00", "09:30", "12:00", "13:55"] }}
ends = {{ values = ["14:00", "17:05", "22:00"] }}

[parameters]
"path.room_id" = {{ dictionary = "rooms", probability = 0.7 }}
"path.event_id" = {{ dictionary = "events", probability = 0.7 }}
"path.feed_token" = {{ dictionary = "feeds", probability = 0.7 }}
"path.user_id" = {{ dictionary = "people", probability = 0.7 }}
"header.X-User-Id" = {{ dictionary = "people", probability = 0.8 }}
"query.date" = {{ dictionary = "days", probability = 0.5 }}
"body.date" = {{ dictionary = "days", probability = 0.8 }}
"body.start" = {{ dictionary = "starts", probability = 0.8 }}
"body.end" = {{ dictionary = "ends", probability = 0.8 }}
"""


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server as an operator runs it."""
    # Without a secret for outside attendance its route answers 501, as documented, and that looks like a fault.
    secrets = {"WEBHOOK_SECRET": "the secret of those who send attendance", "SECRET_KEY": SECRET}
    with server_process(database_url, tmp_path, **secrets) as process:
        yield process


def furnish(server: ServerProcess) -> tuple[str, str]:
    """Give the house an app, a person and their bookings; return the app's secret and settings that name them."""
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {MASTER_KEY}"}) as master:
        secret = master.post("/v1/apps", json={"name": "Fuzz"}).json()["appSecret"]
        acting = {"X-User-Id": "849888126"}
        feed = master.post("/v1/users/me/calendar-feed", headers=acting).json()["calendarFeedUrl"].split("/")[-2]
        events = []
        for day in range(10, 30):
            wish = {"title": "A", "date": f"2027-03-{day}", "start": "08:00", "end": "09:00", "private": day % 2 == 0}
            events.append(master.post("/v1/rooms/ostrom/book", json=wish, headers=acting).json()["eventId"])
    return secret, SETTINGS.format(events=json.dumps(events), feed=feed)


def run(
    server: ServerProcess,
    dialect: str,
    folder: Path,
    settings: str,
    *headers: str,
    examples: str = EXAMPLES,
    unchecked: str = UNCHECKED,
) -> str:
    """Let schemathesis loose on a dialect, and return what it says of it."""
    config = folder / "schemathesis.toml"
    config.write_text(settings)
    options = ["--url", server.url, "--seed", SEED, "--max-examples", examples, "--exclude-checks", unchecked]
    # Whoever has left learns nothing more.
    options += ["--exclude-path-regex", "/logout$"]
    options += [option for header in headers for option in ("-H", header)]
    document = f"{server.url}/docs/openapi/{dialect}.json"
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        str(config),
        "--no-color",
        "run",
        document,
    ]
    done = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2_000:]
    return done.stdout


def document_of(server: ServerProcess, dialect: str) -> dict[str, Any]:
    answer = httpx.get(f"{server.url}/docs/openapi/{dialect}.json")
    document: dict[str, Any] = answer.json()
    return document


# Each credential on one engine, each engine with one credential: what else differs, other tests look at.
@pytest.mark.parametrize(
    ("engine", "credential"), [("sqlite", "master key"), ("postgresql", "app secret")], indirect=["engine"]
)
def test_every_answer_of_the_commons_hub_is_one_that_its_document_names(
    server: ServerProcess, tmp_path: Path, credential: str
) -> None:
    secret, settings = furnish(server)
    token = MASTER_KEY if credential == "master key" else secret
    said = run(server, "commonshub", tmp_path, settings, f"Authorization: Bearer {token}")
    operations = sum(len(methods) for methods in document_of(server, "commonshub")["paths"].values())
    tested = re.search(r"Tested: (\d+)", said)
    assert tested is not None, said
    assert int(tested[1]) == operations
    assert '"level":"error"' not in server.log.read_text()


async def credentials_of(database_url: str) -> dict[str, list[str]]:
    """Let somebody in who may do everything, and return what they show to each dialect that knows sessions."""
    now = SystemClock().now()
    database = await open_database(database_url)
    async with database.write() as tx:
        user = await identity.create_person(
            tx,
            SYSTEM,
            sign_in_name="who may do everything",
            password_hash=PasswordHasher().hash("x"),
            email=None,
            roles=["admin"],
            now=now,
        )
        session, cookie = await open_session(tx, user, ip=None, user_agent=None, now=now)
    await database.close()
    token = mint_access_token(session, key=SECRET, life=timedelta(hours=1), now=now)
    return {
        "rustmail": [f"Cookie: session_id={cookie}", "Origin: http://hub.test", "Sec-Fetch-Site: same-origin"],
        "hazebot": [f"Authorization: Bearer {token}"],
    }


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_documents_of_the_other_dialects_hold_too(server: ServerProcess, tmp_path: Path, database_url: str) -> None:
    credentials = asyncio.run(credentials_of(database_url))
    for dialect in DIALECTS.keys() - {"commonshub"}:
        document = document_of(server, dialect)
        assert document["openapi"].startswith("3.1"), dialect
        # A dialect that has no routes of its own yet promises nothing.
        if document["paths"]:
            if dialect in credentials:
                run(server, dialect, tmp_path, "", *credentials[dialect], examples=FEW, unchecked=OF_SESSIONS)
            else:
                run(server, dialect, tmp_path, "", f"Authorization: Bearer {MASTER_KEY}")
    assert '"level":"error"' not in server.log.read_text()
