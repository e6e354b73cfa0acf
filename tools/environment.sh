#!/bin/sh
# Make .venv hold what requirements/NAME.txt lists and the project itself, then leave the stamp .venv/.NAME-KEY.
# Every file that is installed is a wheel and is checked against the hashes in the lock file.
set -eu

stamp=$1
lock=${stamp#.venv/.}
lock=${lock%-*}
started=$(date +%s)
say() { printf '==> %s\n' "$*" >&2; }

find_python() {
    for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    say "Python 3.11 or newer is needed; name it in PYTHON when it is not on the PATH"
    exit 1
}

make_environment() {
    python=$(find_python)
    # Debian ships the module that puts pip into an environment apart from Python.
    "$python" -c 'import ensurepip' 2>/dev/null || tools/debian.sh "$("$python" -c \
        'import sys; print("/usr/lib/python{0}.{1}/ensurepip:python{0}.{1}-venv".format(*sys.version_info))')"
    say "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

[ ! -e "$stamp" ] || exit 0

# Scripts in an environment hold its path, so one that was moved along with its checkout is made anew.
if ! grep -qsF "$(pwd)/.venv" .venv/pyvenv.cfg || ! .venv/bin/python -c '' 2>/dev/null; then
    make_environment
fi

say "Installing the installer"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
    --requirement requirements/bootstrap.txt

say "Installing requirements/$lock.txt"
# Compiled now, in parallel, instead of one by one at the first start.
install() { .venv/bin/uv pip install --python .venv/bin/python --no-deps --compile-bytecode "$@"; }
install --require-hashes --only-binary :all: --requirement "requirements/$lock.txt"
install --quiet --no-build-isolation --editable .

rm -f ".venv/.$lock-"*
touch "$stamp"
say "The environment is ready after $(($(date +%s) - started)) s"
