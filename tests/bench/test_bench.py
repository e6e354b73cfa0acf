"""That `make bench` measures everything it promises; how fast anything is does not matter here."""

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


def test_a_quick_run_answers_every_question_of_every_server_and_judges_every_goal(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"

    run = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--results", str(results)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr

    page = results.read_text()
    assert page in run.stdout
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| `")]
    figures = {(case, system): numbers for case, system, *numbers in rows if system in SYSTEMS}
    asked = [*product(CASES, SYSTEMS), *product(WITHOUT_FASTAPI, SYSTEMS[:2])]
    for case, system in asked:
        numbers = next(found for (text, who), found in figures.items() if text.startswith(case) and who == system)
        assert len(numbers) == 4
        assert all(float(number.replace(",", "")) > 0 for number in numbers), (case, system)
    assert len(figures) == len(asked)
    assert re.findall(r"\| [\d.]+ \| (at \w+ [\d.]+) \| (?:met|\*\*not met\*\*) \|", page) == list(GOALS)
