# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is: files, the engine that runs and what it runs with, what we remember. Looks, and decides nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Protocol, Sequence, Tuple

from ..commands import Commands
from ..dockerd import identify_process, is_newer
from ..errors import ProvisionError
from ..files import Files
from ..memory import Memory, digest
from ..service import Service
from ..system import SYSTEMD, SYSV
from . import document, keys, unit
from .declared import RUNTIMES
from .merge import Claims

CONFIG = "/etc/docker/daemon.json"
PART = "config"


class RunningEngine(Protocol):
    """What is asked of an engine that answers."""

    def info(self) -> Dict[str, Any]:
        """Its settings and state."""

    def running(self) -> List[str]:
        """The ids of containers that run and are not a swarm's, the oldest first."""

    def start(self, container: str) -> None:
        """Start a container; ProvisionError where it cannot be."""

    def reload(self, service: Service, seconds: float) -> bool:
        """Have it read its configuration anew; False where it did not say that it has."""


@dataclass(frozen=True)
class Notes:
    """What earlier runs left in the memory."""

    claims: Claims = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)  # digests of files that are wholly ours, by path
    created: bool = False  # daemon.json was not there before us
    process: str = ""  # the engine that `running` is about
    running: Mapping[str, str] = field(default_factory=dict)  # digests of what it runs with, by path


@dataclass(frozen=True)
class Observed:
    """A host before anything is done."""

    config: str  # the path of daemon.json
    text: Optional[str]
    mode: int
    manager: str
    version: keys.Version  # of the dockerd that is installed; () where there is none
    notes: Notes
    texts: Mapping[str, Optional[str]]  # of the other files that may change
    words: Optional[Tuple[str, ...]]  # the command without our drop-in; None where there is no unit or script
    late: str  # a drop-in of others that comes after ours and sets the command, or ""
    script: Tuple[str, ...]  # DOCKER_OPTS
    process: str = ""  # identifies the engine that runs; "" where none does
    newer: FrozenSet[str] = frozenset()  # files written after it started
    outdated: bool = False  # it is not the one that is installed
    containers: Tuple[str, ...] = ()  # that run
    held: bool = False  # there are images or containers
    live_restore: bool = False  # what it does, whatever the file says
    swarm: bool = False
    contents: Mapping[str, str] = field(default_factory=dict)  # digests of files that are read at its start
    programs: Mapping[str, str] = field(default_factory=dict)

    @property
    def systemd(self) -> bool:
        """Whether systemd starts services here."""
        return self.manager == SYSTEMD

    @property
    def flagged(self) -> bool:
        """Whether live-restore is a flag: it counts as the key would, and cannot be taken down by the file."""
        return unit.is_on([*(self.words or ()), *self.script], "--live-restore")


def observe(
    files: Files,
    commands: Commands,
    service: Service,
    engine: Optional[RunningEngine],
    paths: Sequence[str],
    contents: Sequence[str],
) -> Observed:
    """Look at a host; ``paths`` may be written, ``contents`` are read by the engine when it starts."""
    notes = recall(Memory(files, PART).recall())
    manager = service.way()
    words, late = _command(files, manager)
    script = tuple(unit.script_options(files.read(unit.DEFAULTS)))
    config = unit.value_of([*(words or ()), *script], "--config-file") or CONFIG
    texts = {path: files.read(path) for path in (unit.DROP_IN, unit.PROXIES, unit.DEFAULTS, *notes.files, *paths)}
    standing = files.standing(config)
    text = files.read(config)
    info = engine.info() if engine else {}
    settings = _settings(text)
    root = _root(settings)
    pid = service.pid() if engine else None
    process, started = identify_process(pid)
    tracked = [config, *texts, *contents]
    outdated = engine is not None and service.outdated(info.get("ServerVersion", ""))
    return Observed(
        config=config,
        text=text,
        mode=standing.mode if standing and standing.kind == "file" else 0o644,
        manager=manager,
        version=_version(commands, info, outdated),
        notes=notes,
        texts=texts,
        words=words,
        late=late,
        script=script,
        process=process,
        newer=frozenset(path for path in tracked if process and is_newer(files, path, started)),
        outdated=outdated,
        containers=tuple(engine.running()) if engine and info.get("ContainersRunning") else (),
        held=_held(files, info, root, bool(settings.get("userns-remap"))),
        live_restore=bool(info.get("LiveRestoreEnabled")),
        swarm=_swarm(files, info, root),
        contents={path: digest(files.read(path)) for path in contents},
        programs={name: found for name, path in RUNTIMES.items() if (found := commands.find(os.path.basename(path)))},
    )


