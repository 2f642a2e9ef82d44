# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""apt's source files: which of their entries name a repository, and how they are switched off.

Pure: text in, text out.
"""

from __future__ import annotations

import re
from typing import List, Optional

from ..errors import ProvisionError

NOTE = "# Switched off by the role engine; stowage-docker.sources stands for it:"
_ENTRY = re.compile(r"^\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s+)?(\S+)")
_FIELD = re.compile(r"^([A-Za-z-]+)\s*:\s*(.*)$")


def again(text: str) -> str:
    """Return a source file's text with all entries switched on that `without` has switched off."""
    return re.sub(rf"^{re.escape(NOTE)}\n(?:# |Enabled: no\n)", "", text, flags=re.MULTILINE)


def without(path: str, text: str, address: str) -> str:
    """Return a source file's text with all entries of a repository switched off; the same text where it has none."""
    if path.endswith(".sources"):
        return _without_stanzas(path, text, address)
    return "".join(_without_line(line, address) for line in text.splitlines(keepends=True))


def _without_line(line: str, address: str) -> str:
    found = _ENTRY.match(line)
    return f"{NOTE}\n# {line}" if found and _same(found.group(1), address) else line


def _without_stanzas(path: str, text: str, address: str) -> str:
    stanzas = re.split(r"(\n[ \t]*\n+)", text)
    return "".join(part if place % 2 else _switched_off(path, part, address) for place, part in enumerate(stanzas))


def _switched_off(path: str, stanza: str, address: str) -> str:
    addresses = _values(stanza, "uris")
    named = [other for other in addresses if _same(other, address)]
    if not named or _values(stanza, "enabled") in (["no"], ["false"], ["0"]):
        return stanza
    if len(named) < len(addresses):
        raise ProvisionError(
            f"{path} names {address} together with other repositories in one stanza: give it a stanza of its own, or"
            " take it out; the role's own source stands for it"
        )
    lines = [line for line in stanza.splitlines(keepends=True) if not re.match(r"(?i)enabled\s*:", line)]
    place = next(place for place, line in enumerate(lines) if line.strip() and not line.startswith("#"))
    return "".join([*lines[:place], f"{NOTE}\nEnabled: no\n", *lines[place:]])


def _values(stanza: str, wanted: str) -> List[str]:
    """Return the words of a field; lines that begin with a blank carry it on."""
    words: List[str] = []
    current: Optional[str] = None
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in (" ", "\t"):
            words += line.split() if current == wanted else []
        elif match := _FIELD.match(line):
            current = match.group(1).lower()
            words += match.group(2).split() if current == wanted else []
    return words


def _same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(address: str) -> str:
    """Return an address as apt's own clash knows it, and with http and https told to be one place."""
    return re.sub(r"^[a-z+]+://", "", address).rstrip("/").lower()
