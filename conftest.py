# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives all tests the options and fixtures for test hosts; pytest wants such plugins named at the top."""

from __future__ import annotations

pytest_plugins = ["tests.hosts.pytest_plugin"]
