# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures this collection against its peers, side by side in one run on one test host; and the planner alone.

``python -m bench`` is the way in. Figures only: no threshold fails a run.
"""
