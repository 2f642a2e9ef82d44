# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes away what nothing on an engine uses and nobody declared: looks, decides, and only then removes.

The engine's own prune calls decide while they remove, and know nothing of declarations; here the plan that a dry run
shows is the one that is carried out, object by object.
"""
