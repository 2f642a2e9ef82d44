# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Engines without root: one for each named user, kept by the user's own systemd.

``ground`` sees what the host allows, ``people`` what each user has, ``decide`` plans (pure), ``act`` carries out.
All that lies in a user's home is read and written as that user: a home may hold links to anywhere.
"""
