# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vocabulary of containers: compose service documents and what the Engine API makes of them.

Knows compose's keys, short syntaxes and canonical form, the create body, and how an inspect answer
compares with a declaration. Does no I/O, and decides nothing about what to do with a difference.
"""
