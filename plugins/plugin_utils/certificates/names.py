# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's certificate says the server is reached by. Pure.

The controller alone decides: a host that could name itself could be given a certificate for its neighbour.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from ...module_utils.provision.errors import ProvisionError

# Tunnels end there.
ALWAYS = ("localhost", "127.0.0.1", "::1")
_LABELS = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")
_CLIENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")


def server_names(known: Iterable[str], more: Iterable[str]) -> list[str]:
    """Return the names of a server: those Ansible knows it by where they can be names, and those that were asked for.

    Raises ProvisionError where one that was asked for cannot be a name.
    """
    found = {*ALWAYS, *(name for name in map(_normal, known) if name)}
    for name in more:
        normal = _normal(name)
        if not normal:
            raise ProvisionError(f"{name!r} is neither a host name nor an address (engine_tls_names)")
        found.add(normal)
    return sorted(found)


def check_client(name: str) -> None:
    """Raise ProvisionError where a client's name cannot be the name of a folder."""
    if not _CLIENT.fullmatch(name):
        raise ProvisionError(
            f"{name!r} cannot be the name of a client: letters, digits and . _ @ - are allowed, 64 at most"
        )


def _normal(name: str) -> str:
    """Return a name in the form that certificates have, or "" where it cannot be one."""
    try:
        # An address of one link means nothing to whoever is on another.
        return "" if "%" in name else str(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        pass
    try:
        ascii_name = name.lower() if name.isascii() else name.encode("idna").decode().lower()
    except UnicodeError:
        return ""
    fits = _LABELS.fullmatch(ascii_name) and len(ascii_name) <= 253
    return ascii_name.rstrip(".") if fits else ""
