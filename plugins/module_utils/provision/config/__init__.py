# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's configuration: ``daemon.json`` as a merge with what others wrote, and what belongs to it.

``keys`` is the table that everything here goes by. ``declared`` makes keys of the options, ``merge`` lays them over
what is there, ``plan`` decides (pure), ``act`` writes, has the engine take it up, and puts back what does not work.
Nothing is imported here, so that a module pays for what it uses.
"""
