# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What apt and dpkg print, as values. Pure: text in, values out."""

from __future__ import annotations

import re
from typing import Dict, List, Set

from ..versions import newest_first
from .model import Change, Offer, Package

PACKAGES_FORMAT = "${Package}\\t${Version}\\t${db:Status-Want}\\t${db:Status-Status}\\n"
# Waiting for triggers is a matter of moments, and nothing is missing meanwhile.
_WHOLE = ("installed", "triggers-pending", "triggers-awaited")
_GONE = ("not-installed", "config-files")
_INSTALL = re.compile(r"^Inst (\S+)(?: \[([^\]]+)\])? \((\S+)")
_REMOVE = re.compile(r"^(?:Remv|Purg) (\S+)(?: \[([^\]]+)\])?")
_POLICY_VERSION = re.compile(r"^(?: \*\*\*|    ) (\S+) -?\d+")
_POLICY_PLACE = re.compile(r"^ {8,}-?\d+ (\S+)(?: (\S+))?")
_STATUS_FILE = "/dpkg/status"
# What apt says first says why; what follows tells that it therefore ends.
_ECHOES = ("E: Sub-process ", "E: Unable to correct problems", "E: Some index files failed", "E: Error, pkgProblem")
_UNMET = re.compile(
    r"^ +\S+ : |^ {2,}(?:Pre)?(?:Depends|Conflicts|Breaks): |^(?:dpkg: error|dpkg-deb: error)|cannot copy"
)


def parse_packages(text: str) -> Dict[str, Package]:
    """Read dpkg-query's answer to PACKAGES_FORMAT: what is there, be it in parts."""
    found: Dict[str, Package] = {}
    for line in text.splitlines():
        name, version, want, status = line.split("\t")
        if status not in _GONE:
            # The host's own architecture comes first, and none of ours is there twice.
            found.setdefault(name, Package(version, want == "hold", status in _WHOLE))
    return found


def parse_residues(text: str) -> List[str]:
    """Read from the same answer which packages are gone but for their configuration files."""
    return [line.split("\t")[0] for line in text.splitlines() if line.endswith("\tconfig-files")]


def parse_automatic(text: str) -> Set[str]:
    """Read apt's extended_states: which packages are there only because others need them."""
    found: Set[str] = set()
    for stanza in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line)
        if fields.get("Auto-Installed") == "1":
            found.add(fields.get("Package", ""))
    return found


def parse_policy(text: str) -> Dict[str, Offer]:
    """Read apt-cache policy: what can be had, by package. What is only installed is no offer."""
    found: Dict[str, Offer] = {}
    name = candidate = version = ""
    versions: List[str] = []
    releases: Dict[str, str] = {}

    def close() -> None:
        if name and versions:
            ordered = newest_first(versions)
            found[name] = Offer("" if candidate == "(none)" else candidate, tuple(ordered), dict(releases))

    for line in text.splitlines():
        if line and not line.startswith(" "):
            close()
            name, candidate, version, versions, releases = line.rstrip(":"), "", "", [], {}
        elif line.startswith("  Candidate: "):
            candidate = line.split(": ", 1)[1].strip()
        elif match := _POLICY_VERSION.match(line):
            version = match.group(1)
        elif version and (match := _POLICY_PLACE.match(line)) and not match.group(1).endswith(_STATUS_FILE):
            if version not in versions:
                versions.append(version)
            place = match.group(2) or ""
            if not place.endswith("/"):  # as that of a repository without releases does
                releases.setdefault(version, place.partition("/")[0])
    close()
    return found


def parse_simulation(text: str) -> List[Change]:
    """Read what ``apt-get -s`` would do, a package a change, in apt's order."""
    changes: Dict[str, Change] = {}
    for line in text.splitlines():
        if match := _INSTALL.match(line):
            name, before, after = match.groups()
            changes[name] = Change(name, before, after)
        elif match := _REMOVE.match(line):
            name, before = match.groups()
            changes[name] = Change(name, before, None)
    return list(changes.values())


def parse_announcement(text: str) -> List[Change]:
    """Read what apt tells tools that look before dpkg begins, a package a change, in apt's order.

    Version 3 of apt.conf(5), DPkg::Pre-Install-Pkgs: after options and an empty line, a line for each thing that dpkg
    does, of nine words: name, version, architecture and multi-arch as it is, how they compare, the same as it will be,
    and a file or what is done.
    """
    head, _gap, body = text.partition("\n\n")
    native = next((line.partition("=")[2] for line in head.splitlines() if line.startswith("APT::Architecture=")), "")
    changes: List[Change] = []
    for words in (line.split(" ", 8) for line in body.splitlines()):
        name, before, after, does = words[0], words[1], words[5], words[8]
        foreign = {words[2], words[6]} - {native, "all", "-"}
        full = f"{name}:{foreign.pop()}" if foreign else name
        if does == "**CONFIGURE**":  # follows its installation
            continue
        changes.append(Change(full, None if before == "-" else before, None if after == "-" else after))
    return changes


def parse_sizes(text: str) -> Dict[str, Dict[str, int]]:
    """Read apt-cache show: by package what is downloaded, and what it takes installed, in bytes."""
    sizes: Dict[str, Dict[str, int]] = {}
    fields: Dict[str, str] = {}
    for line in [*text.splitlines(), ""]:
        if line.startswith(("Package: ", "Size: ", "Installed-Size: ")):
            key, _colon, value = line.partition(": ")
            fields[key] = value
        elif not line and fields:
            installed = int(fields.get("Installed-Size", 0)) * 1024
            sizes[fields.get("Package", "")] = {"archive": int(fields.get("Size", 0)), "installed": installed}
            fields = {}
    return sizes


def complaints(text: str, count: int = 8) -> str:
    """Return the lines of apt's output that say why it failed."""
    lines = [line.rstrip() for line in text.splitlines()]
    telling = [
        line for line in lines if (line.startswith("E: ") or _UNMET.search(line)) and not line.startswith(_ECHOES)
    ]
    telling = telling or [line for line in lines if line.startswith(("W: ", "Err:", "E: "))] or lines
    kept = list(dict.fromkeys(line.strip() for line in telling if line.strip()))
    return "\n".join(kept[-count:])
