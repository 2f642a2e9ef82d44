# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The moment before which a CA is too old. Pure."""

from __future__ import annotations

from datetime import datetime, timezone

from ...module_utils.provision.errors import ProvisionError


def parse_moment(text: str, now: datetime) -> datetime | None:
    """Return a date or a time, UTC where it names no zone; None for "". Raises ProvisionError."""
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ProvisionError(
            f"engine_tls_rotate is {text!r}, and has to be a date or a time, as {now:%Y-%m-%d}: "
            "a CA that was made before it is rotated"
        ) from None
    found = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
    if found > now:
        raise ProvisionError(f"engine_tls_rotate is {text}, which lies ahead: every new CA would be too old at once")
    return found
