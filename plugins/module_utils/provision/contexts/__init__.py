# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users of a host get for their docker command: contexts, proxies, and the way to the engine's socket.

The files are the users' own, in folders that they can change at any time. So all that is done there is done with the
user's rights, not root's: a link that leads out of the home leads no farther than its user gets.
"""
