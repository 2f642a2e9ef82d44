# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds a host against the CIS Docker Benchmark: its host, daemon and daemon-files sections.

``observing`` reads the host; ``host``, ``daemon`` and ``files`` are the tables of checks, one for each section;
``judging`` makes findings of them, with our waivers (``waivers``) and the operator's; ``rendering`` makes text.
Nothing is imported here.
"""
