#!/bin/sh
# Make the lock files from pyproject.toml. Versions stay as they are unless a requirement forbids them; with UPGRADE set,
# everything moves to the newest that fits.
set -eu

# The widest set is solved first and bounds the others, so that one environment can hold them all. Wheels only:
# nothing that is not pinned here gets a say in building what is.
compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: --generate-hashes \
        --no-emit-index-url --custom-compile-command "make lock" ${UPGRADE:+--upgrade} "$@" >/dev/null
}
compile pyproject.toml --group test --output-file requirements/test.txt
compile pyproject.toml --constraints requirements/test.txt --output-file requirements/run.txt
compile --group bootstrap --constraints requirements/test.txt --output-file requirements/bootstrap.txt
compile --group radicale --output-file requirements/radicale.txt
