# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``configs`` and ``secrets`` of a service: files that it mounts, with the owner and mode it asks for.

Knows where such a file is mounted (compose spec, "secrets" and "configs"), and where it lies in a stack's
directory: the project's own file as it is, and a copy for each owner and mode that somebody asks for.
Knows nothing of contents.
"""

from __future__ import annotations

import posixpath
from typing import Any, Collection, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

CONFIGS = "configs"
SECRETS = "secrets"
KEPT = ".stowage"  # the folder, in a stack's directory, of what is no file of the project
DEFAULT_MODE = 0o444  # compose spec: world-readable unless told


class Grant(NamedTuple):
    """One use of a config or secret by a service."""

    kind: str
    source: str
    target: str
    uid: Optional[int]
    gid: Optional[int]
    mode: Optional[int]

    @property
    def is_plain(self) -> bool:
        """Whether the service takes the file as it is."""
        return self.uid is None and self.gid is None and self.mode is None

    def path(self, plain: str) -> str:
        """Where the file lies below the stack's directory; ``plain`` is where it lies for all who ask for nothing."""
        if self.is_plain:
            return plain
        mode = DEFAULT_MODE if self.mode is None else self.mode
        return f"{kept_path(self.kind, self.source)}@{self.uid or 0}-{self.gid or 0}-{mode:04o}"


def kept_path(kind: str, source: str) -> str:
    """Where content lies that is no file of the project."""
    return f"{KEPT}/{kind}/{source}"


def grants(service: Mapping[str, Any]) -> Iterator[Grant]:
    """Every use, of a service in compose's canonical form."""
    for kind in (CONFIGS, SECRETS):
        for entry in service.get(kind) or ():
            source = str(entry["source"])
            uid, gid = _number(entry.get("uid")), _number(entry.get("gid"))
            yield Grant(kind, source, _target(kind, source, str(entry.get("target") or "")), uid, gid, _mode(entry))


def mounts_for(
    service: Mapping[str, Any], places: Mapping[Tuple[str, str], str], directory: str
) -> List[Dict[str, Any]]:
    """The mounts that bring the files into the container; ``places`` leads from kind and name to the plain path."""
    return [
        {
            "type": "bind",
            # A plain path may be absolute: a file that is on the host anyway.
            "source": posixpath.join(directory, grant.path(places[grant.kind, grant.source])),
            "target": grant.target,
            "read_only": True,
            "bind": {"create_host_path": False},
        }
        for grant in grants(service)
        if (grant.kind, grant.source) in places
    ]


def _target(kind: str, source: str, target: str) -> str:
    if target.startswith("/"):
        return target
    return f"/run/secrets/{target or source}" if kind == SECRETS else f"/{target or source}"


def _number(value: Any) -> Optional[int]:
    return None if value in (None, "") else int(value)


def _mode(entry: Mapping[str, Any]) -> Optional[int]:
    mode = entry.get("mode")
    return int(mode, 8) if isinstance(mode, str) else mode


def masks_for(service: Mapping[str, Any], directory: str) -> List[Dict[str, Any]]:
    """The mounts that hide what is kept from a service that mounts the whole directory, which is no part of it."""
    return [
        {"type": "tmpfs", "target": f"{mount['target'].rstrip('/')}/{KEPT}", "tmpfs": {"size": "4096"}}
        for mount in service.get("volumes") or ()
        if mount.get("type") == "bind" and mount.get("source") == directory
    ]


def is_below(path: str, prefix: str) -> bool:
    """Whether a file of the directory is the one mounted, or in the folder that is, and not hidden there."""
    hidden = path.startswith(f"{KEPT}/") and not prefix.startswith(f"{KEPT}/")
    return not hidden and f"{path}/".startswith(prefix)


def without_mounts(service: Mapping[str, Any], targets: Collection[str]) -> Dict[str, Any]:
    """The service without what is mounted at these places: docker compose copies some of it into the container."""
    volumes = [mount for mount in service.get("volumes") or () if mount.get("target") not in targets]
    return {**service, "volumes": volumes}
