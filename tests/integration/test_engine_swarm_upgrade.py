# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook upgrade_engine on a swarm of two hosts: a worker is drained through its manager, upgraded, and returned.

The kernel may have no IP_VS, so that the service has no virtual address (dnsrr).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.hosts import images
from tests.hosts.mirror import read_mirror

from .playbook import environment

pytestmark = pytest.mark.flavours("trixie")
_SOURCES = """
cat >/etc/apt/sources.list.d/sid.sources
printf 'Package: *\\nPin: release n=sid\\nPin-Priority: 100\\n' >/etc/apt/preferences.d/sid
apt-get -q update
"""
_SERVICE = {
    "Name": "web",
    "TaskTemplate": {
        "ContainerSpec": {"Image": "shop:1", "Args": ["sleep", "3600"], "StopGracePeriod": 0},
        "RestartPolicy": {"Condition": "any"},
    },
    "Mode": {"Replicated": {"Replicas": 4}},
    "EndpointSpec": {"Mode": "dnsrr"},
}


def wait(said, seconds=60):
    """Until it says yes."""
    end = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < end
        time.sleep(0.3)


@pytest.fixture
def swarm(host_factory, flavour, collection):
    """A manager and a worker, with a service of four tasks spread over both."""
    with host_factory(flavour, fresh=True) as manager, host_factory(flavour, fresh=True) as worker:
        for host in (manager, worker):
            images.load(host, images.busybox_tar("shop:1"))
        worker.run(_SOURCES, input=read_mirror().sources("sid"))
        address = f"{manager.address}:2377"
        manager.engine("POST", "/swarm/init", {"ListenAddr": "0.0.0.0:2377", "AdvertiseAddr": address})
        token = manager.engine("GET", "/swarm")["JoinTokens"]["Worker"]
        worker.engine(
            "POST", "/swarm/join", {"ListenAddr": "0.0.0.0:2377", "RemoteAddrs": [address], "JoinToken": token}
        )
        manager.engine("POST", "/services/create", _SERVICE)
        yield manager, worker


def tasks(manager, node):
    """The states of a node's tasks."""
    found = manager.engine("GET", "/tasks")
    return [task["Status"]["State"] for task in found if task.get("NodeID") == node]


def upgrade(folder, *versions, words=()):
    """Run the playbook over hosts, each to go to its version."""
    hosts = {
        host.name: {**host.inventory_vars(), "engine_version": version, "engine_client": False}
        for host, version in versions
    }
    inventory = folder / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    return subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", inventory, "stowage.docker.upgrade_engine", *words],
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_a_worker_is_drained_upgraded_and_returned(swarm, tmp_path):
    manager, worker = swarm
    node = worker.engine("GET", "/info")["Swarm"]["NodeID"]
    other = manager.engine("GET", "/info")["Swarm"]["NodeID"]
    wait(lambda: tasks(manager, node).count("running") == tasks(manager, other).count("running") == 2)

    # Its manager has to be among the hosts, or named. Nothing was changed, so that there is nothing to take back.
    alone = upgrade(tmp_path, (worker, "28.5.2"), words=("-e", "engine_version=28.5.2"))
    assert alone.returncode != 0
    assert "none of its managers" in alone.stdout
    assert "failed before its packages were changed" in alone.stdout
    assert worker.engine("GET", "/version")["Version"].startswith("26.")
    assert worker.run("dpkg-query -W -f '${Version}' docker.io").stdout.startswith("26.")
    assert tasks(manager, node).count("running") == 2

    # The manager has nothing to do, and is there to be asked.
    done = upgrade(tmp_path, (manager, "26.1.5"), (worker, "28.5.2"))
    assert done.returncode == 0, done.stdout[-4000:]
    assert worker.engine("GET", "/version")["Version"].startswith("28.")
    # What ran there ran elsewhere meanwhile, and nothing was started there in between.
    assert "running" not in tasks(manager, node)
    assert tasks(manager, node).count("shutdown") == 2
    wait(lambda: tasks(manager, other).count("running") == 4)
    found = manager.engine("GET", f"/nodes/{node}")
    assert (found["Spec"]["Availability"], found["Status"]["State"]) == ("active", "ready")
