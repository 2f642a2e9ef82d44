# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's packages: where they come from, in which version, and how they come and go together.

`catalogue` names packages, `versions` compares them, `choosing` decides; `apt` and `dnf` are the drivers;
`repository`, `keys` and `listing` know the source files; `presence` and `absence` are the two use cases.
"""
