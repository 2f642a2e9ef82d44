# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a host's engine before and after somebody works on it: versions, containers, swarm, disk.

Observes, and decides nothing. The engine's documents come through a client that is handed in; packages are read from
what the host's package manager knows already, and nothing is fetched.
"""

from __future__ import annotations

import os
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Protocol, Set, Tuple

from .commands import Commands, last_lines
from .dockerd import DAEMON_JSON, observe_dockerd
from .files import Files
from .system import APT, DNF
from .versions import upstream

Document = Dict[str, Any]

# Packages that an engine is made of, whoever made them. The first two of them carry the engine's own version.
ENGINES = ("docker.io", "docker-ce")
PACKAGES = (
    *ENGINES,
    "docker-cli", "docker-ce-cli", "docker-ce-rootless-extras", "docker-compose", "docker-compose-plugin",
    "docker-buildx", "docker-buildx-plugin", "containerd", "containerd.io", "runc", "crun", "tini", "tini-static",
)  # fmt: skip
_SWARM_TASK = "com.docker.swarm.task.id"


class Packages(NamedTuple):
    """Installed packages with their versions, and those of them that are on hold."""

    versions: Dict[str, str]
    held: Tuple[str, ...]


class Containers(Protocol):
    """What is asked about containers."""

    def list(self, *, all: bool = False) -> List[Document]:  # noqa: A002 - the engine's own word
        """List them."""

    def inspect(self, container: str) -> Document:
        """Tell all about one."""


class System(Protocol):
    """What is asked about the engine itself."""

    def version(self) -> Document:
        """Tell its version."""

    def info(self) -> Document:
        """Tell its settings and state."""

    def df(self) -> Document:
        """Tell what takes up room."""


class Engine(Protocol):
    """An engine that answers."""

    containers: Containers
    system: System


def observe_engine(engine: Engine, usage: bool = False) -> Document:
    """Tell what an engine that answers says of itself."""
    version, info = engine.system.version(), engine.system.info()
    return {
        "version": version.get("Version", ""),
        "api_version": version.get("ApiVersion", ""),
        "components": {part.get("Name", ""): part.get("Version", "") for part in version.get("Components") or ()},
        "live_restore": bool(info.get("LiveRestoreEnabled")),
        "storage_driver": info.get("Driver", ""),
        "cgroup_version": int(info.get("CgroupVersion") or 1),
        "default_runtime": info.get("DefaultRuntime", ""),
        "runtimes": sorted(info.get("Runtimes") or ()),
        "data_root": info.get("DockerRootDir", ""),
        "swarm": _swarm(info.get("Swarm") or {}),
        "containers": _running(engine),
        "disk": _disk(str(info.get("DockerRootDir") or "/")),
        "usage": _usage(engine.system.df()) if usage else {},
    }


def observe_refusal(files: Files, commands: Commands) -> str:
    """Return why the installed dockerd would not take the configuration that is there; "" where it would.

    The engine that runs need not be that one. One before 23.0 cannot be asked.
    """
    path = str(observe_dockerd(files).told("config-file", DAEMON_JSON))
    if files.standing(path) is None or commands.find("dockerd") is None:
        return ""
    done = commands.run("dockerd", "--validate", f"--config-file={files.path(path)}", timeout=60)
    return "" if not done.code or "unknown flag" in done.output else last_lines(done.output, 5)


def observe_packages(commands: Commands, manager: str) -> Packages:
    """Tell which of the engine's packages are installed, and in which versions."""
    if manager == APT:
        form = "-f=${db:Status-Abbrev}|${Package}|${Version}\\n"
        return parse_dpkg(commands.run("dpkg-query", "-W", form, *PACKAGES).said)
    if manager == DNF:
        form = "%{NAME}|%{EPOCH}:%{VERSION}-%{RELEASE}\\n"
        return Packages(parse_rpm(commands.run("rpm", "-q", "--qf", form, *PACKAGES).said), ())
    return Packages({}, ())


def observe_offered(commands: Commands, manager: str, installed: Iterable[str]) -> List[Document]:
    """Tell the versions of the engine's packages that this host's lists offer, the newest first."""
    names = list(installed) or list(ENGINES)
    if manager == APT:
        return parse_madison(commands.run("apt-cache", "madison", *names).said)
    if manager == DNF:
        query = ("--cacheonly", "--showduplicates", "--qf", "%{name}|%{evr}|%{repoid}\\n")
        return parse_repoquery(commands.run("dnf", "--quiet", "repoquery", *query, *names).said)
    return []


def parse_dpkg(text: str) -> Packages:
    """Read lines of status, package and version; a status that begins with h is that of a package on hold."""
    found: Dict[str, str] = {}
    held = []
    for line in text.splitlines():
        status, _bar, rest = line.partition("|")
        name, _bar, version = rest.partition("|")
        if status[1:2] == "i" and version:
            found[name] = version
            held += [name] if status[:1] == "h" else []
    return Packages(found, tuple(held))


def parse_rpm(text: str) -> Dict[str, str]:
    """Read lines of package and version; lines that say that one is not installed have no bar."""
    pairs = (line.split("|", 1) for line in text.splitlines() if "|" in line)
    return {name: version.replace("(none):", "") for name, version in pairs}


def engine_of(packages: Mapping[str, str]) -> str:
    """Return the package that is the engine itself; "" where it came without one."""
    return next((name for name in ENGINES if name in packages), "")


def runs_another(found: Mapping[str, Any]) -> bool:
    """Tell whether another version runs than the engine's package is of: it waits for a restart."""
    engine = engine_of(found["packages"])
    return bool(engine and found.get("version")) and not _is_of(found["packages"][engine], found["version"])


