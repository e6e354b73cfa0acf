"""That `make bench` measures everything it promises; how fast anything is does not matter here."""

import os
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

PROJECT = Path(__file__).parents[2]
CASES = (
    "`GET /health`", "`GET` availability, 1,000", "`GET` availability, 20,000", "`POST` booking",
    "`GET` day of shifts, 20 past", "`GET` day of shifts, 100 past", "`POST` sign-up",
)  # fmt: skip
WITHOUT_FASTAPI = ("`POST` execution", "`GET` poll")
SYSTEMS = ("bare ASGI", "Guildhall", "FastAPI + SQLAlchemy")
AT_MOST, TWICE, MORE = "at most 1.3", "at least 2", "at least 1.5"
GOALS = (AT_MOST, AT_MOST, TWICE, TWICE, TWICE, MORE, TWICE, TWICE, MORE)
TAKERS = ("discord.py that keeps nothing: the limit of the arrangement", "Guildhall", "discord.py + aiosqlite")
COPIERS = ("Guildhall", "discord.py that copies")
TELLERS = ("Guildhall", "python-socketio, a room")
CONTENDERS = {*SYSTEMS, *TAKERS, *COPIERS, *TELLERS, "bare loop"}
VOICE = ("voice events, 1 guild", "voice events, 5 guilds")
FIGURES = tuple(
    f"`GET` {name}, {sessions} sessions" for name in ("leaderboard", "heatmap") for sessions in ("500", "2,000")
)
SIGNING = (
    "sign 300 sessions that wait", "archive and sign a period of 300 sessions", "verify 20 receipts offline",
)  # fmt: skip


def measured(part: str, results: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--only", part, "--results", str(results)],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    page = results.read_text()
    assert page in run.stdout
    return page


def figures_in(page: str) -> dict[tuple[str, str], list[str]]:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]
    return {(case, who): numbers for case, who, *numbers in rows if who in CONTENDERS}


def goals_in(page: str) -> list[str]:
    return re.findall(r"\| [\d.]+ \| (at \w+ [\d.]+) \| (?:met|\*\*not met\*\*) \|", page)


def test_a_quick_run_answers_every_question_of_every_server_and_judges_every_goal(tmp_path: Path) -> None:
    page = measured("requests", tmp_path / "RESULTS.md")

    figures = figures_in(page)
    asked = [*product(CASES, SYSTEMS), *product(WITHOUT_FASTAPI, SYSTEMS[:2])]
    for case, system in asked:
        numbers = next(found for (text, who), found in figures.items() if text.startswith(case) and who == system)
        assert len(numbers) == 4
        assert all(float(number.replace(",", "")) > 0 for number in numbers), (case, system)
    assert len(figures) == len(asked)
    assert goals_in(page) == list(GOALS)


def test_a_quick_run_of_one_part_measures_all_of_it_and_keeps_the_others_on_the_page(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"
    results.write_text(
        "# Results\n\n## Attendance\n\nOld figures.\n\n## Requests\n\nOf another day.\n\n### In detail\n"
    )

    page = measured("attendance", results)

    assert "Old figures" not in page
    assert page.index("## Requests\n\nOf another day.\n\n### In detail\n") < page.index("## Attendance")
    asked = {
        *product(VOICE, TAKERS), *product(FIGURES, SYSTEMS), *product(SIGNING, ("Guildhall", "bare loop")),
    }  # fmt: skip
    figures = figures_in(page)
    assert set(figures) == asked
    assert all(float(numbers[0].replace(",", "")) >= 0 for numbers in figures.values())
    assert goals_in(page) == ["at most 1.5"] * 2


def test_a_quick_run_of_the_desk_asks_relays_and_tells_and_judges_lists_and_tickets(tmp_path: Path) -> None:
    page = measured("desk", tmp_path / "RESULTS.md")

    questions = ("`GET` ticket list, first page", "`GET` ticket list, deep page", "`GET` ticket", "`POST` message")
    asked = [f"{question}, {tickets} tickets" for question in questions for tickets in ("500", "1,000")]
    relayed = ("direct message to a new channel", "direct message to its channel")
    told = {f"message to {sockets} sockets": sockets for sockets in ("10", "40")}
    figures = figures_in(page)
    assert set(figures) == {*product(asked, SYSTEMS[1:]), *product(relayed, COPIERS), *product(told, TELLERS)}
    for (case, sockets), teller in product(told.items(), TELLERS):
        held, missed, *times = figures.pop((case, teller))
        assert (held, missed) == (sockets, "0")
        assert all(float(each) > 0 for each in times)
    for each, numbers in figures.items():
        assert all(float(number.replace(",", "")) > 0 for number in numbers), each
    assert goals_in(page) == [AT_MOST] * 3
