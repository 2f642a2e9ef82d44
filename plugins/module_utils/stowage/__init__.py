# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime: takes one declaration for one host and makes the engine hold exactly that.

Standard library of Python 3.9 and nothing else; it never imports Ansible. The layers and the way
of a declaration through them stand in ARCHITECTURE.md.
"""

from __future__ import annotations

__version__ = "0.1.0"

# Names the sources this runs from. Who loads them from a parcel or a packed file says so here; empty in a source tree.
DIGEST = ""
