# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that bring our chains back: the rules, the script that loads them, and what runs it.

Texts only. The unit runs before the engine, so that no port is open for a moment after a boot, and again whenever the
engine or a firewall is started, restarted or told to read anew: the engine leaves DOCKER-USER alone, firewalls do not.
"""

from __future__ import annotations

from typing import Dict, NamedTuple

from ..system import SYSTEMD, SYSV
from .rules import JUMPS, Chains, render_restore

UNIT = "stowage-firewall.service"
UNIT_PATH = f"/etc/systemd/system/{UNIT}"
INIT_SCRIPT = "/etc/init.d/stowage-firewall"
SCRIPT = "/usr/local/sbin/stowage-firewall"
# The engine may put its rules before ours when it starts; see rules.in_place.
DROP_IN = "/etc/systemd/system/docker.service.d/stowage-firewall.conf"
FOLDERS = ("/etc/stowage-firewall", "/etc/systemd/system/docker.service.d")
RULES = {4: "/etc/stowage-firewall/rules.v4", 6: "/etc/stowage-firewall/rules.v6"}
TOOLS = {4: "iptables", 6: "ip6tables"}
# All paths that can be ours, the one that the others run last: what is left of a removal can still be run.
PATHS = (*RULES.values(), DROP_IN, UNIT_PATH, INIT_SCRIPT, SCRIPT)

# What empties chains of others when it starts or is told to read its rules anew.
_FIREWALLS = ("nftables", "firewalld", "ufw", "netfilter-persistent", "iptables", "ip6tables")


_OURS = "# Written by stowage.docker.engine_firewall.\n"


class Text(NamedTuple):
    """A file as it has to be."""

    content: str
    mode: int


def keeper(manager: str) -> str:
    """Return what brings the rules back after restarts, "" where nothing can."""
    return {SYSTEMD: UNIT, SYSV: INIT_SCRIPT}.get(manager, "")


def wanted_files(chains: Dict[int, Chains], manager: str) -> Dict[str, Text]:
    """Return the files that a host needs, by path; ``manager`` is how it starts services."""
    files = {RULES[family]: Text(render_restore(chains[family]), 0o644) for family in chains}
    if manager == SYSTEMD:
        files[SCRIPT] = Text(_script(), 0o755)
        files[UNIT_PATH] = Text(_unit(), 0o644)
        files[DROP_IN] = Text(f"{_OURS}[Service]\nExecStartPost=-{SCRIPT} start\n", 0o644)
    elif manager == SYSV:
        files[INIT_SCRIPT] = Text(_script(), 0o755)
    else:
        files[SCRIPT] = Text(_script(), 0o755)
    return files


def _script() -> str:
    jumps = "\n".join(f'    jump "$1" {caller} {called}' for caller, called in JUMPS)
    return f"""\
#!/bin/sh
# Written by stowage.docker.engine_firewall: who may reach the ports that containers publish.
### BEGIN INIT INFO
# Provides:          stowage-firewall
# Required-Start:    $local_fs
# Required-Stop:
# Should-Start:      nftables ufw netfilter-persistent
# X-Start-Before:    docker
# Default-Start:     2 3 4 5
# Default-Stop:
# Short-Description: Who may reach the ports that containers publish
### END INIT INFO
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
status=0

# Have chain $2 call $3 first of all: what comes before may let anything in.
jump() {{
    [ "$("$1" -w 10 -S "$2" 1 2>/dev/null)" = "-A $2 -j $3" ] && return
    old=$("$1" -w 10 -C "$2" -j "$3" 2>/dev/null && echo "-D $2 -j $3")
    printf '%s\\n' '*filter' "$old" "-I $2 1 -j $3" COMMIT | "$1-restore" -w 10 --noflush || status=1
}}

load() {{
    [ -f "$2" ] || return
    "$1-restore" -w 10 --noflush "$2" || {{ status=1; return; }}
    "$1" -w 10 -n -L DOCKER-USER >/dev/null 2>&1 || "$1" -w 10 -N DOCKER-USER || status=1
{jumps}
}}

case "${{1-}}" in
start | restart | reload | force-reload)
    load {TOOLS[4]} {RULES[4]}
    load {TOOLS[6]} {RULES[6]}
    ;;
stop) ;; # a port that is closed stays closed
status) {TOOLS[4]} -w 10 -n -L {JUMPS[0][1]} || status=3 ;;
*)
    echo "usage: $0 start|stop|restart|reload|status" >&2
    status=2
    ;;
esac
exit $status
"""


def _unit() -> str:
    firewalls = " ".join(f"{name}.service" for name in _FIREWALLS)
    return f"""\
{_OURS}[Unit]
Description=Who may reach the ports that containers publish
After={firewalls}
Before=docker.service
PartOf=docker.service {firewalls}
ReloadPropagatedFrom=docker.service {firewalls}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={SCRIPT} start
ExecReload={SCRIPT} reload

[Install]
WantedBy=multi-user.target docker.service {firewalls}
"""
