# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the host's own programs with an environment that is the same for everybody. Decides nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Dict, Mapping, NamedTuple, Optional

from .errors import ProvisionError

SEARCHED = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")


class Done(NamedTuple):
    """A program that has ended."""

    code: int
    output: str  # what it wrote, standard error included
    said: str  # standard output alone


class Commands:
    """Starts programs. Tests put another in its place that answers from a table."""

    def __init__(self, searched: str = SEARCHED) -> None:
        """``searched`` is the PATH that programs are found on, and that they get."""
        self.searched = searched

    def find(self, program: str) -> Optional[str]:
        """Return the path of a program, or None where the host has none of that name."""
        return shutil.which(program, path=self.searched)

    def run(
        self,
        *argv: str,
        text: Optional[str] = None,
        timeout: Optional[float] = None,
        environment: Optional[Mapping[str, str]] = None,
    ) -> Done:
        """Run a program to its end; ``text`` is its standard input, ``timeout`` in seconds.

        Raises ProvisionError where there is no such program, or it takes longer.
        """
        path = self.find(argv[0])
        if path is None:
            raise ProvisionError(f"there is no program {argv[0]} on this host")
        try:
            done = subprocess.run(  # noqa: S603 - a list, no shell  # pylint: disable=ansible-bad-function
                [path, *argv[1:]],
                input=text,
                stdin=subprocess.DEVNULL if text is None else None,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                env=service_environment({"PATH": self.searched, **(environment or {})}),
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ProvisionError(f"{argv[0]} did not end within {timeout:g} s") from None
        return Done(done.returncode, done.stdout + done.stderr, done.stdout)

    def succeed(self, *argv: str, text: Optional[str] = None, timeout: Optional[float] = None) -> str:
        """Run a program that has to succeed, and return its standard output.

        Raises ProvisionError with the last lines of what it wrote.
        """
        done = self.run(*argv, text=text, timeout=timeout)
        if done.code:
            raise ProvisionError(f"{' '.join(argv[:3])} ended with {done.code}: {last_lines(done.output)}")
        return done.said


def service_environment(more: Optional[Mapping[str, str]] = None) -> Dict[str, str]:
    """Return a clean environment: no more of the caller's than the way out through a proxy."""
    kept = {name: value for name, value in os.environ.items() if name.lower() in _PROXIES}
    return {"PATH": SEARCHED, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **kept, **(more or {})}


def last_lines(text: str, count: int = 15) -> str:
    """Return the last lines of a text that are not empty."""
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])
