# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers as they are declared, changed, drifted and taken back, through the module host."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hosts import Host
from tests.integration import scene
from tests.integration.playbook import Playbook, operations

REPLACE = ["CreateContainer", "StopContainer", "StartContainer", "RemoveContainer", "RenameContainer"]
SLEEP = {"image": "stowage-test/web:1", "command": ["sleep", "1000"], "stop_grace_period": "0s"}


def document(containers: dict[str, Any], scope: str = "case", **more: Any) -> dict[str, Any]:
    return {"scope": scope, "monitor": 0.2, "containers": containers, **more}


BROAD: dict[str, Any] = {
    **SLEEP,
    "environment": {"MODE": "live", "EMPTY": "", "NUMBER": 3, "FLAG": True},
    "ports": ["127.0.0.1:8081:80", "8082:81/udp"],
    "networks": {"front": {"ipv4_address": "10.77.7.10", "aliases": ["app"]}, "back": None},
    "volumes": [
        "data:/data",
        "/anonymous",
        "/srv/conf:/conf:ro",
        {"type": "tmpfs", "target": "/cache", "tmpfs": {"size": "1m"}},
    ],
    "tmpfs": ["/scratch"],
    "cap_add": ["NET_ADMIN"],
    "cap_drop": ["MKNOD"],
    "ulimits": {"nofile": {"soft": 1024, "hard": 2048}, "nproc": 100},
    "labels": {"tier": "web"},
    "logging": {"driver": "json-file", "options": {"max-size": "1m"}},
    "extra_hosts": ["other=192.0.2.1"],
    "dns": ["192.0.2.53"],
    "dns_search": ["example.net"],
    "sysctls": {"net.core.somaxconn": 256},
    "user": "1000",
    "group_add": ["10"],
    "working_dir": "/tmp",
    "stop_signal": "SIGUSR1",
    "shm_size": "8m",
    "restart": "unless-stopped",
    "cpus": 0.5,
    "mem_limit": "64m",
    "pids_limit": 50,
    "devices": ["/dev/null:/dev/nothing"],
    "hostname": "broad",
    "security_opt": ["no-new-privileges:true"],
    "oom_score_adj": 100,
    # So many retries that a pause, in which every probe fails, does not make it unhealthy.
    "healthcheck": {"test": "true", "interval": "1s", "retries": 100},
    "post_start": [{"command": ["sh", "-c", "echo born >/cache/hook"], "user": "root"}],
}


def broad(**changes: Any) -> dict[str, Any]:
    networks = {"front": {"ipam": {"config": [{"subnet": "10.77.7.0/24"}]}}, "back": {}}
    return document({"app": {**BROAD, **changes}}, networks=networks, volumes={"data": {}})


def test_many_fields_at_once_converge_drift_and_come_off_again(place: Host) -> None:
    play = Playbook(place)
    play.converge("deploy", "host", broad())
    play.task("hook", "ansible.builtin.raw", scene.command("GET", "/containers/app/archive?path=/tmp") + " >/dev/null")
    play.snapshot("deployed")
    play.converge("in place", "host", broad(mem_limit="96m", cpus=0.25, pids_limit=60, restart="always"))
    play.snapshot("in place")
    play.engine("off", "POST", "/networks/back/disconnect", {"Container": "app"})
    play.engine("limit", "POST", "/containers/app/update", {"NanoCpus": 900_000_000})
    play.converge("drift", "host", broad(mem_limit="96m", cpus=0.25, pids_limit=60, restart="always"))
    play.engine("pause", "POST", "/containers/app/pause")
    play.converge("unpause", "host", broad(mem_limit="96m", cpus=0.25, pids_limit=60, restart="always"))
    play.engine("stop", "POST", "/containers/app/stop?t=0")
    play.converge("start", "host", broad(mem_limit="96m", cpus=0.25, pids_limit=60, restart="always"))
    play.snapshot("back")
    play.converge("bare", "host", document({"app": {**SLEEP, "volumes": ["/anonymous"]}}, volumes={"data": {}}))
    play.snapshot("bare")
    play.converge("absent", "host", document({"app": {"state": "absent", "remove_volumes": True}}))
    play.snapshot("end")
    outcome = play.run()

    deploy = outcome.converged("deploy", *operations(outcome["deploy/apply"]))
    assert deploy["containers"]["app"]["networks"]["front"] == "10.77.7.10"
    first = outcome.json("deployed")["containers"]["app"]
    outcome.converged("in place", "UpdateContainer")
    outcome.converged("drift", "UpdateContainer", "ConnectNetwork")
    outcome.converged("unpause", "UnpauseContainer")
    outcome.converged("start", "StartContainer", "RunHook")
    back = outcome.json("back")["containers"]["app"]
    assert back["Id"] == first["Id"], "nothing of this needs another container"
    assert set(back["NetworkSettings"]["Networks"]) == {"front", "back"}
    assert back["HostConfig"]["NanoCpus"] == 250_000_000

    bare_run = outcome.converged("bare", *operations(outcome["bare/apply"]))
    text = "\n".join(bare_run["plan"])
    for words in ("capability NET_ADMIN removed", "environment MODE removed", "port 127.0.0.1:8081:80/tcp removed"):
        assert words in text
    bare = outcome.json("bare")["containers"]["app"]
    host_config = bare["HostConfig"]
    assert (host_config["CapAdd"], host_config["CapDrop"]) == (None, None)
    assert not host_config["PortBindings"]
    assert not host_config["Devices"]
    assert not host_config["Ulimits"]
    assert bare["Config"]["Env"] == ["PATH=/usr/bin:/bin", "FROM_IMAGE=1"]
    assert "tier" not in bare["Config"]["Labels"]
    assert not (bare["Config"].get("Healthcheck") or {}).get("Test")
    assert set(bare["NetworkSettings"]["Networks"]) == {"bridge"}
    assert _anonymous(bare) == _anonymous(first), "the anonymous volume moves along"
    assert {"front", "back"}.isdisjoint(outcome.json("bare")["networks"])

    outcome.converged("absent", "StopContainer", "RemoveContainer", "RemoveVolume")
    end = outcome.json("end")
    assert not end["containers"]
    assert sorted(end["volumes"]) == ["data"], "a named volume stays, the anonymous one was said to go"


