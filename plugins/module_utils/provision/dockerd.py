# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's dockerd was told: its command line, and its configuration file. Reads, and decides nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Tuple

from .files import Files

DAEMON_JSON = "/etc/docker/daemon.json"
_PID_FILES = ("/var/run/docker.pid", "/run/docker.pid")
_SHORT = {"-H": "host", "-D": "debug", "-l": "log-level", "-G": "group", "-b": "bridge", "-s": "storage-driver"}
# An option that may be given many times has its key in the plural in the file.
_PLURAL = {"host": "hosts", "insecure-registry": "insecure-registries", "default-ulimit": "default-ulimits",
           "authorization-plugin": "authorization-plugins", "storage-opt": "storage-opts"}  # fmt: skip


@dataclass(frozen=True)
class Dockerd:
    """One daemon: the options of its process, and the keys of its file; all of it empty where there is none."""

    options: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

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


def observe_dockerd(files: Files) -> Dockerd:
    """Look at the daemon that runs, and at its file."""
    words: List[str] = []
    for path in _PID_FILES:
        pid = (files.read(path) or "").strip()
        if pid.isdigit():
            words = (files.read(f"/proc/{pid}/cmdline") or "").split("\0")[1:]
            break
    options = parse_options(words)
    text = files.read(options.get("config-file", (DAEMON_JSON,))[-1])
    try:
        settings = json.loads(text or "{}")
    except ValueError:
        settings = {}  # whoever configures the engine tells of that
    return Dockerd(options, settings if isinstance(settings, dict) else {})


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
