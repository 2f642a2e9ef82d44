# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a container differs from its declaration, field by field, along the table.

Pure and quick: it is run over every container of a host on every run. Images are compared elsewhere.
"""

from __future__ import annotations

from typing import Any, Callable, FrozenSet, List, Mapping, Optional

from .fields import FIELDS
from .fields.base import NETWORK, RECREATE, UPDATE, Difference, State
from .fields.mounts import anonymous_volumes

__all__ = ["NETWORK", "RECREATE", "UPDATE", "Difference", "anonymous_volumes", "differences"]


def _nobody(_name: str) -> str:
    return ""


def differences(
    service: Mapping[str, Any],
    inspect: Mapping[str, Any],
    image_config: Optional[Mapping[str, Any]],
    *,
    same_spec: bool,
    declared_before: Optional[FrozenSet[str]] = None,
    resolve: Callable[[str], str] = _nobody,
    name: str = "",
) -> List[Difference]:
    """Return how the inspected container differs from the canonical ``service``; empty if it does not.

    ``image_config`` is Config of the image the container runs (inspect's ``Image``), None when that is
    gone: then what the image may have given is not told from what was declared. ``same_spec`` says that
    the container was made from this very declaration, ``declared_before`` which keys its own had
    (``parse_declared``; None for a container that is not ours). ``resolve`` gives the id of the container
    that a service's key or a container's name stands for, or "". ``name`` is the service's key.

    What is declared is always compared. What is not is compared with its default: with ``same_spec``
    only where the engine can have changed it in place, else everywhere; a default that the daemon
    chooses differs only where the key was declared before. Causes show no values of environment,
    labels or commands.
    """
    state = State(service, inspect, image_config, same_spec, declared_before, resolve, name)
    found: List[Difference] = []
    for field in FIELDS:
        found += field.compare(state)
    return found
