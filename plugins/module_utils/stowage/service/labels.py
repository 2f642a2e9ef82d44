# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels that say whose an object is and what it was made from.

Knows their names, and the ending of names that has a meaning like theirs; who writes them is the
planner's business.
"""

from __future__ import annotations

PREFIX = "io.stowage."

SCOPE = "io.stowage.scope"  # the owner: objects without it are never changed or removed
SPEC = "io.stowage.spec"  # spec_hash of the declaration the container was made from
DECLARED = "io.stowage.declared"  # the keys that declaration had, so that removing one is noticed
REPLACES = "io.stowage.replaces"  # on a `<name>.next` container: what it stands ready to replace
CONTEXT = "io.stowage.context"  # on a built image: hash of everything that went into it
BUILT = "io.stowage.image"  # on a built image: the names it was built under; images made from it have others

# On the volume that keeps a stranger's place while a network is made anew (REPLACES has the container's id):
NETWORK = "io.stowage.network"
ENDPOINT = "io.stowage.endpoint"  # its EndpointSettings there, as JSON

# Book-keeping of tools that is never part of a declaration, unless one names it.
FOREIGN_PREFIXES = (PREFIX, "com.docker.compose.", "com.docker.swarm.", "desktop.docker.io/")

NEXT = ".next"  # ends the name of what stands ready to take another's place
