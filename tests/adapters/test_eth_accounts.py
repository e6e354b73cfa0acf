"""What comes with keys of accounts leaves the process as it was."""

import subprocess
import sys


def test_the_limit_of_recursion_stays_what_a_nested_body_is_refused_by() -> None:
    program = (
        "import sys; before = sys.getrecursionlimit(); import guildhall.adapters.evm;"
        "print(before, sys.getrecursionlimit(), 'py_ecc' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, after, raised_it = done.stdout.split()
    assert (before, raised_it) == (after, "True")
