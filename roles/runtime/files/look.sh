# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# What the role has to know of a host before it can use modules there, as one line of JSON. The role says before this
# which interpreter and which engine's socket it is about, if not the usual ones.
# Debian's python3-minimal has a part of the standard library only, so the parts are tried.
probe='import sys
if sys.version_info < (3, 9): sys.exit(1)
import dataclasses, fcntl, http.client, json, selectors, ssl, subprocess, tarfile, tempfile, zipimport, zlib
print(sys.executable)'

python=
for name in ${runtime_python:-/usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9}; do
    command -v "$name" >/dev/null 2>&1 || continue
    python=$("$name" -IS -c "$probe" 2>/dev/null) && break
done
manager=sysv
[ ! -d /run/systemd/system ] || manager=systemd
engine=false
[ ! -S "${runtime_engine:-/var/run/docker.sock}" ] || engine=true
printf '{"system": "%s", "user": %d, "python": "%s", "manager": "%s", "engine": %s}\n' \
    "$(uname -s)" "$(id -u)" "$python" "$manager" "$engine"
