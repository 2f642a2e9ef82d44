# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's dockerd was told: its command line, and its configuration file. Reads, and decides nothing.

The file is read as it stands; whether the process has read it so is another question, which ``process`` and ``started``
help to answer.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .files import Files

DAEMON_JSON = "/etc/docker/daemon.json"
_PID_FILES = ("/var/run/docker.pid", "/run/docker.pid")
_SHORT = {"-H": "host", "-D": "debug", "-l": "log-level", "-G": "group", "-b": "bridge", "-s": "storage-driver"}
# An option that may be given many times has its key in the plural in the file.
_PLURAL = {"host": "hosts", "insecure-registry": "insecure-registries", "default-ulimit": "default-ulimits",
           "authorization-plugin": "authorization-plugins", "storage-opt": "storage-opts"}  # fmt: skip
# How much later than the engine's start a file has to be written to count as newer, in seconds.
_CLOCK = 0.05


@dataclass(frozen=True)
class Dockerd:
    """One daemon: the options of its process, and the keys of its file; all of it empty where there is none."""

    options: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    process: str = ""  # identifies the process; "" where none was found
    started: float = 0.0

    @property
    def group(self) -> str:
        """The group that may use its socket."""
        return str(self.told("group") or "docker")

    @property
    def data_root(self) -> str:
        """The folder of its images, containers and volumes."""
        return str(self.told("data-root") or "/var/lib/docker").rstrip("/")

    def told(self, option: str, default: Any = None) -> Any:
        """Return one value: from the command line (text), else from the file (as it is there), else the default."""
        if option in self.options:
            return self.options[option][-1]
        return self.settings.get(_PLURAL.get(option, option), default)

    def each(self, option: str) -> List[str]:
        """Return all values of an option that may be given many times."""
        found = self.settings.get(_PLURAL.get(option, option)) or []
        kept = [str(value) for value in found] if isinstance(found, (list, dict)) else [str(found)]
        return [*self.options.get(option, ()), *kept]

    def is_on(self, option: str, default: bool) -> bool:
        """Tell whether a switch is on."""
        return str(self.told(option, default)).lower() in ("true", "1", "t")


def observe_dockerd(files: Files, pid: Optional[int] = None) -> Dockerd:
    """Look at the daemon that runs, and at its file; ``pid`` is its process where that is known."""
    pid = pid or _pid(files)
    options = parse_options(_words(files, pid)[1:] if pid else [])
    settings = _settings(files, options.get("config-file", (DAEMON_JSON,))[-1])
    return Dockerd(options, settings, *identify_process(pid))


def identify_process(pid: Optional[int]) -> Tuple[str, float]:
    """Return what identifies a process, also after a reboot, and when it started; "" and 0 where it is none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        with open("/proc/uptime", encoding="ascii") as file:
            uptime = float(file.read().split()[0])
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return "", 0.0
    age = uptime - ticks / os.sysconf("SC_CLK_TCK")
    return f"{boot}:{pid}:{ticks}", time.time() - age


def is_newer(files: Files, path: str, started: float) -> bool:
    """Tell whether a file was written after an engine started, and not in a time that a clock which was set made up."""
    # Not ctime: who tightens a file's mode has not changed what it says.
    written = files.changed(path)
    return written is not None and started + _CLOCK < written <= time.time() + 1


def parse_options(words: List[str]) -> Dict[str, Tuple[str, ...]]:
    """Return a command line's options by their long names."""
    found: Dict[str, Tuple[str, ...]] = {}
    rest = [word for word in words if word]
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            continue
        name, equals, value = word.partition("=")
        if not equals and name[:2] != "--" and name[:2] in _SHORT and len(name) > len("-H"):
            name, value = name[:2], name[2:]
        elif not equals:
            value = rest.pop(0) if rest and not rest[0].startswith("-") else "true"
        long = _SHORT.get(name, name.lstrip("-"))
        found[long] = (*found.get(long, ()), value)
    return found


def _pid(files: Files) -> Optional[int]:
    for path in (str(_settings(files, DAEMON_JSON).get("pidfile") or ""), *_PID_FILES):
        text = (files.read(path) or "").strip() if path else ""
        # One that was killed leaves its file, and by now the number may be somebody else's.
        if text.isdigit() and os.path.basename(_words(files, int(text))[0]) == "dockerd":
            return int(text)
    return None


def _words(files: Files, pid: int) -> List[str]:
    """Return how a process was called."""
    return (files.read(f"/proc/{pid}/cmdline") or "").split("\0")


def _settings(files: Files, path: str) -> Dict[str, Any]:
    try:
        found = json.loads(files.read(path) or "{}")
    except ValueError:
        return {}  # whoever configures the engine tells of that
    return found if isinstance(found, dict) else {}
