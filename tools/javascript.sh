#!/bin/sh
# Install what tests/javascript/package-lock.json lists, each file checked against its hash, beside the environment of
# Python, and then leave the stamp that was asked for. No package runs a program of its own while it is installed.
set -eu

stamp=$1
[ ! -e "$stamp" ] || exit 0
folder=$(dirname "$stamp")

tools/debian.sh node:nodejs npm:npm
printf '==> Installing tests/javascript/package-lock.json into %s\n' "$folder" >&2
rm -rf "$folder"
mkdir -p "$folder"
cp tests/javascript/package.json tests/javascript/package-lock.json "$folder"
npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel error >&2
touch "$stamp"
