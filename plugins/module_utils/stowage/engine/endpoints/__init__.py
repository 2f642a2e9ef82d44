# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Engine API's endpoints, one file per kind of object. Each method is one request."""
