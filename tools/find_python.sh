#!/bin/sh
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Lists the real Python interpreters of this machine, newest first: "3.13 /usr/bin/python3.13 complete".
# Real ones: no version manager's shims and no virtual environments, since tools follow them by path.
# "complete" says that it can make virtual environments, "bare" that it cannot (Debian without python3-venv).
set -eu

candidates() {
    echo "$PATH" | tr ':' '\n' | grep -v '/shims$' || true
    printf '%s\n' /usr/local/bin /usr/bin
    for bin in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin; do
        echo "$bin"
    done
}

candidates | awk '!seen[$0]++' | while read -r directory; do
    for python in "$directory"/python3 "$directory"/python3.[0-9] "$directory"/python3.[0-9][0-9]; do
        [ -x "$python" ] || continue
        "$python" -c '
import os, sys, sysconfig
base = getattr(sys, "_base_executable", sys.executable)
try:
    import ensurepip, venv
    state = "complete"
except ImportError:
    state = "bare"
free_threading = sysconfig.get_config_var("Py_GIL_DISABLED")
if sys.implementation.name == "cpython" and not free_threading:
    print("%d.%d" % sys.version_info[:2], os.path.realpath(base), state)
' 2>/dev/null || true
    done
done | sort -t. -k1,1nr -k2,2nr -s | awk '!seen[$2]++'
