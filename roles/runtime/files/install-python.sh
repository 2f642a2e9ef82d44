# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Installs the distribution's Python 3, whatever its package manager.
if command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update && apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends python3
elif command -v dnf >/dev/null 2>&1; then
    dnf -q -y install python3
elif command -v zypper >/dev/null 2>&1; then
    zypper -q -n install python3
elif command -v apk >/dev/null 2>&1; then
    apk add -q python3
else
    echo "no package manager that this role knows: apt-get, dnf, zypper, apk" >&2
    exit 1
fi
