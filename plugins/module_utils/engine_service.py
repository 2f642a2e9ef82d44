# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host's container engine answers, and the three ways of starting one that does not.

Under systemd through its unit, else through the init script, else as a process of its own. Knows
neither Ansible nor how the engine was installed. It does not use the runtime's engine client: this
is sent to hosts that have no engine yet, and needs one request.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from typing import Any, Dict, List, NamedTuple, Optional

SYSTEMD = "systemd"
SYSV = "sysv"
DIRECT = "direct"

_INIT_SCRIPT = "/etc/init.d/docker"
_UNITS = "/run/systemd/system"
_DEFAULTS = "/etc/default/docker"
# What the init script writes and stops by; a process of our own leaves the same, so that it can be stopped alike.
_PID_FILE = "/var/run/docker-ssd.pid"
_SEARCHED = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# How long an init script's daemon may take to show that it lives, in seconds.
_SCRIPT_PATIENCE = 15.0
_LOG_LINES = 15


class ServiceError(Exception):
    """The engine could not be started or does not answer; the text ends with its last log lines."""


class Engine(NamedTuple):
    """An engine that answered."""

    version: str
    api_version: str


class Service:
    """The engine of this host: where it listens, and how it is brought up."""

    def __init__(self, socket_path: str, log_path: str, timeout: float) -> None:
        """``timeout`` is how long, in seconds, an engine that was started may take to answer."""
        self.socket_path = socket_path
        self.log_path = log_path
        self.timeout = timeout

    def installed(self) -> bool:
        """Tell whether there is a dockerd to start."""
        return _find("dockerd") is not None

    def answer(self) -> Optional[Engine]:
        """Return the engine behind the socket, or None. Never starts one: see ``_promised``."""
        return None if self._promised() else ask(self.socket_path)

    def way(self) -> str:
        """Tell how this host starts services."""
        if os.path.isdir(_UNITS):
            return SYSTEMD
        return SYSV if os.access(_INIT_SCRIPT, os.X_OK) else DIRECT

    def start(self) -> str:
        """Start the engine and wait until it answers; return the way that worked.

        Raises ServiceError.
        """
        if not self.installed():
            raise ServiceError("there is no dockerd on this host: install an engine first")
        way = self.way()
        if way == SYSTEMD:
            self._start_unit()
            return way
        if way == SYSV and self._start_by_script():
            return way
        self._start_directly()
        return DIRECT

    def _promised(self) -> bool:
        """Tell whether only systemd listens on the socket: connecting would start the engine."""
        if self.way() != SYSTEMD or not os.path.exists(self.socket_path):
            return False
        return _unit_state("docker.socket") == "active" and _unit_state("docker.service") != "active"

    def _start_unit(self) -> None:
        # Enabled as well: an engine that is not back after a reboot is not installed.
        done = _run(["systemctl", "enable", "--now", "docker.service"])
        if done.returncode:
            raise ServiceError(_joined(f"systemctl: {done.stdout.strip()}", _journal()))
        if not self._wait(self.timeout):
            raise ServiceError(_joined(self._silence(), _journal()))

    def _start_by_script(self) -> bool:
        """Run the init script. False where its daemon did not come up: it may ask for limits nobody can give."""
        if _run([_INIT_SCRIPT, "start"]).returncode:
            return False
        # A script says nothing of a daemon that died a moment later. One that lives may take its time.
        if self._wait(min(_SCRIPT_PATIENCE, self.timeout)):
            return True
        return _alive(_PID_FILE) and self._wait(self.timeout - _SCRIPT_PATIENCE)

    def _start_directly(self) -> None:
        dockerd = f'[ ! -f {_DEFAULTS} ] || . {_DEFAULTS}; exec "$0" ${{DOCKER_OPTS-}}'
        with open(self.log_path, "ab") as log:
            process = subprocess.Popen(  # noqa: S603 - the shell reads the options  # pylint: disable=ansible-bad-function
                ["/bin/sh", "-c", dockerd, str(_find("dockerd"))],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                start_new_session=True,
                preexec_fn=_raise_file_limit,  # noqa: PLW1509 - one thread, and nothing but one system call
            )
        with open(_PID_FILE, "w", encoding="ascii") as file:
            file.write(f"{process.pid}\n")
        answers = self._wait(self.timeout, process)
        status = process.poll()
        process.returncode = 0  # from here on it is nobody's child, and leaving it is not an oversight
        if answers:
            return
        said = self._silence() if status is None else f"dockerd ended with status {status}"
        raise ServiceError(_joined(said, _tail(self.log_path)))

    def _wait(self, seconds: float, process: Optional[subprocess.Popen[bytes]] = None) -> bool:
        """Wait until the engine answers; give up when the time is over or the process has ended."""
        end = time.monotonic() + seconds
        while ask(self.socket_path) is None:
            if time.monotonic() > end or (process is not None and process.poll() is not None):
                return False
            time.sleep(0.2)
        return True

    def _silence(self) -> str:
        return f"the engine was started and did not answer on {self.socket_path} within {self.timeout:g} s"


def ask(socket_path: str, timeout: float = 5.0) -> Optional[Engine]:
    """Ask whatever listens on the socket for its version; None where nothing fitting answers in time."""
    received = b""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(socket_path)
            connection.sendall(b"GET /version HTTP/1.0\r\nHost: engine\r\n\r\n")
            while chunk := connection.recv(65536):
                received += chunk
    except OSError:
        return None
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator or b" 200 " not in head.partition(b"\r\n")[0]:
        return None
    try:
        document: Dict[str, Any] = json.loads(body)
        return Engine(document["Version"], document["ApiVersion"])
    except (ValueError, KeyError, TypeError):
        return None


def _find(program: str) -> Optional[str]:
    return shutil.which(program, path=_SEARCHED)


def _environment() -> Dict[str, str]:
    """Return a service's environment: no more of the caller's than the way out through a proxy."""
    kept = {
        name: value for name, value in os.environ.items() if name.lower() in ("http_proxy", "https_proxy", "no_proxy")
    }
    return {"PATH": _SEARCHED, "LANG": "C.UTF-8", **kept}


def _run(command: List[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - fixed commands  # pylint: disable=ansible-bad-function
        [_find(command[0]) or command[0], *command[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment(),
        check=False,
    )


def _unit_state(unit: str) -> str:
    return _run(["systemctl", "is-active", unit]).stdout.strip()


def _journal() -> List[str]:
    command = ["journalctl", "--unit=docker.service", "--no-pager", "--output=cat", f"--lines={_LOG_LINES}"]
    return _run(command).stdout.splitlines()


def _tail(path: str) -> List[str]:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()[-65536:].splitlines()[-_LOG_LINES:]


def _joined(message: str, lines: List[str]) -> str:
    return "\n".join([message, *lines])


def _alive(pid_file: str) -> bool:
    try:
        with open(pid_file, encoding="ascii") as file:
            os.kill(int(file.read()), 0)
    except (OSError, ValueError):
        return False
    return True


def _raise_file_limit() -> None:
    """Lift the soft limit of open files to the hard one: every container costs the engine several."""
    import resource  # noqa: PLC0415 - only where a daemon is started

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
