# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the machine's apt reaches its mirror, read at run time and carried to the test hosts.

Knows apt's configuration and the local certificate authorities. No mirror is named here: the test
hosts use the one that the machine uses, with the same proxies, timeouts and certificates.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Settings that decide whether the mirror can be reached; the rest of the machine's taste stays at home.
_CARRIED = (
    "Acquire::http::",
    "Acquire::https::",
    "Acquire::Retries",
    "Acquire::Check-",
    "Acquire::ForceIPv4",
)
_CERTIFICATES = Path("/usr/local/share/ca-certificates")
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class MirrorError(Exception):
    """The machine's apt names no Debian mirror; the text says what to set."""


@dataclass(frozen=True)
class Mirror:
    """The Debian archive (and its security twin, where there is one) as this machine reaches it."""

    archive: str
    security: str
    settings: tuple[str, ...]
    certificates: tuple[tuple[str, str], ...]

    def sources(self, suite: str) -> str:
        """Return the deb822 sources of a host of that suite."""
        if suite == "sid":
            # A mirror's sid can be older than its own validity says, and a snapshot newer than the clock.
            return _stanza(self.archive, "sid") + "Check-Valid-Until: no\nCheck-Date: no\n"
        text = _stanza(self.archive, f"{suite} {suite}-updates")
        if self.security:
            text += "\n" + _stanza(self.security, f"{suite}-security")
        return text

    def apt_conf(self) -> str:
        """Return the carried settings as an apt configuration file."""
        return "".join(f"{line}\n" for line in self.settings)

    def environment(self) -> dict[str, str]:
        """Return what debootstrap's downloader needs of it (it does not read apt's configuration)."""
        proxies = {}
        for line in self.settings:
            key, _, value = line.rstrip(";").partition(" ")
            if key in ("Acquire::http::Proxy", "Acquire::https::Proxy") and value.strip('"') != "DIRECT":
                proxies[key.split("::")[1] + "_proxy"] = value.strip('"')
        return proxies


@cache
def read_mirror() -> Mirror:
    """Read the machine's mirror.

    Raises MirrorError where apt knows no Debian archive (another distribution): STOWAGE_TEST_MIRROR
    names one then.
    """
    archive, security = _archives()
    archive = os.environ.get("STOWAGE_TEST_MIRROR", archive)
    if not archive:
        raise MirrorError("apt on this machine has no Debian archive: set STOWAGE_TEST_MIRROR to a mirror's address")
    certificates = tuple((path.name, path.read_text()) for path in sorted(_CERTIFICATES.glob("*.crt")))
    return Mirror(archive.rstrip("/"), security.rstrip("/"), _settings(), certificates)


def _archives() -> tuple[str, str]:
    """Tell the archives apart by their suites: labels are only known once lists were fetched."""
    codename = _os_release().get("VERSION_CODENAME", "")
    listed = _output("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)")
    archive = security = ""
    for line in listed.splitlines():
        uri, release, component = line.split()
        if component != "main":
            continue
        if release == f"{codename}-security" and not security:
            security = uri
        if release in (codename, "stable", "testing", "unstable", "sid") and not archive:
            archive = uri
    return (archive, security) if _os_release().get("ID") == "debian" else ("", "")


def _settings() -> tuple[str, ...]:
    dump = _output("apt-config", "dump", "--no-empty").splitlines()
    lines = [line for line in dump if line.startswith(_CARRIED)]
    for scheme in ("http", "https"):  # apt obeys these as well, but the hosts have another environment
        proxy = os.environ.get(f"{scheme}_proxy")
        if proxy and not any(line.startswith(f"Acquire::{scheme}::Proxy ") for line in lines):
            lines.append(f'Acquire::{scheme}::Proxy "{proxy}";')
    return tuple(lines)


def _stanza(uri: str, suites: str) -> str:
    return f"Types: deb\nURIs: {uri}\nSuites: {suites}\nComponents: main\nSigned-By: {_KEYRING}\n"


def _os_release() -> dict[str, str]:
    pairs = (line.partition("=") for line in Path("/etc/os-release").read_text().splitlines())
    return {key: value.strip('"') for key, _, value in pairs}


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
