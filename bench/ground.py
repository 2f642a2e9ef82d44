# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test host that all contestants run on, with what the peers need there, and the meters around it.

Knows how to read the host's counters without using its network. Knows no contestant.
"""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hosts import Host, images
from tests.hosts.outer import docker

from . import workload
from .runtime import BOOTSTRAP, squeezed

FOLDER = "/root/bench"
_PLUGINS = "/usr/local/lib/docker/cli-plugins"
_SCRIPTS = Path(__file__).parent / "on_host"
# One read of all counters: bytes that came in, and nanoseconds of CPU of everything on the host (cgroup v1 or v2).
_COUNTERS = (
    "cat /sys/class/net/eth0/statistics/rx_bytes; cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null"
    " || awk '$1 == \"usage_usec\" {print $2 * 1000}' /sys/fs/cgroup/cpu.stat"
)


class BenchError(Exception):
    """A contestant failed or did something else than it was asked for; figures of it would be lies."""


@dataclass(frozen=True)
class Sample:
    """One run: seconds of wall time and of CPU on both sides, and bytes sent to the host, headers and all."""

    wall: float
    controller_cpu: float
    host_cpu: float
    sent: int


def prepare(host: Host, folder: Path) -> None:
    """Put our measuring scripts with the runtime, and the image, on a host; the inventory for it into the folder."""
    host.run(["mkdir", "-p", FOLDER])
    for script in sorted(_SCRIPTS.glob("*.py")):
        host.put(script, f"{FOLDER}/{script.name}")
    host.put(BOOTSTRAP, f"{FOLDER}/bootstrap.py")
    (folder / "sources").write_bytes(squeezed().content)
    host.put(folder / "sources", f"{FOLDER}/sources")
    images.load(host, images.busybox_tar(workload.IMAGE))
    inventory = {"all": {"hosts": {host.name: host.inventory_vars()}}}
    (folder / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")


def prepare_for_peers(host: Host) -> None:
    """Install what the peers need on a host."""
    host.run(
        "export DEBIAN_FRONTEND=noninteractive; apt-get update -q &&"
        " apt-get install -q -y --no-install-recommends docker-cli python3-requests python3-yaml"
    )
    compose = shutil.which("docker-compose")
    if compose is None:
        raise BenchError("docker-compose is not on PATH: run this with requirements/bench.txt installed")
    host.run(["mkdir", "-p", _PLUGINS])
    host.put(compose, f"{_PLUGINS}/docker-compose")


class Ground:
    """The prepared host. ``folder`` holds the inventory and the playbooks on the controller."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self.folder = folder

    def script(self, name: str, *arguments: str, document: Any = None, timeout: float | None = 600) -> dict[str, Any]:
        """Run one of our scripts on the host; its answer."""
        command = ["python3", f"{FOLDER}/{name}", *arguments]
        answer = json.loads(self.host.run(command, input=json.dumps(document), timeout=timeout).stdout)
        return dict(answer)

    def write(self, path: str, text: str) -> None:
        """Have a file on the host, written only where it is another one."""
        if self.host.run(["cat", path], check=False).stdout != text:
            self.host.run(f"cat >{path}", input=text)

    def project(self, text: str) -> Path:
        """Have a compose project on the controller; its folder."""
        folder = self.folder / "project"
        folder.mkdir(exist_ok=True)
        (folder / "compose.yaml").write_text(text, encoding="utf-8")
        return folder

    def wipe(self) -> None:
        """Remove all containers and networks."""
        self.script("floor.py", "wipe")

    def play(self, playbook: str) -> str:
        """Run a playbook; what it printed. Raises BenchError where it fails."""
        path = self.folder / "playbook.yml"
        path.write_text(playbook, encoding="utf-8")
        command = ["ansible-playbook", "-i", str(self.folder / "inventory.json"), str(path)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"a playbook failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout

    def measure(self, run: Callable[[], Mapping[str, Any] | str]) -> Sample:
        """Run, and read the meters before and after.

        A run that returns its own ``seconds`` measured itself, on the host: then those count.
        """
        self.host.run("true")  # the shared connection stays open, so that nobody pays for opening it
        received, host_cpu = self._counters()
        controller = _children_cpu()
        began = time.perf_counter()
        result = run()
        wall = time.perf_counter() - began
        used = _children_cpu() - controller
        received_after, host_cpu_after = self._counters()
        if isinstance(result, Mapping):
            wall, used = float(result["seconds"]), 0.0
        return Sample(wall, used, (host_cpu_after - host_cpu) / 1e9, received_after - received)

    def _counters(self) -> tuple[int, int]:
        received, used = docker("exec", self.host.container, "sh", "-c", _COUNTERS).split()
        return int(received), int(float(used))

    # -- Engine API calls, counted by the engine itself ------------------------------------------

    def count_calls(self, run: Callable[[], object]) -> list[str]:
        """Run, and return the calls the engine answered, such as ``GET /containers/json``."""
        self._debug(True)
        try:
            began = self.host.run(["date", "+%s.%N"]).stdout.strip()
            run()
            log = self.host.run(
                ["journalctl", "-u", "docker", "-o", "cat", "--no-pager", "--since", f"@{began}"]
            ).stdout
        finally:
            self._debug(False)
        return [call for line in log.splitlines() if (call := _call(line))]

    def _debug(self, on: bool) -> None:
        text = json.dumps({"debug": on})
        self.host.run(f"mkdir -p /etc/docker && echo '{text}' >/etc/docker/daemon.json && systemctl reload docker")
        time.sleep(0.5)


def _call(line: str) -> str:
    """The call of a debug line: ``… msg="Calling GET /v1.45/containers/json?all=1"``."""
    _, found, rest = line.partition('msg="Calling ')
    if not found:
        return ""
    method, _, path = rest.partition(" ")
    parts = re.split(r'[?" ]', path, maxsplit=1)[0].split("/")
    if parts[1].startswith("v1."):
        del parts[1]
    return f"{method} {'/'.join(parts)}"


def kinds_of(calls: Sequence[str]) -> dict[str, int]:
    """How many of each kind: lists, inspects of containers, other reads, and what changes something."""
    counted = {"list": 0, "inspect": 0, "other": 0, "change": 0}
    for call in calls:
        method, _, path = call.partition(" ")
        parts = path.strip("/").split("/")
        if method not in ("GET", "HEAD"):
            counted["change"] += 1
        elif parts in (["containers", "json"], ["images", "json"], ["networks"], ["volumes"]):
            counted["list"] += 1
        elif len(parts) == 3 and parts[0] == "containers" and parts[2] == "json":
            counted["inspect"] += 1
        else:
            counted["other"] += 1
    return counted


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
