# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels that say whose an object is and what it was made from.

Knows their names, and the ending of names that has a meaning like theirs; who writes them is the
planner's business.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

PREFIX = "io.stowage."

SCOPE = "io.stowage.scope"  # the owner: objects without it are never changed or removed
SPEC = "io.stowage.spec"  # spec_hash of the declaration the container was made from
DECLARED = "io.stowage.declared"  # the keys that declaration had, so that removing one is noticed
REPLACES = "io.stowage.replaces"  # on a `<name>.next` container: what it stands ready to replace
CONTEXT = "io.stowage.context"  # on a built image: hash of everything that went into it
BUILT = "io.stowage.image"  # on a built image: the names it was built under; images made from it have others

CONTENT = "io.stowage.content"  # on a container of a stack: hash of the project's files that it mounts

# docker compose's own (pkg/api/labels.go): with them its commands work on what is made here.
COMPOSE_PREFIX = "com.docker.compose."
COMPOSE_PROJECT = "com.docker.compose.project"
COMPOSE_SERVICE = "com.docker.compose.service"
COMPOSE_NETWORK = "com.docker.compose.network"
COMPOSE_VOLUME = "com.docker.compose.volume"
COMPOSE_HASH = "com.docker.compose.config-hash"
COMPOSE_NUMBER = "com.docker.compose.container-number"
COMPOSE_ONE_OFF = "com.docker.compose.oneoff"
COMPOSE_HOOK = "com.docker.compose.hook"
COMPOSE_HOOK_INDEX = "com.docker.compose.hook-index"
COMPOSE_MOUNTED_IMAGES = "com.docker.compose.image-volume-digest"
COMPOSE_DEPENDS_ON = "com.docker.compose.depends_on"
COMPOSE_IMAGE = "com.docker.compose.image"
COMPOSE_DIRECTORY = "com.docker.compose.project.working_dir"
COMPOSE_FILES = "com.docker.compose.project.config_files"
COMPOSE_VERSION = "com.docker.compose.version"

# On the volume that keeps a stranger's place while a network is made anew (REPLACES has the container's id):
NETWORK = "io.stowage.network"
ENDPOINT = "io.stowage.endpoint"  # its EndpointSettings there, as JSON

# Book-keeping of tools that is never part of a declaration, unless one names it.
FOREIGN_PREFIXES = (PREFIX, COMPOSE_PREFIX, "com.docker.swarm.", "desktop.docker.io/")

# The repository whose tags hold images that a kept version names, one for each: nobody's name for anything.
KEPT_IMAGES = "stowage.local/kept"

NEXT = ".next"  # ends the name of what stands ready to take another's place


def own_labels(labels: Optional[Mapping[str, Any]]) -> Dict[str, Any]:
    """The labels that a declaration gave, without the book-keeping of tools."""
    return {key: value for key, value in (labels or {}).items() if not key.startswith(FOREIGN_PREFIXES)}
