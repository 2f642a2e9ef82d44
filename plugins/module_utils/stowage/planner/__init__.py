# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions: a declaration beside a snapshot becomes a Plan. Pure; nothing here talks to an engine."""

from __future__ import annotations

from ..model.desired import Desired, Policy
from ..model.observed import Observed
from ..model.plan import Plan
from .containers import plan_containers
from .draft import Draft
from .images import plan_images
from .lacking import find_lacking
from .networks import plan_networks
from .prune import plan_removals
from .volumes import plan_volumes
from .world import World


def plan_changes(desired: Desired, observed: Observed, policy: Policy) -> Plan:
    """Decide what turns the observed host into the desired one.

    The same arguments give the same plan, step by step. Raises DeclarationError with every reason
    why the declaration cannot be met on this host; then nothing may be done at all.
    """
    draft = Draft(desired.scope)
    draft.problems.extend(find_lacking(desired, observed, policy))
    world = World(desired, observed, policy, draft)
    world.images = plan_images(desired, observed, draft)
    plan_volumes(world)
    plan_networks(world)
    plan_containers(world)
    plan_removals(world)
    return draft.plan()


__all__ = ["find_lacking", "plan_changes"]
