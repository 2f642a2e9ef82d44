# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions: a declaration beside a snapshot becomes a Plan. Pure; nothing here talks to an engine."""

from __future__ import annotations

from typing import Sequence

from ..model.desired import Part
from ..model.observed import Observed
from ..model.plan import Plan
from .containers import plan_containers
from .draft import Draft
from .files import find_changes, plan_files, plan_settling
from .images import plan_images
from .lacking import find_lacking
from .networks import plan_networks
from .prune import plan_removals
from .volumes import plan_volumes
from .world import Intentions, World


def plan_changes(parts: Sequence[Part], observed: Observed) -> Plan:
    """Decide what turns the observed host into the desired one, for all scopes of a declaration at once.

    The same arguments give the same plan, step by step. Raises DeclarationError with every reason
    why the declaration cannot be met on this host; then nothing may be done at all.
    """
    draft = Draft(", ".join(part.desired.scope for part in parts))
    draft.problems.extend(find_lacking(parts, observed))
    intentions = Intentions()
    worlds = [World(part, observed, draft, intentions) for part in parts]
    plan_images([part.desired for part in parts], observed, draft, intentions.images)
    # What one scope makes, another may use as external: all networks and volumes before any container.
    plan_volumes(worlds)
    plan_networks(worlds)
    for world in worlds:
        find_changes(world)
    plan_containers(worlds)
    for world in worlds:
        plan_files(world)
    plan_removals(worlds)
    for world in worlds:
        plan_settling(world)
    return draft.plan()


__all__ = ["find_lacking", "plan_changes"]
