# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves runtimes by a container each, and remembers what was proven. Knows the engine only by what it needs of it.

A proof holds for the engine's version, the runtime's program and configuration, and the kernel: where one of them is
another, it is made again. Nothing of it stays on the engine.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Optional, Protocol, Sequence, Tuple, Type, Union

from ..commands import Commands
from ..errors import ProvisionError
from ..memory import Memory
from .kinds import KINDS, Kind, advice, kind_of
from .probe import LABEL, Probe, make_probe

PART = "runtimes"
_SECONDS = 60.0
# What a killed run left is older than any proof takes.
_LEFT_BEHIND = 600


class Containers(Protocol):
    """What is needed of the engine's containers."""

    def list(self, *, all: bool, labels: Iterable[str]) -> List[Dict[str, Any]]: ...  # noqa: A002 - the engine's word
    def create(self, name: str, body: Mapping[str, Any]) -> Dict[str, Any]: ...
    def start(self, container: str) -> None: ...
    def wait(self, container: str, condition: str = ..., timeout: Optional[float] = ...) -> Dict[str, Any]: ...
    def logs(self, container: str, *, tty: Optional[bool] = ...) -> Tuple[bytes, bytes]: ...
    def remove(self, container: str, force: bool = ..., volumes: bool = ...) -> None: ...


class Images(Protocol):
    """What is needed of the engine's images."""

    def load(self, archive: Any) -> List[str]: ...
    def remove(self, ref: str) -> List[Dict[str, Any]]: ...


class System(Protocol):
    """What is needed of the engine itself."""

    def info(self) -> Dict[str, Any]: ...


class Engine(Protocol):
    """The engine."""

    @property
    def containers(self) -> Containers: ...
    @property
    def images(self) -> Images: ...
    @property
    def system(self) -> System: ...


@dataclass(frozen=True)
class Registered:
    """A runtime as the engine knows it."""

    name: str
    kind: Kind
    identity: str  # of all that a proof depends on


@dataclass(frozen=True)
class Proven:
    """A container that ran."""

    kernel: str
    seconds: float
    remembered: bool = False


def observe(engine: Engine, names: Sequence[str], commands: Commands) -> List[Registered]:
    """Look the runtimes up. Raises ProvisionError for those that the engine does not know."""
    info = engine.system.info()
    known = info.get("Runtimes") or {}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ProvisionError(
            f"the engine knows no runtime {', '.join(unknown)}, only {', '.join(sorted(known))}: engine_runtimes "
            "registers runtimes in daemon.json, and the engine has to have read that (engine_restart)"
        )
    return [_registered(name, known[name], info, commands) for name in names]


def _registered(name: str, entry: Mapping[str, Any], info: Mapping[str, Any], commands: Commands) -> Registered:
    program = str(entry.get("path") or "")
    kind = kind_of(name, program)
    found = program if os.path.isabs(program) else commands.find(program or kind.program) or ""
    # The engine adds what it found out about a runtime; that is no configuration.
    configured = {key: value for key, value in entry.items() if key != "status"}
    parts = [info.get("ServerVersion"), os.uname().release, configured, _standing(found)]
    return Registered(name, kind, hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16])


def _standing(path: str) -> List[Any]:
    """Return what tells one program from another without reading it: they are large, and packages replace files."""
    try:
        found = os.stat(path)
    except OSError:
        return []
    return [os.path.realpath(path), found.st_size, found.st_mtime_ns]


def recall(memory: Memory) -> Dict[str, Any]:
    """Return what was proven, by runtime."""
    return dict(memory.recall().get("proofs") or {})


def to_prove(registered: Sequence[Registered], remembered: Mapping[str, Any]) -> List[Registered]:
    """Return those for which no proof holds."""
    return [entry for entry in registered if remembered.get(entry.name, {}).get("identity") != entry.identity]


