# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One JSON request, one JSON answer: how a playbook's task reaches the runtime on a host.

Knows the shape of both and turns every error into words of the answer. Whether the request came over
a connection or from the same process is not its concern.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Union

from .converge import Accounts, Run, as_one, converge_host, plan_host, read_declaration
from .engine.address import Tls, from_environment, parse_address
from .engine.client import Engine
from .errors import DeclarationError, StowageError
from .lock import engine_lock
from .manifest import parse_manifest
from .memory import Memory, state_directory
from .model.desired import RESTARTED, STARTED, Desired, Part
from .observer import observe_host
from .render import render_container, render_objects, render_run, render_scopes, render_stacks

VERSION = 1
DEFAULT_LOCK_TIMEOUT = 60.0  # seconds

Document = Dict[str, Any]


def answer(request: Mapping[str, Any]) -> Document:
    """Do what the request says. Never raises: ``failed`` and ``msg`` of the answer tell."""
    try:
        if request.get("version") != VERSION:
            raise StowageError(f"request version {request.get('version')!r} is not spoken here; version {VERSION} is")
        handler = _HANDLERS.get(str(request.get("do")))
        if handler is None:
            raise StowageError(f"{request.get('do')!r} is none of: {', '.join(sorted(_HANDLERS))}")
        return handler(request)
    except DeclarationError as error:
        problems = [{"path": problem.path, "message": problem.message} for problem in error.problems]
        return {"failed": True, "changed": False, "msg": f"the declaration was refused:\n{error}", "problems": problems}
    except StowageError as error:
        return {"failed": True, "changed": False, "msg": str(error)}


def _converge(request: Mapping[str, Any]) -> Document:
    manifest = request.get("manifest") or {}
    engine, address = connect(request.get("engine") or {})
    parts = read_declaration(engine, manifest)
    check = bool(request.get("check"))
    with engine, engine_lock(address, float(request.get("lock_timeout", DEFAULT_LOCK_TIMEOUT))):
        run = converge_host(engine, parts, check=check, files=_files(request))
        report = run.report
        if report is not None and not report.failures and request.get("remember", True):
            Memory(state_directory(os.environ), address).remember_parts(parts, manifest)
        return _answer_run(run, parts, engine)


def _files(request: Mapping[str, Any]) -> Dict[str, Union[str, bytes]]:
    """What was brought for this run, by digest: the path here, or the content itself."""
    files: Dict[str, Union[str, bytes]] = dict(request.get("files") or {})
    if request.get("contents"):
        import base64  # only where files change

        files.update((digest, base64.b64decode(content)) for digest, content in request["contents"].items())
    return files


def _answer_run(run: Run, parts: Sequence[Part], engine: Engine) -> Document:
    desired = as_one(parts)
    result = render_run(run)
    if run.missing:
        return result
    observed = run.observed
    if run.report is not None and run.report.changed:
        try:
            observed = observe_host(engine, _names_only(desired), _anonymous)
        except StowageError as error:
            # An engine that is gone by now must not hide what was done to it.
            result["warnings"].append(f"objects are shown as they were before the run: {error}")
    result.update(render_objects(desired, observed))
    projects = [part.desired.project for part in parts if part.desired.project]
    if projects:
        result["stacks"] = render_stacks(observed, projects)
    return result


def _anonymous(_reference: str) -> None:
    """No registry is asked where only the engine is looked at."""


def _names_only(desired: Desired) -> Desired:
    """The declaration without what a look at the result need not ask again: registries, contexts."""
    return Desired(desired.scope, containers=desired.containers)


def _info(request: Mapping[str, Any]) -> Document:
    wanted = request.get("info") or {}
    engine, address = connect(request.get("engine") or {})
    with engine:
        observed = observe_host(engine, Desired(""), _anonymous)
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
            memory = Memory(state_directory(os.environ), address)
            facts["drift"] = _drift(engine, memory, str(wanted.get("scope") or ""))
        return facts


def _stacks(request: Mapping[str, Any]) -> Document:
    """What stack_info tells: every compose project on the host, or the one asked for."""
    wanted = request.get("info") or {}
    name = str(wanted.get("name") or "")
    engine, address = connect(request.get("engine") or {})
    with engine:
        observed = observe_host(engine, Desired(""), _anonymous)
        stacks = render_stacks(observed, [name] if name else None)
        if wanted.get("drift", True):
            memory = Memory(state_directory(os.environ), address)
            known = {scope: manifest for scope, manifest in memory.recall().items() if "stacks" in manifest}
            # One of which nothing is left has drifted most.
            lost = [] if name else [scope for scope in known if scope not in stacks]
            stacks.update(render_stacks(observed, lost))
            for scope, stack in stacks.items():
                stack["drift"] = _plan_again(engine, known[scope]) if scope in known else None
        return {"stacks": stacks, "changed": False, "failed": False}


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


def _drift(engine: Engine, memory: Memory, scope: str) -> Document:
    """For each scope declared from here: the plan that would bring back what was declared last."""
    drift: Document = {}
    for name, manifest in memory.recall().items():
        if scope in ("", name):
            drift[name] = _plan_again(engine, manifest)
    return drift


def _plan_again(engine: Engine, manifest: Mapping[str, Any]) -> Document:
    try:
        parts = [Part(_as_left(desired), policy) for desired, policy in parse_manifest(manifest)]
        plan, _observed = plan_host(engine, parts, Accounts(as_one(parts)))
    except StowageError as error:
        return {"drifted": True, "plan": [], "msg": str(error)}
    return {"drifted": plan.changes, "plan": [str(step) for step in plan], "msg": ""}


def _as_left(desired: Desired) -> Desired:
    """The declaration without what it asks for anew at each run: restarts, and whether a registry has other images.

    Logins are not remembered, so no registry would answer.
    """
    images = [
        replace(image, pull="missing" if image.pull == "always" else image.pull, push=False) for image in desired.images
    ]
    containers = [
        replace(container, recreate=False, state=STARTED if container.state == RESTARTED else container.state)
        for container in desired.containers
    ]
    return replace(desired, images=tuple(images), containers=tuple(containers))


def connect(options: Mapping[str, Any]) -> Tuple[Engine, str]:
    """The engine named by the options, or by the usual DOCKER_* variables, and what to know it by.

    That is its address, with links in the path of a socket followed: ``/run`` and ``/var/run`` are one folder.
    """
    address, tls = from_environment(os.environ)
    if options.get("host"):
        address = parse_address(str(options["host"]))
    tls = _tls(options) or tls
    known_by = replace(address, path=os.path.realpath(address.path)) if address.scheme == "unix" else address
    return Engine.connect(address, tls, timeout=float(options.get("timeout") or 60.0)), str(known_by)


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


_HANDLERS = {"converge": _converge, "info": _info, "stacks": _stacks}
