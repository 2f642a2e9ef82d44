# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts for tests of the configuration: one in words, and one with files and an engine that is played."""

from __future__ import annotations

import json

from provision.config import document as documents
from provision.config import in_force
from provision.config.observed import CONFIG, Notes, Observed
from provision.config.unit import DROP_IN, PROXIES
from provision.memory import digest

UNIT = ("/usr/sbin/dockerd", "-H", "fd://", "--containerd=/run/containerd/containerd.sock", "$DOCKER_OPTS")


def seen(document=None, claims=(), runs=None, text=None, **more):
    """A host with a document in its file. ``claims`` are the paths in it that are ours; ``runs``: what a running
    engine was last given by us, or True for the file as it stands; None: none runs."""
    text = json.dumps(document, indent=2) + "\n" if text is None and document is not None else text
    flat = documents.flatten(document or {})
    kept = {path: [digest(flat[path])] for path in claims}
    texts = dict(more.pop("texts", {}))
    notes = Notes(kept, more.pop("files", {}), more.pop("created", False))
    if runs is not None:
        more.setdefault("process", "boot:7:1")
        given = document if runs is True else runs
        values = in_force.values(given or {}, texts.get(DROP_IN), texts.get(PROXIES), more.get("contents", {}))
        notes = Notes(kept, notes.files, notes.created, more.pop("noted", more["process"]), values)
    base = {
        "config": CONFIG, "text": text, "mode": 0o644, "manager": "systemd", "version": (26, 1, 5), "texts": texts,
        "words": UNIT, "late": "", "script": (),
    }  # fmt: skip
    return Observed(**{**base, **more}, notes=notes)
