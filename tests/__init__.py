# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's tests. A package, so that ``python -m tests.hosts`` works from the top of the checkout."""