def returnable(
    before: Mapping[str, Any], offered: Iterable[Mapping[str, Any]], known: Optional[Mapping[str, str]] = None
) -> Dict[str, str]:
    """Return the packages with which what ran at an earlier look would run again, as far as they can be had.

    ``offered`` is what the host's lists know; ``known``, where it is given, which of the packages can be had from where
    they are taken. Of an engine that was not the installed one it is its own package: the others follow that.
    """
    packages = before.get("packages") or {}
    if runs_another(before):
        engine = engine_of(packages)
        fitting = (offer["version"] for offer in offered if offer["package"] == engine)
        version = next((version for version in fitting if _is_of(version, before["version"])), None)
        return {engine: version} if version else {}
    pairs = {(offer["package"], offer["version"]) for offer in offered} if known is None else set(known.items())
    return {name: version for name, version in packages.items() if (name, version) in pairs}


def _is_of(package: str, version: str) -> bool:
    """Tell whether a package's version (5:29.0.0~rc.1-1~debian) is of one that the engine says (29.0.0-rc.1)."""
    return upstream(package) == version.partition("+")[0].replace("-", "~")


def parse_madison(text: str) -> List[Document]:
    """Read what ``apt-cache madison`` prints: package, version and where from, the newest first."""
    found: List[Document] = []
    seen: Set[Tuple[str, str]] = set()
    for line in text.splitlines():
        name, version, origin = [*(part.strip() for part in line.split("|", 2)), "", ""][:3]
        # "http://… trixie/main amd64 Packages"; sources of source packages end otherwise.
        words = origin.split()
        if not version or words[-1:] != ["Packages"] or (name, version) in seen:
            continue
        seen.add((name, version))
        found.append({"package": name, "version": version, "from": words[1] if len(words) > 3 else ""})
    return found


def parse_repoquery(text: str) -> List[Document]:
    """Read lines of package, version and repository, the newest first."""
    lines = [line.split("|") for line in text.splitlines() if line.count("|") == 2]
    return [{"package": name, "version": version, "from": repository} for name, version, repository in reversed(lines)]


def _running(engine: Engine) -> List[Document]:
    found = []
    for listed in engine.containers.list():
        container = _container(engine, str(listed.get("Id")))
        if container is not None:
            found.append(container)
    return sorted(found, key=lambda container: str(container["name"]))


def _container(engine: Engine, identity: str) -> Optional[Document]:
    try:
        shown = engine.containers.inspect(identity)
    except Exception as error:  # the client's errors are not known here
        if getattr(error, "status", None) == 404:
            return None  # gone since it was listed
        raise
    state, config = shown.get("State") or {}, shown.get("Config") or {}
    labels = config.get("Labels") or {}
    policy = ((shown.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name") or "no"
    return {
        "name": str(shown.get("Name", "")).lstrip("/"),
        "id": shown.get("Id", ""),
        "status": state.get("Status", ""),
        "started_at": state.get("StartedAt", ""),
        "health": (state.get("Health") or {}).get("Status", "none") or "none",
        "restarts": int(shown.get("RestartCount") or 0),
        "restart_policy": policy,
        "removed_when_stopped": bool((shown.get("HostConfig") or {}).get("AutoRemove")),
        "task": labels.get(_SWARM_TASK, ""),
    }


def _swarm(found: Mapping[str, Any]) -> Document:
    managers = found.get("RemoteManagers") or ()
    return {
        "state": found.get("LocalNodeState") or "inactive",
        "role": ("manager" if found.get("ControlAvailable") else "worker") if found.get("NodeID") else "",
        "node_id": found.get("NodeID") or "",
        "address": found.get("NodeAddr") or "",
        "managers": {str(manager.get("NodeID")): str(manager.get("Addr")) for manager in managers},
    }


def _disk(path: str) -> Document:
    try:
        found = os.statvfs(path)
    except OSError:
        return {"path": path, "free": 0, "size": 0}
    return {"path": path, "free": found.f_bavail * found.f_frsize, "size": found.f_blocks * found.f_frsize}


def _usage(found: Mapping[str, Any]) -> Document:
    """Sum up what takes up room, and what of it nothing uses."""
    images = found.get("Images") or ()
    containers = found.get("Containers") or ()
    volumes = found.get("Volumes") or ()
    cache = found.get("BuildCache") or ()
    idle = [image for image in images if int(image.get("Containers") or 0) <= 0]
    sizes = {str(volume.get("Name")): (volume.get("UsageData") or {}) for volume in volumes}
    return {
        "images": {
            "count": len(images),
            "bytes": int(found.get("LayersSize") or sum(int(image.get("Size") or 0) for image in images)),
            "unused_bytes": sum(
                int(image.get("Size") or 0) - max(0, int(image.get("SharedSize") or 0)) for image in idle
            ),
        },
        "containers": {
            "count": len(containers),
            "bytes": sum(int(container.get("SizeRw") or 0) for container in containers),
            "unused_bytes": sum(int(c.get("SizeRw") or 0) for c in containers if c.get("State") in ("exited", "dead")),
        },
        "volumes": {
            "count": len(sizes),
            "bytes": sum(max(0, int(data.get("Size") or 0)) for data in sizes.values()),
            "unused_bytes": sum(max(0, int(d.get("Size") or 0)) for d in sizes.values() if d.get("RefCount") == 0),
        },
        "build_cache": {
            "count": len(cache),
            "bytes": sum(int(entry.get("Size") or 0) for entry in cache if not entry.get("Shared")),
            "unused_bytes": sum(int(e.get("Size") or 0) for e in cache if not e.get("InUse") and not e.get("Shared")),
        },
    }
