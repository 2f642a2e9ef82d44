# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One JSON request, one JSON answer: how a playbook's task reaches the runtime on a host.

Knows the shape of both and turns every error into words of the answer. Whether the request came over
a connection or from the same process is not its concern.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Union

from .converge import (
    Accounts,
    Listener,
    Run,
    as_one,
    converge_host,
    look_after,
    observe_parts,
    read_declaration,
    unsaid,
)
from .engine.address import Tls, from_environment, parse_address
from .engine.client import Engine
from .errors import DeclarationError, EngineError, StowageError
from .keeping import Keeping, keep_host
from .lock import engine_lock
from .manifest import parse_manifest
from .model.desired import Desired, Part
from .model.observed import Observed
from .observer import anonymous, observe_host
from .places import runtime_at, socket_folder
from .planner import plan_changes
from .render import render_container, render_objects, render_run, render_scopes, render_stacks
from .standing import as_left, leave_tags, pin, pins_of
from .store import Store, Version, state_directory

VERSION = 1
HISTORY = 1000  # versions that a run beside a runtime leaves to that one to let go of
DEFAULT_LOCK_TIMEOUT = 60.0  # seconds

Document = Dict[str, Any]


@dataclass(frozen=True)
class Resident:
    """The runtime of this host, when it is what answers: where it keeps declarations, and who asked and listens."""

    store: Store
    by: str
    listener: Listener


def answer(request: Mapping[str, Any], resident: Optional[Resident] = None) -> Document:
    """Do what the request says. Never raises: ``failed`` and ``msg`` of the answer tell."""
    try:
        if request.get("version") != VERSION:
            raise StowageError(f"request version {request.get('version')!r} is not spoken here; version {VERSION} is")
        handler = _HANDLERS.get(str(request.get("do")))
        if handler is None:
            raise StowageError(f"{request.get('do')!r} is none of: {', '.join(sorted(_HANDLERS))}")
        return handler(request, resident)
    except DeclarationError as error:
        problems = [{"path": problem.path, "message": problem.message} for problem in error.problems]
        return {"failed": True, "changed": False, "msg": f"the declaration was refused:\n{error}", "problems": problems}
    except StowageError as error:
        return {"failed": True, "changed": False, "msg": str(error)}


def converge(
    request: Mapping[str, Any], resident: Optional[Resident] = None, listener: Optional[Listener] = None
) -> Document:
    """Make the engine hold the manifest of a request; with ``check``, tell what that takes. Raises StowageError."""
    manifest = request.get("manifest") or {}
    engine, address = connect(request.get("engine") or {})
    files, listener = _files(request), resident.listener if resident else listener
    with contextlib.ExitStack() as held:
        held.enter_context(engine)
        parts, pins = read_declaration(engine, manifest), request.get("images") or {}
        if pins:  # an earlier version is brought back
            parts = tuple(_as_it_was(part, pins) for part in parts)
        held.enter_context(engine_lock(address, float(request.get("lock_timeout", DEFAULT_LOCK_TIMEOUT))))
        if request.get("check"):
            run = converge_host(engine, parts, check=True)
            return _answer_run(run, parts, run.observed)
        keeping = _keeping(request, resident, address, pins)
        if keeping is None:
            run = converge_host(engine, parts, files=files, listener=listener)
            return _answer_run(run, parts, *look_after(engine, run, parts))
        kept = keep_host(engine, manifest, parts, keeping, files=files, listener=listener)
        answer = _answer_run(kept.run, parts, kept.after, kept.warnings)
        if kept.fault:
            answer.update(failed=True, msg="\n".join(filter(None, [answer.get("msg"), kept.fault])))
        return answer


def _as_it_was(part: Part, pins: Mapping[str, str]) -> Part:
    """An earlier version is all that its scope is to hold, with the images that it ran."""
    desired, policy = pin(as_left(part), pins)
    return Part(desired, replace(policy, prune=True))


