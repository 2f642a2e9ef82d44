# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the demo's playbooks on this machine: ``up``, ``down``, or ``test`` (both, unless a demo is there already).

The page gets the first free port of the machine from DEMO_PORT (18080) on, and keeps it from run to run.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

PLAYBOOKS = Path(__file__).resolve().parent.parent / "playbooks"
SOCKET = "/var/run/docker.sock"
PORTS_TRIED = 100


def ask_engine(path: str) -> Any:
    """GET from the machine's engine; None where there is no engine or no such object."""
    connection = http.client.HTTPConnection("engine", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.connect(SOCKET)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except OSError:
        return None
    finally:
        connection.close()
    return json.loads(body) if answer.status == http.client.OK else None


def demo_is_there() -> bool:
    """Tell whether anything of the demo exists, running or not."""
    return bool(ask_engine("/containers/json?all=true&filters=%7B%22label%22%3A%5B%22io.stowage.scope%3Ddemo%22%5D%7D"))


def choose_port() -> int:
    """Return the port a demo that is there has, else the first free one."""
    wanted = int(os.environ.get("DEMO_PORT") or 18080)
    web = ask_engine("/containers/demo-web/json")
    if web and "DEMO_PORT" not in os.environ:
        bindings = web["HostConfig"]["PortBindings"].get("8080/tcp") or [{}]
        return int(bindings[0].get("HostPort") or wanted)
    if web or "DEMO_PORT" in os.environ:
        return wanted
    for port in range(wanted, wanted + PORTS_TRIED):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    message = f"demo: no free port on 127.0.0.1 from {wanted} on; name one with DEMO_PORT"
    raise SystemExit(message)


def play(name: str, *arguments: str) -> int:
    """Run one of the playbooks and return its exit status."""
    return subprocess.run(["ansible-playbook", PLAYBOOKS / name, *arguments], check=False).returncode


def up() -> int:
    """Bring the demo up and say how to take it away."""
    status = play("demo.yml", "-e", f"demo_port={choose_port()}")
    if status == 0:
        print("The demo keeps running: demo-web, demo-api and demo-state, the stack demo-notes, the engine, and the")
        print("runtime that keeps them: remove a container by hand, and ask it with: stowage status")
        print("Remove it with: make demo-down")
    return status


def down() -> int:
    """Remove the demo; without an engine there is none."""
    return play("demo_down.yml") if ask_engine("/version") else 0


def test() -> int:
    """Bring the demo up and take it away; one that was there before stays."""
    keep = demo_is_there()
    return up() or (0 if keep else down())


def main() -> int:
    """Run the command named."""
    if os.geteuid():
        raise SystemExit("demo: run it as root: it installs an engine on this machine")
    return {"up": up, "down": down, "test": test}[sys.argv[1]]()


if __name__ == "__main__":
    sys.exit(main())
