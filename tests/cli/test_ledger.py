"""`guildhall ledger verify`, as an operator runs it on what a real server wrote."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.program import run, serving
from tests.serving import MASTER_KEY

SLOT = "/v1/shifts/2026-03-19/0"


def minted(folder: Path, *people: str) -> list[str]:
    """Let a server reward people for a shift, and return the hashes it told."""
    with serving(folder, ADMIN_API_KEY=MASTER_KEY) as program:
        headers = {"Authorization": f"Bearer {MASTER_KEY}"}
        with program.client(headers=headers) as client:
            for name in people:
                assert client.post(f"{SLOT}/signup", headers={"X-User-Id": name}).status_code == 200
            client.put(f"/v1/users/{people[0]}/roles", json={"roles": ["minter"]})
            body = {"participants": people, "amountPerUser": 2.5, "token": "CHT"}
            answer = client.post(f"{SLOT}/reward", json=body, headers={"X-User-Id": people[0]})
            return [each["txHash"] for each in answer.json()["results"]]


def test_a_ledger_is_told_to_be_whole_until_somebody_changes_the_file(tmp_path: Path) -> None:
    empty = run(tmp_path, "ledger", "verify")
    assert (empty.returncode, empty.stdout) == (0, "The ledger is whole: 0 entries in one chain, 0 balances.\n")
    hashes = minted(tmp_path, "1", "2", "3")
    whole = run(tmp_path, "ledger", "verify")
    told = f"The ledger is whole: 3 entries in one chain, 4 balances. Last hash: {hashes[-1]}\n"
    assert (whole.returncode, whole.stdout) == (0, told)

    with closing(sqlite3.connect(tmp_path / "data" / "guildhall.db")) as connection:
        connection.executescript(
            "DROP TRIGGER ledger_entries_update;"
            "UPDATE ledger_entries SET amount = 9000000 WHERE seq > 1;"
            "UPDATE ledger_balances SET amount = 9000000 WHERE account <> 'user:u_1'"
        )
    broken = run(tmp_path, "ledger", "verify")
    assert (broken.returncode, broken.stdout) == (1, "")
    assert "Entry 2 of the ledger was changed: its hash does not fit what it says" in broken.stderr
