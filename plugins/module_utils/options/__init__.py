# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules accept: one file per module, each with its options and the manifest made of them.

Plain dictionaries in and out. Knows community.docker's words beside compose's. Knows neither Ansible
nor the runtime, so that controller and host read options the same way.
"""

from __future__ import annotations
