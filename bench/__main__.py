"""Measure everything once: `python -m bench`, or `python -m bench --quick` to see in seconds that it works."""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import report, rounds
from bench.attendance import measured, report as attendance_report
from bench.desk import measured as desk, report as desk_report
from bench.results import Part, page
from bench.servers import CLIENT_CORES

RESULTS = Path(__file__).with_name("RESULTS.md")
Tell = Callable[[str], None]


def main() -> None:
    """Run what the command line asks for, print the page and keep it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small stores and short rounds; kept only with --results")
    parser.add_argument("--only", type=Part, choices=list(Part), help="measure one part; the others stay as they were")
    parser.add_argument("--results", type=Path, help="the file to write (bench/RESULTS.md)")
    wanted = parser.parse_args()
    os.sched_setaffinity(0, CLIENT_CORES)
    kept = wanted.results or (None if wanted.quick else RESULTS)
    parts = [wanted.only] if wanted.only else list(Part)
    sections = {part: _measured(part, wanted.quick, lambda line: print(f"==> {line}", flush=True)) for part in parts}
    found = page(kept.read_text() if kept and kept.exists() else "", sections)
    print(found)
    if kept:
        kept.write_text(found)


def _measured(part: Part, quick: bool, tell: Tell) -> str:  # noqa: FBT001 (an option of the command line)
    # Never a folder in memory, as the usual one may be: waiting for the disk is part of what a booking costs.
    with tempfile.TemporaryDirectory(prefix="guildhall-bench-", dir="/var/tmp") as folder:
        if part is Part.REQUESTS:
            extent = rounds.QUICK if quick else rounds.FULL
            return report.section(extent, rounds.run(extent, Path(folder), tell))
        if part is Part.DESK:
            wanted = desk.QUICK if quick else desk.FULL
            return desk_report.section(wanted, desk.run(wanted, Path(folder), tell))
        size = measured.QUICK if quick else measured.FULL
        return attendance_report.section(size, measured.run(size, Path(folder), tell))


main()
