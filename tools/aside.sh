#!/bin/sh
# Make an environment of its own for a program that the tests run and that clashes with the product's packages:
# .venv/aside/NAME holds what requirements/NAME.txt lists, and then the stamp that was asked for.
set -eu

stamp=$1
[ ! -e "$stamp" ] || exit 0
folder=$(dirname "$stamp")
name=$(basename "$folder")

printf '==> Installing requirements/%s.txt into %s\n' "$name" "$folder" >&2
rm -rf "$folder"
.venv/bin/uv venv --quiet --python .venv/bin/python "$folder"
.venv/bin/uv pip install --quiet --python "$folder/bin/python" --no-deps --compile-bytecode \
    --require-hashes --only-binary :all: --requirement "requirements/$name.txt"
touch "$stamp"
