# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words for stacks: the part of a manifest that a compose project becomes, and what docker compose would have made."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any, Dict, Mapping

Document = Mapping[str, Any]

PLACE = "/srv"  # stands for the folder in which a test has the directories of its stacks
BROUGHT: Dict[str, bytes] = {}  # what a controller would bring, by digest
PROJECT = "com.docker.compose.project"


def file(text: str, mode: int = 0o644, **owner: int) -> Document:
    """A file's entry in a manifest; its content can be brought from now on."""
    content = text.encode()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    BROUGHT[digest] = content
    return {"digest": digest, "mode": mode, **owner}


def folder(mode: int = 0o755) -> Document:
    """An empty folder's entry."""
    return {"digest": "", "mode": mode}


def service(**keys: Any) -> Document:
    """A service of the image that every host has, on the project's default network."""
    return {"image": "app:1", "networks": {"default": None}, **keys}


def mounted(*paths: str, at: str = "/srv/shop", **keys: Any) -> Document:
    """A service that mounts these paths of its stack's directory, each at its own place."""
    mounts = [bind(f"{at}/{path}" if path else at, f"/{path or 'all'}") for path in paths]
    return service(volumes=mounts, **keys)


def bind(source: str, target: str) -> Document:
    return {"type": "bind", "source": source, "target": target, "bind": {"create_host_path": True}}


def stack(name: str = "shop", /, services: Any = None, **keys: Any) -> Dict[str, Any]:
    """A declaration of one stack, in its directory below the place of all, with a network of its own."""
    document = {
        "directory": f"{PLACE}/{name}",
        "networks": {"default": {"name": f"{name}_default"}},
        "services": services or {},
        **keys,
    }
    return {"stacks": {name: document}}


def together(*declarations: Mapping[str, Any]) -> Dict[str, Any]:
    """Several declarations as one."""
    whole: Dict[str, Any] = {}
    for declaration in declarations:
        stacks = {**whole.get("stacks", {}), **declaration.get("stacks", {})}
        whole.update(declaration)
        if stacks:
            whole["stacks"] = stacks
    return whole


def as_compose_made(host: Any, name: str = "shop") -> None:
    """Leave of a stack what docker compose would have made of it: its own labels, and the project's files.

    What is no file of the project, docker compose copies into its containers.
    """
    engine, directory = host.engine, Path(host.root or PLACE, name)
    kept = f"{directory}/.stowage/"
    objects = [container["Config"] for container in engine.containers.all.values()]
    for found in [*objects, *engine.networks.all.values(), *engine.volumes.all.values()]:
        labels = found["Labels"] or {}
        if labels.get(PROJECT) == name:
            found["Labels"] = {key: value for key, value in labels.items() if not key.startswith("io.stowage.")}
    for container in engine.containers.all.values():
        container["Mounts"] = [m for m in container["Mounts"] if not str(m.get("Source")).startswith(kept)]
        settings = container["HostConfig"]
        for key, of in (("Mounts", lambda entry: entry.get("Source")), ("Binds", str)):
            if settings.get(key):
                settings[key] = [entry for entry in settings[key] if not str(of(entry)).startswith(kept)]
    shutil.rmtree(directory / ".stowage", ignore_errors=True)
