#!/bin/sh
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prints the folder of the virtual environment with requirements/$1.txt, after making it where it is missing.
# It lies in the user's cache under a name that says what is in it, so that clones share it.
#
#   tools/venv.sh run      what a controller needs          newest Python there is, from 3.11 on
#   tools/venv.sh dev      and what the checks need         the same
#   tools/venv.sh bench    the benchmarks' peers            the same
#   tools/venv.sh oldest   the unit tests on an old host    oldest Python there is, from 3.9 on
#
# STOWAGE_PYTHON names an interpreter to use instead. Where there is none, Debian's own is installed (as root).
set -eu

set_name=$1
root=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/stowage
newest_supported=14

say() { echo "venv: $*" >&2; }

fitting() { # prints the interpreter to use and whether it is complete
    if [ "$set_name" = oldest ]; then
        "$root/tools/find_python.sh" | awk '{split($1, v, "."); if (v[1] == 3 && v[2] >= 9) print}' | tail -n 1
    elif [ -n "${STOWAGE_PYTHON:-}" ]; then
        echo "given $STOWAGE_PYTHON complete"
    else
        # The newest complete one; a bare one only where there is nothing else.
        "$root/tools/find_python.sh" |
            awk -v top="$newest_supported" '{split($1, v, "."); if (v[1] == 3 && v[2] >= 11 && v[2] <= top) print}' |
            sort -k3,3r -s | head -n 1
    fi
}

install_python() {
    [ "$(id -u)" = 0 ] || { say "no Python >= 3.11 that can make virtual environments: install python3-venv"; exit 1; }
    say "installing Debian's python3 and python3-venv"
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        python3 python3-venv ca-certificates >/dev/null
}

found=$(fitting)
case $found in
    *complete) ;;
    *) install_python; found=$(fitting) ;;
esac
case $found in
    *complete) ;;
    *) say "found no Python >= 3.11 on this machine, and its distribution has none"; exit 1 ;;
esac
python=$(echo "$found" | cut -d' ' -f2)

key=$(cd "$root/requirements" && { "$python" -VV; echo "$python"; cat "$set_name.txt"; grep -h '^-r ' "$set_name.txt" |
    cut -d' ' -f2 | xargs -r cat; } | sha256sum | cut -c1-12)
venv=$cache/venv-$set_name-$key

mkdir -p "$cache"
exec 9>"$venv.lock"
flock 9
if [ ! -e "$venv/ready" ]; then
    say "making $venv with $("$python" --version)"
    rm -rf "$venv"
    "$python" -m venv "$venv" >&2
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check -r "$root/requirements/$set_name.txt" >&2
    touch "$venv/ready"
    # What no clone has used for a month is the environment of requirements that are gone.
    find "$cache" -maxdepth 2 -path "*/venv-$set_name-*/ready" -mtime +30 | while read -r old; do
        rm -rf "${old%/ready}" "${old%/ready}.lock"
    done
fi
touch "$venv/ready"
echo "$venv"