def _anonymous(container: dict[str, Any]) -> str:
    return next(str(mount["Name"]) for mount in container["Mounts"] if mount["Destination"] == "/anonymous")


@pytest.mark.flavour_in_turn
def test_replicas_are_rolled_scaled_and_renamed(place: Host) -> None:
    def replicas(count: int, version: int, **config: Any) -> dict[str, Any]:
        deploy = {"replicas": count, "update_config": {"parallelism": 1, "order": "start-first", **config}}
        return document({"web": {**SLEEP, "environment": {"VERSION": version}, "deploy": deploy}})

    play = Playbook(place)
    play.converge("three", "host", replicas(3, 1))
    play.converge("roll", "host", replicas(3, 2))
    play.converge("all or none", "host", replicas(3, 3, failure_action="rollback"))
    play.converge("two", "host", replicas(2, 3))
    play.engine("rename", "POST", "/containers/web-1/rename?name=elsewhere")
    play.converge("renamed", "host", replicas(2, 3))
    play.snapshot("end")
    outcome = play.run()
    outcome.converged("three", *["CreateContainer", "StartContainer"] * 3)
    start_first = ["CreateContainer", "StartContainer", "StopContainer", "RemoveContainer", "RenameContainer"]
    outcome.converged("roll", *start_first * 3)
    rollback = outcome.converged("all or none", *operations(outcome["all or none/apply"]))
    assert operations(rollback)[-6:] == ["RemoveContainer", "RenameContainer"] * 3
    outcome.converged("two", "StopContainer", "RemoveContainer")
    outcome.converged("renamed", "CreateContainer", "StartContainer", "StopContainer", "RemoveContainer")
    assert sorted(outcome.json("end")["containers"]) == ["web-1", "web-2"]


@pytest.mark.flavour_in_turn
def test_dependencies_jobs_and_shared_namespaces(place: Host) -> None:
    def stack(version: int) -> dict[str, Any]:
        job = {**SLEEP, "command": ["sh", "-c", "echo ran >>/data/job"], "restart": "no", "volumes": ["data:/data"]}
        database = {**SLEEP, "healthcheck": {"test": "true", "interval": "1s"}, "environment": {"V": version}}
        needs = {"job": {"condition": "service_completed_successfully"}, "db": {"condition": "service_healthy"}}
        return document(
            {
                "side": {**SLEEP, "network_mode": "service:app"},
                "app": {**SLEEP, "depends_on": needs, "environment": {"V": version}},
                "follower": {**SLEEP, "depends_on": {"db": {"condition": "service_started", "restart": True}}},
                "db": database,
                "job": job,
            },
            volumes={"data": {}},
        )

    play = Playbook(place)
    play.converge("deploy", "host", stack(1))
    play.snapshot("deployed")
    play.converge("change", "host", stack(2))
    play.snapshot("changed")
    play.task("job", "ansible.builtin.raw", "cat $(find /var/lib/docker/volumes/data/_data -name job)")
    outcome = play.run()
    deploy = outcome.converged("deploy", *operations(outcome["deploy/apply"]))
    started = [step["target"] for step in deploy["operations"] if step["operation"] == "StartContainer"]
    assert started.index("app") > max(started.index("db"), started.index("job"))
    assert started.index("side") > started.index("app")
    change = outcome.converged("change", *operations(outcome["change/apply"]))
    assert "app is replaced, whose namespace or volumes it uses" in "\n".join(change["plan"])
    assert any("RestartContainer follower" in line for line in change["plan"])
    seen = outcome.json("changed")["containers"]
    assert seen["side"]["HostConfig"]["NetworkMode"] == f"container:{seen['app']['Id']}"
    assert outcome.ok("job")["stdout"].split() == ["ran"], "a job that has run does not run again"
    assert scene.identity(outcome.json("deployed"), "job") == scene.identity(outcome.json("changed"), "job")
