# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads compose files on the controller, and makes of them what ``docker compose config`` prints."""

from __future__ import annotations

from .problems import LoadError, Problem
from .project import Options, Project, load_project

__all__ = ["LoadError", "Options", "Problem", "Project", "load_project"]
