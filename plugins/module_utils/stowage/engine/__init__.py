# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker Engine API: transports, HTTP, streams, endpoints. Plain dicts in and out.

Knows nothing of the package but its errors: no model, no declaration, no plan. Start at
``client.Engine``; nothing is imported here, so that a caller pays only for what it uses.
"""
