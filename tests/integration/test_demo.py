# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's demo on machines that have nothing: no engine, no virtual environments, not even make."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.hosts import images

TREE = Path(__file__).resolve().parents[2]
# How this machine's pip reaches its index; the test hosts know apt's way already.
PIP_CONFIGURATION = ("/etc/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf")


@pytest.fixture
def machine(flavour, host_factory, tmp_path):
    """A bare host with a copy of this tree, as an archive of it would be unpacked: without git."""
    listed = subprocess.run(
        ["git", "-C", TREE, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    ).stdout
    archive = tmp_path / "tree.tar"
    subprocess.run(
        ["tar", "-C", TREE, "--null", "--ignore-failed-read", "-T", "-", "-cf", archive], input=listed, check=True
    )
    with host_factory(flavour, fresh=True) as host:
        for name in PIP_CONFIGURATION:
            if Path(name).expanduser().exists():
                host.put(Path(name).expanduser(), "/etc/pip.conf")
        host.put(archive, "/root/tree.tar")
        host.run("apt-get update -qq && apt-get install -qq -y --no-install-recommends make >/dev/null")
        host.run("mkdir /root/docker && tar -C /root/docker -xf /root/tree.tar")
        yield host


def make(host, target):
    settings = " ".join(shlex.quote(f"{key}={value}") for key, value in os.environ.items() if key.startswith("PIP_"))
    done = host.run(f"cd /root/docker && env {settings} make {target} 2>&1", check=False)
    assert done.returncode == 0, done.stdout[-8000:]
    return done.stdout


@pytest.mark.flavours("bookworm-nosystemd", "trixie-bare")
def test_one_command_on_a_fresh_machine(machine):
    # Somebody has the port already.
    machine.run("setsid python3 -m http.server --bind 127.0.0.1 18080 </dev/null >/dev/null 2>&1 &")
    shown = make(machine, "demo")
    assert "CreateContainer demo-web" in shown
    assert "UpdateContainer demo-state (memory 128 MiB -> 64 MiB)" in shown
    assert "visit number 1 at http://127.0.0.1:18081/" in shown
    assert "repaired container demo-api" in shown
    names = [container["Names"][0] for container in machine.engine("GET", "/containers/json")]
    assert sorted(names) == ["/demo-api", "/demo-notes-page-1", "/demo-state", "/demo-web"]

    # A container of the machine's owner, named to be mistaken.
    images.load(machine, images.busybox_tar("owner:1"))
    machine.engine("POST", "/containers/create?name=demo-web-2", {"Image": "owner:1", "Cmd": ["sleep", "600"]})
    again = make(machine, "demo")
    assert "visit number 2 at http://127.0.0.1:18081/" in again

    make(machine, "demo-down")
    names = [container["Names"][0] for container in machine.engine("GET", "/containers/json?all=1")]
    assert names == ["/demo-web-2"]
    volumes = machine.engine("GET", "/volumes")["Volumes"] or []
    assert [volume["Name"] for volume in volumes] == []
