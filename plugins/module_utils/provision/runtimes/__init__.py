# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether containers really run under a runtime, and whether what sets it apart is there.

``probe`` makes a small image of the host's own files, ``kinds`` knows what to expect of which runtime and what its
refusals mean, ``proof`` decides what has to be proven and proves it. Installing and registering are others' parts.
"""
