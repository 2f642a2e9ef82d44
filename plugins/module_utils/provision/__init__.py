# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host needs around its container engine: packages, configuration, certificates, hardening, housekeeping.

The host's side of the role ``engine``. Standard library only, Python 3.9, relative imports only; imports neither
Ansible nor the runtime (``stowage``). Each part observes, then decides (pure), then acts; a module that only checks
stops after deciding. Nothing is imported here, so that a module pays for what it uses.
"""
