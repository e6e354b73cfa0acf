"""Measure everything once: `python -m bench`, or `python -m bench --quick` to see in seconds that it works."""

import argparse
import os
import tempfile
from pathlib import Path

from bench.report import page
from bench.rounds import FULL, QUICK, run
from bench.servers import CLIENT_CORES

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Run what the command line asks for, print the page and keep it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small stores and short rounds; kept only with --results")
    parser.add_argument("--results", type=Path, help="the file to write (bench/RESULTS.md)")
    wanted = parser.parse_args()
    os.sched_setaffinity(0, CLIENT_CORES)
    extent = QUICK if wanted.quick else FULL
    # Never a folder in memory, as the usual one may be: waiting for the disk is part of what a booking costs.
    with tempfile.TemporaryDirectory(prefix="guildhall-bench-", dir="/var/tmp") as folder:
        found = page(extent, run(extent, Path(folder), lambda line: print(f"==> {line}", flush=True)))
    print(found)
    kept = wanted.results or (None if wanted.quick else RESULTS)
    if kept:
        kept.write_text(found)


main()