def _keeping(
    request: Mapping[str, Any], resident: Optional[Resident], address: str, pins: Mapping[str, str]
) -> Optional[Keeping]:
    """Where to keep what is declared. Without a runtime here, single objects of a scope are not kept."""
    if resident is not None:
        return Keeping(resident.store, resident.by, strict=True, resident=True, pins=pins)
    is_kept = serves(address)
    store = Store(state_directory(os.environ), address, keep=HISTORY if is_kept else 1)
    if is_kept or request.get("remember", True):
        return Keeping(store, str(request.get("by") or "a run of its own"), strict=is_kept, resident=is_kept)
    return None


def serves(address: str) -> bool:
    """Whether a runtime keeps this engine, and this process may write into its store."""
    return os.geteuid() == 0 and runtime_at(socket_folder(os.environ)).get("engine") == address


def _files(request: Mapping[str, Any]) -> Dict[str, Union[str, bytes]]:
    """What was brought for this run, by digest: the path here, or the content itself."""
    files: Dict[str, Union[str, bytes]] = dict(request.get("files") or {})
    if request.get("contents"):
        import base64  # only where files change

        files.update((digest, base64.b64decode(content)) for digest, content in request["contents"].items())
    return files


def _answer_run(run: Run, parts: Sequence[Part], after: Observed, warnings: Sequence[str] = ()) -> Document:
    result = render_run(run)
    if run.missing:
        return result
    result["warnings"] += warnings
    result.update(render_objects(as_one(parts), after))
    projects = [part.desired.project for part in parts if part.desired.project]
    if projects:
        result["stacks"] = render_stacks(after, projects)
    return result


def _info(request: Mapping[str, Any], resident: Optional[Resident]) -> Document:
    wanted = request.get("info") or {}
    engine, address = connect(request.get("engine") or {})
    with engine:
        observed = observe_host(engine, Desired(""), anonymous)
        facts: Document = {
            "engine": _engine_facts(engine),
            "containers": {name: render_container(found) for name, found in observed.containers.items()},
            "images": {
                found.id: {"tags": list(found.tags), "digests": list(found.digests)}
                for found in observed.images.values()
            },
            "networks": {
                name: {"id": n.id, "driver": n.inspect.get("Driver")} for name, n in observed.networks.items()
            },
            "volumes": {name: {"driver": v.inspect.get("Driver")} for name, v in observed.volumes.items()},
            "scopes": dict(render_scopes(observed)),
            "changed": False,
            "failed": False,
        }
        if wanted.get("drift", True):
            facts["drift"] = _drifted(engine, _recall(resident, address), str(wanted.get("scope") or ""))
        return facts


def _stacks(request: Mapping[str, Any], resident: Optional[Resident]) -> Document:
    """What stack_info tells: every compose project on the host, or the one asked for."""
    wanted = request.get("info") or {}
    name = str(wanted.get("name") or "")
    engine, address = connect(request.get("engine") or {})
    with engine:
        observed = observe_host(engine, Desired(""), anonymous)
        stacks = render_stacks(observed, [name] if name else None)
        if wanted.get("drift", True):
            recalled = _recall(resident, address)
            known = {scope: version for scope, version in recalled.items() if "stacks" in version.manifest}
            # One of which nothing is left has drifted most.
            lost = [] if name else [scope for scope in known if scope not in stacks]
            stacks.update(render_stacks(observed, lost))
            for scope, stack in stacks.items():
                stack["drift"] = _plan_again(engine, known[scope]) if scope in known else None
        return {"stacks": stacks, "changed": False, "failed": False}


def _runtime(_request: Mapping[str, Any], _resident: Optional[Resident]) -> Document:
    """What is told of a host that no runtime keeps; one that does answers this itself."""
    return {"present": False, "scopes": {}, "history": {}, "changed": False, "failed": False}


