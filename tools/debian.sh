#!/bin/sh
# Install the Debian packages whose program is missing. Each argument reads PROGRAM:PACKAGE, where PROGRAM is a command
# or a path, which may hold a pattern. A server that Debian starts after installing it is left alone: the tests start their own.
set -eu

missing=
for pair; do
    program=${pair%:*}
    # shellcheck disable=SC2086  # A path may hold a pattern.
    command -v "$program" >/dev/null || ls -d $program >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
[ -n "$missing" ] || exit 0

printf '==> Installing Debian packages:%s\n' "$missing" >&2
command -v apt-get >/dev/null || { echo "This is no Debian: install these yourself:$missing" >&2; exit 1; }
as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "Root or sudo is needed to install:$missing" >&2; exit 1; }
    as_root=sudo
fi
install() {
    # shellcheck disable=SC2086  # Several packages are several words.
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends $missing >&2
}
# A package list that is absent or too old is found out by trying: most machines need no update.
install || { $as_root apt-get update --quiet >&2 && install; }
