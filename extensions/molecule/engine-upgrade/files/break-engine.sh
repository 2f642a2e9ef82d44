#!/bin/sh
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Run by apt after each transaction: an engine of 28 that was just installed does not start. It says its version, and that
# the configuration is well, so that nothing but its start tells.
set -eu
dockerd --version | grep -q 'version 28' || exit 0
cat >/usr/sbin/dockerd <<'EOF'
#!/bin/sh
case "$*" in
    *--version*) echo "Docker version 28.5.2, build broken" ;;
    *--validate*) echo "configuration OK" ;;
    # For a moment it is there: of a process that is gone at once the journal may not know the unit.
    *) echo "broken on purpose" >&2; sleep 0.5; exit 1 ;;
esac
EOF
