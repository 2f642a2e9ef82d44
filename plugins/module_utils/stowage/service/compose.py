# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels docker compose knows its own objects by (docker/compose, pkg/api/labels.go), as it writes them.

With them ``docker compose ps``, ``logs``, ``up`` and ``down`` work on what was made here. Knows their values;
the labels' names stand with all others in labels.py.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from . import labels
from .confighash import network_hash, volume_hash

VERSION = "5.6.1"  # the docker compose whose hashes these are


def container_labels(project: str, service: str, document: Mapping[str, Any], number: int) -> Dict[str, str]:
    """Those of a service's container that are known before it is created."""
    return {
        labels.COMPOSE_PROJECT: project,
        labels.COMPOSE_SERVICE: service,
        labels.COMPOSE_NUMBER: str(number),
        labels.COMPOSE_ONE_OFF: "False",
        labels.COMPOSE_DEPENDS_ON: _dependencies(document),
        labels.COMPOSE_VERSION: VERSION,
    }


def hook_labels(project: str, service: str, index: int) -> Dict[str, str]:
    """Those of a pre_start container."""
    return {
        labels.COMPOSE_PROJECT: project,
        labels.COMPOSE_SERVICE: service,
        labels.COMPOSE_HOOK: "pre_start",
        labels.COMPOSE_HOOK_INDEX: str(index),
        labels.COMPOSE_VERSION: VERSION,
    }


def network_labels(project: str, key: str, document: Any) -> Dict[str, str]:
    """Those of a network; ``document`` is its entry as ``docker compose config`` prints it."""
    return {
        labels.COMPOSE_PROJECT: project,
        labels.COMPOSE_NETWORK: key,
        labels.COMPOSE_HASH: network_hash(document or {}),
        labels.COMPOSE_VERSION: VERSION,
    }


def volume_labels(project: str, key: str, document: Any) -> Dict[str, str]:
    """Those of a volume; ``document`` is its entry as ``docker compose config`` prints it."""
    return {
        labels.COMPOSE_PROJECT: project,
        labels.COMPOSE_VOLUME: key,
        labels.COMPOSE_HASH: volume_hash(document or {}),
        labels.COMPOSE_VERSION: VERSION,
    }


def image_labels(project: str, service: str) -> Dict[str, str]:
    """Those of an image built for a service."""
    return {labels.COMPOSE_PROJECT: project, labels.COMPOSE_SERVICE: service, labels.COMPOSE_VERSION: VERSION}


def dependencies_told(told: Mapping[str, str]) -> List[str]:
    """The services that a container depends on, by its labels."""
    return [entry.partition(":")[0] for entry in told.get(labels.COMPOSE_DEPENDS_ON, "").split(",") if entry]


def _dependencies(document: Mapping[str, Any]) -> str:
    needed = document.get("depends_on") or {}
    return ",".join(
        f"{name}:{options.get('condition')}:{'true' if options.get('restart') else 'false'}"
        for name, options in sorted(needed.items())
    )
