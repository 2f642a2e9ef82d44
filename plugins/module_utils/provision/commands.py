# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the host's own programs with an environment that is the same for everybody. Decides nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import IO, Any, Callable, Dict, List, Mapping, NamedTuple, Optional

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

    def _found(self, program: str) -> str:
        path = self.find(program)
        if path is None:
            raise ProvisionError(f"there is no program {program} on this host")
        return path

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
        path = self._found(argv[0])
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

    def start(self, *argv: str, output: str, more: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a program and go on; what it says is written to ``output``, ``more`` is its environment besides.

        Raises ProvisionError where there is no such program.
        """
        command = [self._found(argv[0]), *argv[1:]]
        with open(output, "wb") as file:
            return _begin(command, file, env=service_environment({"PATH": self.searched, **more}))

    def leave(self, *argv: str, log: str, before: Optional[Callable[[], None]] = None) -> subprocess.Popen[bytes]:
        """Start a program that outlives this one, in a session of its own; what it says is appended to ``log``.

        ``before`` is called in the new process. Raises ProvisionError where there is no such program. Whoever is done
        with the answer calls ``let_go``.
        """
        command = [self._found(argv[0]), *argv[1:]]
        with open(log, "ab") as file:
            # preexec_fn: one thread, and nothing but one system call
            return _begin(command, file, cwd="/", env=service_environment(), start_new_session=True, preexec_fn=before)

    def succeed(self, *argv: str, text: Optional[str] = None, timeout: Optional[float] = None) -> str:
        """Run a program that has to succeed, and return its standard output.

        Raises ProvisionError with the last lines of what it wrote.
        """
        done = self.run(*argv, text=text, timeout=timeout)
        if done.code:
            raise ProvisionError(f"{' '.join(argv[:3])} ended with {done.code}: {last_lines(done.output)}")
        return done.said


def _begin(command: List[str], output: IO[bytes], **how: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - a list, no shell  # pylint: disable=ansible-bad-function
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **how
    )


def let_go(process: subprocess.Popen[bytes]) -> None:
    """From here on a process that stays is nobody's child, and leaving it is no oversight."""
    process.returncode = 0


def service_environment(more: Optional[Mapping[str, str]] = None) -> Dict[str, str]:
    """Return a clean environment: no more of the caller's than the way out through a proxy."""
    kept = {name: value for name, value in os.environ.items() if name.lower() in _PROXIES}
    return {"PATH": SEARCHED, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **kept, **(more or {})}


def last_lines(text: str, count: int = 15) -> str:
    """Return the last lines of a text that are not empty."""
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])
