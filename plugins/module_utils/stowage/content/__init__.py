# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that become images: build contexts and image archives, and what identifies them.

Reads the file system it runs on, which is the controller's or, for ``remote_src``, the host's. Knows
neither the engine nor the document that named the files.
"""

from __future__ import annotations

from ..errors import StowageError


class ContentError(StowageError):
    """A context or an archive cannot be used as it is; the text names the file."""