def _rollback(_request: Mapping[str, Any], _resident: Optional[Resident]) -> Document:
    raise StowageError(
        "no runtime keeps this host, or the task did not run as root, so no earlier version can be brought back; "
        "the role runtime puts one there"
    )


def _engine_facts(engine: Engine) -> Document:
    version, info = engine.system.version(), engine.system.info()
    return {
        "version": version.get("Version"),
        "api_version": ".".join(str(part) for part in engine.api_version),
        "os": info.get("OperatingSystem"),
        "architecture": info.get("Architecture"),
        "kernel": info.get("KernelVersion"),
        "storage_driver": info.get("Driver"),
        "root": info.get("DockerRootDir"),
        "runtimes": sorted(info.get("Runtimes") or ()),
        "live_restore": bool(info.get("LiveRestoreEnabled")),
        "swarm": (info.get("Swarm") or {}).get("LocalNodeState", ""),
    }


def _recall(resident: Optional[Resident], address: str) -> Dict[str, Version]:
    """What was declared last, of every scope whose record is sound."""
    store = resident.store if resident is not None else Store(state_directory(os.environ), address)
    standings = store.standings().items()
    return {scope: standing.version for scope, standing in standings if standing.version is not None}


def _drift(request: Mapping[str, Any], resident: Optional[Resident]) -> Document:
    """What would bring back what was declared last, of every scope or of the one asked for."""
    engine, address = connect(request.get("engine") or {})
    scope = str((request.get("info") or {}).get("scope") or "")
    with engine:
        drift = _drifted(engine, _recall(resident, address), scope)
    return {"drift": drift, "changed": False, "failed": False}


def _drifted(engine: Engine, known: Mapping[str, Version], scope: str) -> Document:
    """For each scope declared from here: the plan that would bring back what was declared last."""
    return {name: _plan_again(engine, version) for name, version in known.items() if scope in ("", name)}


def _plan_again(engine: Engine, version: Version) -> Document:
    images = pins_of(version.images)
    try:
        declared = [as_left(part) for part in parse_manifest(version.manifest)]
        parts = [pin(part, images) for part in declared]
        with unsaid(parts):
            observed = observe_parts(engine, parts, Accounts(as_one(parts)))[1]
            plan = plan_changes([pin(part, images, observed.image_ids) for part in declared], observed)
            plan = leave_tags(plan, images, observed)[0]
    except EngineError:
        raise  # then nothing can be told of any
    except StowageError as error:
        return {"drifted": True, "plan": [], "msg": str(error)}
    return {"drifted": plan.changes, "plan": [str(step) for step in plan], "msg": ""}


def connect(options: Mapping[str, Any]) -> Tuple[Engine, str]:
    """The engine named by the options, or by the usual DOCKER_* variables, and what to know it by.

    That is its address, with links in the path of a socket followed: ``/run`` and ``/var/run`` are one folder.
    """
    address, tls = from_environment(os.environ)
    if options.get("host"):
        address = parse_address(str(options["host"]))
    tls = _tls(options) or tls
    return Engine.connect(address, tls, timeout=float(options.get("timeout") or 60.0)), known_by(str(address))


def known_by(written: str) -> str:
    """One text for an address however it is written. Raises EngineUnreachable for what is none."""
    address = parse_address(written)
    return str(replace(address, path=os.path.realpath(address.path)) if address.scheme == "unix" else address)


def _tls(options: Mapping[str, Any]) -> Optional[Tls]:
    if not (options.get("tls") or options.get("tls_verify")):
        return None
    return Tls(
        ca=str(options.get("ca_path") or ""),
        cert=str(options.get("cert_path") or ""),
        key=str(options.get("key_path") or ""),
        verify=bool(options.get("tls_verify")),
        server_name=str(options.get("tls_hostname") or ""),
    )


_HANDLERS = {
    "converge": converge,
    "drift": _drift,
    "info": _info,
    "rollback": _rollback,
    "runtime": _runtime,
    "stacks": _stacks,
}
