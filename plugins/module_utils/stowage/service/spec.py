# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container remembers of its declaration: a hash of it, and which keys it had.

Both go into labels, so neither may hold a value.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, FrozenSet, Mapping, Optional

# Keys that say how a container comes about and is looked after, not what it is.
_APART = frozenset(
    (
        "attach",
        "build",
        "container_name",
        "depends_on",
        "image",
        "post_start",
        "pre_stop",
        "pull_policy",
        "pull_refresh_after",
        "scale",
    )
)
_DEPLOY = frozenset(("resources", "restart_policy"))


def spec_hash(service: Mapping[str, Any], image_ref: str) -> str:
    """Return ``sha256:…`` of what shapes the container: the canonical service and its image's name.

    The order of keys does not count, that of lists does.
    """
    shape = {key: value for key, value in service.items() if key not in _APART}
    deploy = {key: value for key, value in shape.pop("deploy", {}).items() if key in _DEPLOY and value}
    if deploy:
        shape["deploy"] = deploy
    shape["image"] = image_ref
    text = json.dumps(shape, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def declared_keys(service: Mapping[str, Any]) -> str:
    """Return the service's keys for a label, space separated and sorted.

    Of ulimits and log options, which daemons add to, each entry is named as well (``ulimits.nofile``).
    """
    keys = set(service) - _APART
    logging = service.get("logging", {})
    keys.update(f"ulimits.{name}" for name in service.get("ulimits", ()))
    keys.update(f"logging.{name}" for name in logging.get("options", ()))
    if "driver" in logging:
        keys.add("logging/driver")
    return " ".join(sorted(key for key in keys if " " not in key))


def parse_declared(label: Optional[str]) -> Optional[FrozenSet[str]]:
    """Return the keys in such a label; None where there is no label."""
    return None if label is None else frozenset(label.split())