def prove(
    engine: Engine, registered: Sequence[Registered], memory: Memory, commands: Commands, refused: Type[Exception]
) -> Dict[str, Proven]:
    """Have a container run under each runtime of which that is not proven yet; ``refused``: the engine's errors.

    Raises ProvisionError with what each runtime that failed said, and what to do.
    """
    remembered = recall(memory)
    wanted = to_prove(registered, remembered)
    proven = {
        entry.name: Proven(str(remembered[entry.name]["kernel"]), remembered[entry.name]["seconds"], remembered=True)
        for entry in registered
        if entry not in wanted
    }
    if not wanted:
        return proven
    with _loaded(engine, make_probe(commands), refused) as probe:
        found = {entry.name: _tried(engine, entry, probe, refused) for entry in wanted}
    failures = [f"{name}: {error}" for name, error in found.items() if isinstance(error, ProvisionError)]
    proven.update({name: result for name, result in found.items() if isinstance(result, Proven)})
    identities = {entry.name: entry.identity for entry in registered}
    notes = {
        name: {"identity": identities[name], "kernel": result.kernel, "seconds": result.seconds}
        for name, result in proven.items()
    }
    memory.keep({"proofs": notes} if notes else {})
    if failures:
        raise ProvisionError("containers do not run under\n- " + "\n- ".join(failures))
    return proven


@contextlib.contextmanager
def _loaded(engine: Engine, probe: Probe, refused: Type[Exception]) -> Any:
    """Have the image for a while, and take away what a killed run left."""
    try:
        for container in engine.containers.list(all=True, labels=[f"{LABEL}=runtime"]):
            if time.time() - float(container.get("Created") or 0) > _LEFT_BEHIND:
                engine.containers.remove(container["Id"], force=True)
        engine.images.load(probe.archive)
    except refused as error:
        raise ProvisionError(f"the image for the proof cannot be loaded: {error}") from error
    try:
        yield probe
    finally:
        # Another run's container may use it; that run removes it.
        with contextlib.suppress(refused):
            engine.images.remove(probe.image)


def _tried(engine: Engine, entry: Registered, probe: Probe, refused: Type[Exception]) -> Union[Proven, ProvisionError]:
    """One that fails does not keep the others from being tried."""
    try:
        return _run(engine, entry, probe, refused)
    except ProvisionError as error:
        return error


def _run(engine: Engine, entry: Registered, probe: Probe, refused: Type[Exception]) -> Proven:
    """Run one container to its end, and look at the kernel it saw."""
    began = time.monotonic()
    container = ""
    try:
        container = str(engine.containers.create("", _body(entry.name, probe))["Id"])
        engine.containers.start(container)
        status = engine.containers.wait(container, timeout=_SECONDS)["StatusCode"]
        seconds = round(time.monotonic() - began, 2)
        said, complaints = engine.containers.logs(container, tty=False)
    except refused as error:
        raise ProvisionError(_explained(str(error))) from error
    finally:
        if container:
            with contextlib.suppress(refused):
                engine.containers.remove(container, force=True)
    kernel = said.decode(errors="replace").strip()
    if status or not kernel:
        words = complaints.decode(errors="replace").strip()
        raise ProvisionError(_explained(f"uname ended with {status} and said {kernel or words or 'nothing'}"))
    judge(entry, kernel, host_kernel())
    return Proven(kernel, seconds)


def judge(entry: Registered, kernel: str, host: str) -> None:
    """Hold the kernel that a container saw against the host's. Raises ProvisionError where it cannot be."""
    if entry.kind.own_kernel and kernel == host:
        raise ProvisionError(
            f"the container ran on the host's own kernel ({kernel}), so it is not {entry.name} that ran it: see what "
            "the runtime's path in daemon.json is"
        )
    if entry.name in KINDS and not entry.kind.own_kernel and kernel != host:
        raise ProvisionError(f"the container ran on the kernel {kernel}, the host has {host}: this is another runtime")


def host_kernel() -> str:
    """Return what ``uname -srv`` says on the host."""
    name = os.uname()
    return f"{name.sysname} {name.release} {name.version}"


def _body(runtime: str, probe: Probe) -> Dict[str, Any]:
    return {
        "Image": probe.image,
        "Cmd": probe.command,
        "NetworkDisabled": True,
        "Labels": {LABEL: "runtime"},
        # Where the engine's own log driver sends output elsewhere, there would be nothing to read.
        "HostConfig": {"Runtime": runtime, "NetworkMode": "none", "LogConfig": {"Type": "json-file", "Config": {}}},
    }


def _explained(said: str) -> str:
    what = advice(said)
    return f"{said}\n  {what}" if what else said