def recall(kept: Mapping[str, Any]) -> Notes:
    """Return notes from the memory's document; what is damaged counts as forgotten."""
    try:
        engine = kept.get("engine", {})
        return Notes(
            {path: list(map(str, values)) for path, values in kept.get("claims", {}).items()},
            {path: str(value) for path, value in kept.get("digests", {}).items()},
            bool(kept.get("created")),
            str(engine.get("process", "")),
            {path: str(value) for path, value in engine.get("runs_with", {}).items()},
        )
    except (AttributeError, TypeError):
        return Notes()


def remembered(notes: Notes) -> Dict[str, Any]:
    """Return notes as the memory keeps them; {} where there is nothing of ours."""
    if not notes.claims and not notes.files:
        return {}
    found: Dict[str, Any] = {
        "claims": dict(notes.claims),
        "digests": dict(notes.files),
        # What the removal of the engine takes away: see the contract of Memory documents.
        "files": sorted(notes.files),
        "created": notes.created,
    }
    if notes.process:
        found["engine"] = {"process": notes.process, "runs_with": dict(notes.running)}
    return found


def process_now(service: Service) -> str:
    """Return what identifies the engine that runs now."""
    return identify_process(service.pid())[0]


def _command(files: Files, manager: str) -> Tuple[Optional[Tuple[str, ...]], str]:
    """Return how the engine is called without our drop-in, and the drop-in that would go over ours."""
    if manager != SYSTEMD:
        return (("dockerd", "-p", "/var/run/docker.pid"), "") if manager == SYSV else (("dockerd",), "")
    texts = [text for folder in unit.UNIT_FOLDERS for text in [files.read(f"{folder}/{unit.UNIT}")] if text][:1]
    if not texts:
        return None, ""
    late = ""
    drop_ins: Dict[str, str] = {}
    for folder in reversed(unit.UNIT_FOLDERS):
        # The same name in an earlier folder hides the one in a later.
        names = [name for name in files.list(f"{folder}/{unit.UNIT}.d") if name.endswith(".conf")]
        drop_ins.update({name: f"{folder}/{unit.UNIT}.d/{name}" for name in names})
    own = os.path.basename(unit.DROP_IN)
    for name in sorted(drop_ins):
        if drop_ins[name] == unit.DROP_IN:
            continue
        text = files.read(drop_ins[name]) or ""
        texts.append(text)
        if name > own and unit.command([text]):
            late = drop_ins[name]
    words = unit.command(texts)
    return (tuple(words) if words else None), late


def _version(commands: Commands, info: Mapping[str, Any], outdated: bool) -> keys.Version:
    if info and not outdated:
        return keys.parse_version(str(info.get("ServerVersion", "")))
    if commands.find("dockerd") is None:
        return ()
    said = commands.run("dockerd", "--version", timeout=30).said
    return keys.parse_version(said.partition("version ")[2])


def _settings(text: Optional[str]) -> document.Document:
    try:
        return document.parse(text, "")
    except ProvisionError:
        return {}  # whoever decides tells of that


def _root(settings: Mapping[str, Any]) -> str:
    root = settings.get("data-root")
    return root if isinstance(root, str) and root.startswith("/") else "/var/lib/docker"


def _held(files: Files, info: Mapping[str, Any], root: str, remapped: bool) -> bool:
    if info:
        return bool(info.get("Containers") or info.get("Images"))
    # With the mapping of users all of it lies in a folder that is named by the first ids.
    roots = [f"{root}/{name}" for name in files.list(root) if name[0].isdigit()] if remapped else [root]
    return any(files.list(f"{place}/containers") for place in roots)


def _swarm(files: Files, info: Mapping[str, Any], root: str) -> bool:
    if info:
        return (info.get("Swarm") or {}).get("LocalNodeState", "inactive") not in ("", "inactive")
    return files.standing(f"{root}/swarm/docker-state.json") is not None
