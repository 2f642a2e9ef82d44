# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's own half of its server certificate: the key, which never leaves it, a request for it, and the files.

Which CAs are trusted, what a certificate says and when one is made anew, is the controller's business. Python's
standard library makes no keys, so openssl does; what is secret goes through its pipes, never into a command line.
"""

from __future__ import annotations

import os
import time
from typing import Any, Dict, List, Optional, Sequence

from .commands import Commands
from .files import Files
from .memory import Memory

FOLDER = "/etc/docker/tls"
PART = "certificates"
# Name of each file, and its mode: the benchmark wants no more than that, and root needs none.
_MODES = {"ca": 0o444, "cert": 0o444, "key": 0o400}
_FOLDER_MODE = 0o700
_ENGINE_PID = "/var/run/docker.pid"
_SECONDS = 60.0

Document = Dict[str, Any]


class Certificates:
    """The files of one host's engine."""

    def __init__(self, files: Files, commands: Commands, folder: str = FOLDER) -> None:
        self._files = files
        self._commands = commands
        self._folder = folder
        self._memory = Memory(files, PART)

    def path(self, name: str) -> str:
        """Return where a file is: ca, cert or key."""
        return f"{self._folder}/{name}.pem"

    def look(self) -> Document:
        """Return all that the controller needs to decide; nothing of it is secret."""
        there = [name for name in _MODES if self._files.standing(self.path(name))]
        paths, remembered = [self.path(name) for name in there], self.remembered()
        return {
            "openssl": self._commands.find("openssl") is not None,
            "clock": time.time(),
            "files": {
                "ca": {"text": self._files.read(self.path("ca"))},
                "cert": {"text": self._files.read(self.path("cert"))},
                "key": {"there": "key" in there, "public": self._public_key()},
            },
            "loose": self._loose(there),
            "there": paths,
            "ours": are_ours(paths, remembered),
            "remembered": remembered,
            "running": self._started() is not None,
            "in_force": self.in_force(),
        }

    def request(self, name: str, new_key: bool) -> str:
        """Return a signing request for the host's key, which is made first where that is asked for.

        Raises ProvisionError.
        """
        if new_key:
            self._files.folder(self._folder, _FOLDER_MODE)
            made = self._commands.succeed(
                "openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", timeout=_SECONDS
            )
            # First, as somebody else's files are refused: the next run goes on where this one is killed.
            self._remember()
            self._keep("key", made)
        # A configuration of our own: the host's may ask for more than a name. The name itself decides nothing.
        settings = f"[req]\nprompt = no\ndistinguished_name = name\n[name]\nCN = {_plain(name)}\n"
        return self._commands.succeed(
            "openssl", "req", "-new", "-key", self._files.path(self.path("key")), "-passin", "pass:",
            "-config", "/dev/stdin", text=settings, timeout=_SECONDS,
        )  # fmt: skip

    def install(self, authorities: str, certificate: str) -> None:
        """Put in place what the controller sent; "" leaves a file as it is. Owners and modes are set in any case.

        The CAs come first: an engine that starts in between trusts more, not less.
        """
        self._files.folder(self._folder, _FOLDER_MODE)
        if authorities:
            self._keep("ca", authorities)
        if certificate:
            self._keep("cert", certificate)
        for path in self._loose([name for name in _MODES if self._files.standing(self.path(name))]):
            self._files.change(path, _FOLDER_MODE if path == self._folder else self._mode(path), "root", "root")
        self._remember()
        self._tidy()

    def remove(self) -> List[str]:
        """Remove what is ours, and forget it; return what it was."""
        ours = self.remembered()
        for path in ours:
            self._files.remove(path)
        self._tidy()
        if not self._files.list(self._folder):
            self._files.remove_folder(self._folder)
        self._memory.keep({})
        return ours

    def remembered(self) -> List[str]:
        """Return the files that are ours."""
        found = self._memory.recall().get("files")
        return [str(path) for path in found] if isinstance(found, list) else []

    def in_force(self) -> bool:
        """Tell whether an engine runs with these files, or would if it were started.

        It reads them when it starts and not again, whatever the signal (seen on 20.10 and 26.1); its pid file tells
        when that was.
        """
        started = self._started()
        times = [self._files.changed(self.path(name)) for name in _MODES]
        return started is None or all(time is None or time <= started for time in times)

    def _started(self) -> Optional[float]:
        """Return when the engine was started, None where it does not run."""
        pid = (self._files.read(_ENGINE_PID) or "").strip()
        return self._files.changed(_ENGINE_PID) if pid.isdigit() and os.path.exists(f"/proc/{pid}") else None

    def _public_key(self) -> str:
        if not self._files.standing(self.path("key")):
            return ""
        if self._commands.find("openssl") is None:
            return ""
        path = self._files.path(self.path("key"))
        done = self._commands.run("openssl", "pkey", "-in", path, "-passin", "pass:", "-pubout", timeout=_SECONDS)
        return done.said if not done.code else ""

    def _loose(self, there: List[str]) -> Dict[str, str]:
        """Return whose owner or mode is another one, with what it is."""
        wanted = {self.path(name): _MODES[name] for name in there}
        if there:
            wanted[self._folder] = _FOLDER_MODE
        found = {}
        for path, mode in wanted.items():
            standing = self._files.standing(path)
            if standing is None or standing.kind == "link":
                continue
            if standing.mode != mode:
                found[path] = f"mode {standing.mode:04o}, not {mode:04o}"
            elif standing.owner != "root":
                found[path] = f"owner {standing.owner}, not root"
        return found

    def _keep(self, name: str, text: str) -> None:
        self._files.write(self.path(name), text, _MODES[name])

    def _mode(self, path: str) -> int:
        return next(mode for name, mode in _MODES.items() if self.path(name) == path)

    def _remember(self) -> None:
        self._memory.keep({"files": sorted(self.path(name) for name in _MODES)})

    def _tidy(self) -> None:
        """Remove what a killed run left half written: it may be a key."""
        for name in self._files.list(self._folder):
            if name.startswith(".stowage-"):
                self._files.remove(f"{self._folder}/{name}")


def are_ours(there: Sequence[str], remembered: Sequence[str]) -> bool:
    """Tell whether nothing of somebody else's is there, by the paths of what is and of what we put there."""
    return not there or any(path in remembered for path in there)


def _plain(name: str) -> str:
    """Return a name that openssl's settings take as it is."""
    return "".join(letter if letter.isalnum() or letter in ".-_" else "-" for letter in name)[:64] or "engine"
