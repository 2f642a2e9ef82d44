# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is put into a user's home: the unit of the engine, and a context for the ``docker`` command. Pure."""

from __future__ import annotations

import hashlib
import json

# By this line a unit is ours: it is kept up to date, and goes when the user is not declared any more.
MARK = "# Put here by the role stowage.docker.engine"
UNIT = "docker.service"
UNITS = ".config/systemd/user"
CONTEXT = "rootless"

# Type and limits as Docker's own set-up tool has them; the script is where the engine's package put it.
_UNIT = """\
{mark}, which writes it anew.
# Settings of the engine itself belong into ~/.config/docker/daemon.json, those of the unit into a drop-in.
[Unit]
Description=Container engine without root
Documentation=https://docs.docker.com/go/rootless/

[Service]
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ExecStart={script}
ExecReload=/bin/kill -s HUP $MAINPID
Type=notify
NotifyAccess=all
TimeoutStartSec=0
Restart=always
RestartSec=2
LimitNOFILE=infinity
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
Delegate=yes
KillMode=mixed

[Install]
WantedBy=default.target
"""


def unit_text(script: str) -> str:
    """Return the unit that runs an engine by ``script``."""
    return _UNIT.format(mark=MARK, script=script)


def is_ours(unit: str) -> bool:
    """Tell whether a unit is one that was put there by us."""
    return unit.startswith(MARK)


def is_an_engine(unit: str) -> bool:
    """Tell whether a unit that is not ours runs an engine without root: then it stays as it is."""
    return any(line.startswith("ExecStart=") and "dockerd-rootless" in line for line in unit.splitlines())


def context_path() -> str:
    """Return where the ``docker`` command looks for the context, below the home."""
    return f".docker/contexts/meta/{hashlib.sha256(CONTEXT.encode()).hexdigest()}/meta.json"


def context_text(docker_host: str) -> str:
    """Return the context that leads to an engine."""
    description = "The user's own engine, without root"
    endpoint = {"Host": docker_host, "SkipTLSVerify": False}
    return json.dumps({"Name": CONTEXT, "Metadata": {"Description": description}, "Endpoints": {"docker": endpoint}})


def leads_to(context: str, docker_host: str) -> bool:
    """Tell whether a context, whoever wrote it, leads to that engine."""
    try:
        return bool(json.loads(context)["Endpoints"]["docker"]["Host"] == docker_host)
    except (ValueError, KeyError, TypeError):
        return False
