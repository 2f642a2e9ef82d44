# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CA that engines and their clients are known by: a folder on the controller.

Needs ``cryptography``, which ansible-core brings. Knows certificates and the folder, and nothing of Ansible or of how
a host is reached. ``deciding`` and ``rotation`` are pure, ``folder`` reads and writes, ``acting`` does what was
decided, and ``work`` is the order of it all.
"""
