# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many examples a property is tried with.

STOWAGE_EXAMPLES asks for more than the few of an ordinary run, STOWAGE_QUICK for a tenth of them, and STOWAGE_SHRINK
for a small one where one fails.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

_SHRINK = "STOWAGE_SHRINK" in os.environ
_MANY = int(os.environ.get("STOWAGE_EXAMPLES", "0"))
_QUICK = "STOWAGE_QUICK" in os.environ


def examples(count: int) -> settings:
    """The same examples at every run, unless many are asked for."""
    return settings(
        max_examples=_MANY or (max(count // 10, 3) if _QUICK else count),
        derandomize=not _MANY,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate, *((Phase.shrink,) if _SHRINK else ())),
        suppress_health_check=list(HealthCheck),
    )
