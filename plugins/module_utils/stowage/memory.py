# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was declared last, per scope: kept to tell drift, never to decide anything.

Files under the state directory, readable by their owner alone, since a declaration holds secrets.
Losing them loses an answer of ``host_info`` and nothing else. Knows nothing of what it keeps.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import Any, Dict, Mapping, Optional, Sequence

from .model.desired import Part

_SECTIONS = ("images", "networks", "volumes", "containers")


def state_directory(environ: Mapping[str, str]) -> str:
    """``/var/lib/stowage`` for root, the user's own state directory (XDG) for everybody else."""
    if os.geteuid() == 0:
        return "/var/lib/stowage"
    home = environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(home, "stowage")


class Memory:
    """The declarations last applied to one engine."""

    def __init__(self, directory: str, address: str) -> None:
        engine = hashlib.sha256(address.encode()).hexdigest()[:16]
        self._folder = os.path.join(directory, "engines", engine)

    def remember(self, scope: str, manifest: Mapping[str, Any], *, whole: bool = True) -> None:
        """Keep a manifest, without its logins. A full or read-only disk is no reason to fail.

        One that is not the ``whole`` of its scope adds to what is known of it.
        """
        kept = {key: value for key, value in manifest.items() if key != "registries"}
        if not whole:
            kept = _merged(self._manifest(scope) or {}, kept)
        text = json.dumps({"manifest": kept}, sort_keys=True)
        with contextlib.suppress(OSError, ValueError):  # what is there may be damaged
            if self._read(scope) == text:
                return
        with contextlib.suppress(OSError):
            self._write(scope, text)

    def remember_parts(self, parts: Sequence[Part], manifest: Mapping[str, Any]) -> None:
        """Keep a manifest scope by scope. What is declared away as a whole is forgotten."""
        stacks = manifest.get("stacks") or {}
        rest = {key: value for key, value in manifest.items() if key != "stacks"}
        for desired, policy in parts:
            if not desired.project:
                self.remember(desired.scope, rest, whole=policy.prune)
            elif not desired.containers and policy.one_offs:
                self.forget(desired.scope)
            elif not desired.left:
                # A subset of a stack's services is no reason to forget the others.
                self.remember(desired.scope, {"version": 1, "stacks": {desired.scope: stacks[desired.scope]}})

    def recall(self) -> Dict[str, Mapping[str, Any]]:
        """Every scope's last manifest that can be read; damaged ones are left out."""
        found: Dict[str, Mapping[str, Any]] = {}
        try:
            names = sorted(os.listdir(self._folder))
        except OSError:
            return found
        for name in names:
            scope, extension = os.path.splitext(name)
            manifest = self._manifest(scope) if extension == ".json" else None
            if manifest is not None:
                found[scope] = manifest
        return found

    def forget(self, scope: str) -> None:
        """Drop what was kept of a scope."""
        with contextlib.suppress(OSError):
            os.unlink(self._path(scope))

    def _manifest(self, scope: str) -> Optional[Mapping[str, Any]]:
        try:
            document = json.loads(self._read(scope))
        except (OSError, ValueError):
            return None
        manifest = document.get("manifest") if isinstance(document, dict) else None
        return manifest if isinstance(manifest, dict) else None

    def _path(self, scope: str) -> str:
        return os.path.join(self._folder, f"{scope}.json")

    def _read(self, scope: str) -> str:
        with open(self._path(scope), encoding="utf-8") as file:
            return file.read()

    def _write(self, scope: str, text: str) -> None:
        import tempfile  # takes long to import, and only a changed declaration is written

        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path(scope))
        except OSError:
            os.unlink(temporary)
            raise


def _merged(before: Mapping[str, Any], manifest: Mapping[str, Any]) -> Dict[str, Any]:
    """The later declaration of an object takes the place of the earlier one; one of its state alone, that state's."""
    merged = {**before, **manifest}
    for section in _SECTIONS:
        earlier = before.get(section)
        objects = dict(earlier) if isinstance(earlier, dict) else {}
        for name, later in (manifest.get(section) or {}).items():
            known = objects.get(name)
            state_only = isinstance(later, dict) and set(later) == {"state"} and later["state"] != "absent"
            objects[name] = {**known, **later} if state_only and isinstance(known, dict) else later
        if objects:
            merged[section] = objects
    return merged
