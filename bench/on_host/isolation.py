# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the host: what a container costs under each runtime: its start, its memory, its system calls.

Usage: ``python3 isolation.py < DOCUMENT.json``: ``runtimes``, ``image``, ``rounds`` and of each runtime
the number of system ``calls``. Prints JSON, a figure of each kind for each runtime and round. In a round all runtimes
have their turn, each round another one first, so that what else the host does meets all alike.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from calls import Engine  # type: ignore[import-not-found]  # lies beside this on the host

SETTLED = 1.0  # seconds until a container that does nothing has done all that it does at first


def create(engine: Engine, runtime: str, image: str, command: list[str]) -> str:
    """Create a container without network: what that takes is the same for all, and not theirs."""
    host = {"Runtime": runtime, "NetworkMode": "none"}
    body = {"Image": image, "Cmd": command, "NetworkDisabled": True, "HostConfig": host}
    return str(engine.call("POST", "/containers/create", body)["Id"])


def run(engine: Engine, runtime: str, image: str, command: list[str]) -> float:
    """Run a command to its end: seconds from creating the container to the end of its process."""
    began = time.perf_counter()
    container = create(engine, runtime, image, command)
    engine.call("POST", f"/containers/{container}/start")
    status = engine.call("POST", f"/containers/{container}/wait")["StatusCode"]
    seconds = time.perf_counter() - began
    if status:
        sys.exit(f"{command} ended with {status} under {runtime}")
    engine.call("DELETE", f"/containers/{container}?force=1")
    return seconds


def cpu_seconds() -> float:
    """Return what everything on this host has used so far, its engine too: this host is a container."""
    first = Path("/sys/fs/cgroup/cpuacct/cpuacct.usage")
    if first.exists():
        return int(first.read_text()) / 1e9
    found = re.search(r"usage_usec (\d+)", Path("/sys/fs/cgroup/cpu.stat").read_text())
    return int(found[1]) / 1e6 if found else 0.0


def memory(engine: Engine, runtime: str, image: str) -> int:
    """Return the bytes that a container at rest takes, with all processes that are there for it alone."""
    container = create(engine, runtime, image, ["sleep", "600"])
    engine.call("POST", f"/containers/{container}/start")
    time.sleep(SETTLED)
    taken = sum(proportional(pid) for pid in family(container))
    engine.call("DELETE", f"/containers/{container}?force=1")
    return taken


def family(container: str) -> Iterator[int]:
    """Return the container's shim, and all processes below it."""
    parents, shim = {}, 0
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            words = (path / "cmdline").read_text().split("\0")
        except OSError:  # it has ended meanwhile
            continue
        if "containerd-shim" in words[0] and container in words:
            shim = int(path.name)
    wanted = [shim]
    while wanted:
        pid = wanted.pop()
        yield pid
        wanted += [child for child, parent in parents.items() if parent == pid]


def proportional(pid: int) -> int:
    """Return what a process takes, with its share of what it has in common with others."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def main() -> None:
    """All rounds, after one that nobody counts: it fills the caches."""
    document, engine = json.load(sys.stdin), Engine()
    runtimes, image, calls = document["runtimes"], document["image"], document["calls"]
    samples: list[dict[str, Any]] = []
    for number in range(document["rounds"] + 1):
        turn = number % len(runtimes)
        for runtime in [*runtimes[turn:], *runtimes[:turn]]:
            used = cpu_seconds()
            start = run(engine, runtime, image, ["true"])
            sample = {"runtime": runtime, "round": number, "start_seconds": start}
            sample["start_cpu_seconds"] = cpu_seconds() - used
            # A read and a write for each byte.
            copy = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={calls[runtime] // 2}"]
            sample["call_seconds"] = max(run(engine, runtime, image, copy) - start, 0.0) / calls[runtime]
            sample["memory_bytes"] = memory(engine, runtime, image)
            if number:
                samples.append(sample)
    print(json.dumps({"samples": samples}))


if __name__ == "__main__":
    main()
