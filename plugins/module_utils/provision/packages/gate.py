# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A transaction of apt that is worked out and fetched, and waits for a word before its first change.

A plan by ``apt-get -s`` has apt reckon twice more than the transaction alone. Here the transaction itself says what it
will do, by apt's interface for tools that look before dpkg begins (apt.conf(5), DPkg::Pre-Install-Pkgs, version 3), and
stops there until it is told. Knows how to wait and to be told; decides nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from typing import Mapping, Optional, Sequence

from ..commands import Commands, Done
from ..files import Files
from .scratch import new_folder

_PREFIX = "stowage-gate-"
_EVERY = 0.02
# apt looks a tool's options up by its first word: one that nobody else's tool begins with.
_SHELL = "/bin/./sh"
# Whoever is to give the word may be killed, or give up, which removes the folder: then nothing is changed.
_SCRIPT = """\
cat > {folder}/reading && mv {folder}/reading {folder}/changes || exit 1
while [ ! -e {folder}/go ]; do
    kill -0 {pid} 2> /dev/null && [ -e {folder}/gate ] || exit 1
    sleep {every}
done
"""


class Gate:
    """One transaction: begun, told what it would do, and let go on or given up."""

    def __init__(self, files: Files) -> None:
        self._folder = new_folder(files, _PREFIX)
        self._process: Optional[subprocess.Popen[bytes]] = None

    def begin(self, commands: Commands, argv: Sequence[str], environment: Mapping[str, str]) -> str:
        """Start ``apt-get`` with these words, and return what it tells of its changes; "" where it ended instead."""
        with open(self._path("gate"), "w", encoding="utf-8") as file:
            file.write(_SCRIPT.format(folder=self._folder, pid=os.getpid(), every=_EVERY))
        hook = f"{_SHELL} {self._path('gate')}"
        options = ("-o", f"DPkg::Pre-Install-Pkgs::={hook}", "-o", f"DPkg::Tools::Options::{_SHELL}::Version=3")
        self._process = commands.start(*argv[:1], *options, *argv[1:], output=self._path("output"), more=environment)
        while self._process.poll() is None:
            with contextlib.suppress(FileNotFoundError), open(self._path("changes"), encoding="utf-8") as told:
                return told.read()
            time.sleep(_EVERY)
        return ""

    def go(self) -> Done:
        """Let it go on, and return how it ended."""
        with open(self._path("go"), "w", encoding="utf-8"):
            return self.end()

    def end(self) -> Done:
        """Wait for its end, and return what came of it."""
        code = self._process.wait() if self._process else 0
        with open(self._path("output"), encoding="utf-8", errors="replace") as file:
            text = file.read()
        self.give_up()
        return Done(code, text, text)

    def give_up(self) -> None:
        """Have it change nothing, where it was not let go on, and leave no trace of it."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.terminate()  # it may be fetching
        shutil.rmtree(self._folder, ignore_errors=True)
        if process is not None:
            process.wait()

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"
