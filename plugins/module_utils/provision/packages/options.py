# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module engine_packages, as both its halves take them, and what they mean here."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from .model import Archive, Wanted

# Docker's keys for deb and for rpm.
FINGERPRINTS = ["9DC858229FC7DD38854AE2D88D81803C0EBFCD88", "060A61C51B558A7F742B77AAC52FEB6B621E9F35"]

SPEC: Dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "stopped", "absent"], "default": "present"},
    "purge": {"type": "bool", "default": False},
    "stopped": {"type": "bool", "default": False},
    "leave": {"type": "list", "elements": "str", "default": []},
    "kind": {"type": "str", "choices": ["docker", "podman"], "default": "docker"},
    "source": {"type": "str", "choices": ["auto", "distro", "docker", "archive"], "default": "auto"},
    "version": {"type": "str", "default": ""},
    "versions": {"type": "dict", "default": {}},
    "allow_downgrade": {"type": "bool", "default": False},
    "hold": {"type": "bool", "default": True},
    "release": {"type": "str", "default": ""},
    "channel": {"type": "str", "choices": ["stable", "test"], "default": "stable"},
    "repository": {"type": "str", "default": "https://download.docker.com/linux"},
    "repository_key": {"type": "str", "default": "", "no_log": False},
    "repository_fingerprint": {"type": "list", "elements": "str", "default": FINGERPRINTS},
    "archive": {"type": "raw", "default": ""},
    "client": {"type": "bool", "default": True},
    "compose": {"type": "bool", "default": False},
    "buildx": {"type": "bool", "default": False},
    "packages": {"type": "list", "elements": "str", "default": []},
    "runtimes": {"type": "list", "elements": "str", "choices": ["crun", "runsc", "kata"], "default": []},
    "rootless": {"type": "bool", "default": False},
    "lock_timeout": {"type": "int", "default": 300},
    "cache_valid": {"type": "int", "default": 3600},
}  # fmt: skip


def wanted_of(options: Mapping[str, Any]) -> Wanted:
    """Return what options mean."""
    archive = options["archive"]  # the action puts what the folder holds in its place
    return Wanted(
        kind=options["kind"],
        source=options["source"],
        version=options["version"].strip(),
        versions={str(name): str(version) for name, version in options["versions"].items()},
        allow_downgrade=options["allow_downgrade"],
        hold=options["hold"],
        release=options["release"],
        channel=options["channel"],
        repository=options["repository"],
        repository_key=options["repository_key"],
        fingerprints=tuple(options["repository_fingerprint"]),
        archive=Archive(archive["offers"], archive["folder"]) if isinstance(archive, dict) else None,
        client=options["client"],
        compose=options["compose"],
        buildx=options["buildx"],
        packages=tuple(options["packages"]),
        runtimes=tuple(options["runtimes"]),
        rootless=options["rootless"],
        lock_timeout=options["lock_timeout"],
        cache_valid=options["cache_valid"],
        purge=options["purge"],
        stopped=options["stopped"],
        leave=tuple(options["leave"]),
    )
