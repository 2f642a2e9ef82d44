# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host's container engine answers, and how it is started, stopped, restarted and told to read anew.

Under systemd through its units, else through the init script, else as a process of its own. Knows neither how the
engine was installed nor what is configured. It does not use the runtime's engine client: this is sent to hosts that
have no engine yet, and needs one request.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from .commands import Commands, last_lines, service_environment
from .errors import ProvisionError
from .files import Files
from .system import DIRECT, SYSTEMD, SYSV, observe_manager

_INIT_SCRIPT = "/etc/init.d/docker"
_DEFAULTS = "/etc/default/docker"
# What the init script writes and stops by; a process of our own leaves the same, so that it can be stopped alike.
_SCRIPT_PID = "/var/run/docker-ssd.pid"
# What dockerd writes itself, however it was started.
_ENGINE_PID = "/var/run/docker.pid"
_UNIT = "docker.service"
_CONTAINERD = "containerd.service"
# How long an init script's daemon may take to become a process, in seconds.
_SCRIPT_PATIENCE = 2.0
_LOG_LINES = 15
# How long an engine may be up, as systemd has it, before one that nobody hears counts as cut off, in seconds.
_LOST_SECONDS = 3.0
_STOP_SECONDS = 60.0


class ServiceError(ProvisionError):
    """The engine could not be started or stopped, or does not answer; the text ends with its last log lines."""


class Engine(NamedTuple):
    """An engine that answered."""

    version: str
    api_version: str


class Service:
    """The engine of this host: where it listens, and how it is brought up and down."""

    def __init__(
        self,
        socket_path: str = "/var/run/docker.sock",
        log_path: str = "/var/log/docker.log",
        timeout: float = 60.0,
        files: Optional[Files] = None,
        commands: Optional[Commands] = None,
    ) -> None:
        """``timeout`` is how long, in seconds, an engine that was started may take to answer."""
        self.socket_path = socket_path
        self.log_path = log_path
        self.timeout = timeout
        self._files = files or Files()
        self._commands = commands or Commands()

    def installed(self) -> bool:
        """Tell whether there is a dockerd to start."""
        return self._commands.find("dockerd") is not None

    def answer(self) -> Optional[Engine]:
        """Return the engine behind the socket, or None. Never starts one: see ``_promised``."""
        return None if self._promised() else ask(self.socket_path)

    def way(self) -> str:
        """Tell how this host starts services."""
        return observe_manager(self._files)

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

    def stop(self) -> None:
        """Stop the engine, and see that it has ended. Containers go with it unless live-restore is on.

        Raises ServiceError.
        """
        if self.way() == SYSTEMD:
            # The socket as well, or the next caller would start it again.
            self._systemctl("stop", "docker.socket", _UNIT)
            return
        pid = self.pid()
        if pid is None:
            return
        if self.way() != SYSV or self._commands.run(self._files.path(_INIT_SCRIPT), "stop").code or _runs(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + _STOP_SECONDS
        while _runs(pid):
            if time.monotonic() > end:
                raise ServiceError(f"the engine (process {pid}) did not end within {_STOP_SECONDS:g} s")
            time.sleep(0.1)
        self._files.remove(_SCRIPT_PID)

    def restart(self) -> None:
        """Stop the engine where it runs, start it, and wait until it answers. Raises ServiceError."""
        if self.way() != SYSTEMD:
            self.stop()
            self.start()
            return
        # What systemd counts as too many failures within a while is no reason not to try a mended one.
        self._commands.run("systemctl", "reset-failed", "docker.socket", _UNIT)
        self._systemctl("daemon-reload")
        units = [_CONTAINERD, _UNIT] if self._containerd_outdated() else [_UNIT]
        self._systemctl("restart", *units, timeout=self.timeout + _STOP_SECONDS)
        self._see_that_it_answers()

    def reload(self) -> None:
        """Have the running engine read its daemon.json anew (SIGHUP); what it cannot change so it ignores.

        Raises ServiceError where it does not run.
        """
        pid = self.pid()
        if pid is None:
            raise ServiceError("the engine does not run, so it cannot read its configuration anew")
        os.kill(pid, signal.SIGHUP)

    def log(self, lines: int = _LOG_LINES) -> str:
        """Return what the engine said last."""
        if self.way() == SYSTEMD:
            command = ("journalctl", f"--unit={_UNIT}", "--no-pager", "--output=cat", f"--lines={lines}")
            return self._commands.run(*command).output.rstrip()
        return last_lines((self._files.read(self.log_path) or "")[-65536:], lines)

    def pid(self) -> Optional[int]:
        """Return the engine's process, or None where none runs."""
        for path in (_ENGINE_PID, _SCRIPT_PID):
            text = (self._files.read(path) or "").strip()
            if text.isdigit() and _runs(int(text)):
                return int(text)
        if self.way() != SYSTEMD:
            return None
        # It may have been told to write its pid elsewhere.
        text = self._commands.run("systemctl", "show", "--property=MainPID", "--value", _UNIT).said.strip()
        return int(text) if text.isdigit() and text != "0" else None

    def installed_version(self) -> str:
        """Return the version of the dockerd that is installed, or "" where there is none."""
        if not self.installed():
            return ""
        # Docker version 26.1.5+dfsg1, build 411e817
        return self._commands.run("dockerd", "--version", timeout=30).said.partition("version ")[2].partition(",")[0]

    def outdated(self, version: str) -> bool:
        """Tell whether the engine that runs, of that version, is not the one that is installed."""
        if self._containerd_outdated():
            return True
        try:
            # Also true of a rebuild of the same version: its file took the other's place.
            return os.readlink(f"/proc/{self.pid()}/exe").endswith(" (deleted)")
        except OSError:
            return self.installed_version() not in ("", version)

    def _containerd_outdated(self) -> bool:
        """Tell whether containerd runs as a service of its own, and is not the one that is installed.

        A former one would run containers by shims that are newer than itself.
        """
        if self.way() != SYSTEMD:
            return False
        pid = self._commands.run("systemctl", "show", "--property=MainPID", "--value", _CONTAINERD).said.strip()
        try:
            return os.readlink(f"/proc/{pid}/exe").endswith(" (deleted)")
        except OSError:
            return False

    def read_units(self) -> None:
        """Have systemd read its units anew; nothing where there is no systemd. Raises ServiceError."""
        if self.way() == SYSTEMD:
            self._systemctl("daemon-reload")

    def _promised(self) -> bool:
        """Tell whether only systemd listens on the socket: connecting would start the engine."""
        if self.way() != SYSTEMD or not os.path.exists(self.socket_path):
            return False
        return self._unit_state("docker.socket") == "active" and self._unit_state(_UNIT) != "active"

    def _runs_unheard(self) -> bool:
        """Tell whether the engine has started, and systemd holds a socket for it, and yet nobody is behind its path."""
        return self._unit_state(_UNIT) == "active" and self._unit_state("docker.socket") == "active"

    def _unit_state(self, unit: str) -> str:
        return self._commands.run("systemctl", "is-active", unit).said.strip()

    def _systemctl(self, *words: str, timeout: Optional[float] = None) -> None:
        try:
            done = self._commands.run("systemctl", *words, timeout=timeout)
        except ProvisionError as error:
            # The units have no limit of their own: an engine that waits for something would be waited for for ever.
            raise ServiceError(f"{error}\n{self.log()}") from error
        if done.code:
            raise ServiceError(f"systemctl: {done.output.strip()}\n{self.log()}")

    def _start_unit(self) -> None:
        # One that failed several times, as before it was mended, would be refused.
        self._commands.run("systemctl", "reset-failed", "docker.socket", _UNIT)
        if self._containerd_outdated():
            self._systemctl("restart", _CONTAINERD, timeout=_STOP_SECONDS)
        # Enabled as well: an engine that is not back after a reboot is not installed.
        self._systemctl("enable", "--now", _UNIT, timeout=self.timeout + _STOP_SECONDS)
        self._see_that_it_answers()

    def _see_that_it_answers(self) -> None:
        if not self._wait(self.timeout):
            raise ServiceError(f"{self._silence()}\n{self.log()}")

    def _start_by_script(self) -> bool:
        """Run the init script. False where its daemon did not come up: it may ask for limits nobody can give."""
        if self._commands.run(self._files.path(_INIT_SCRIPT), "start").code:
            return False
        # A script says nothing of a daemon that died a moment later. One that lives may take its time.
        begun = time.monotonic()
        return self._wait(self.timeout, lambda: time.monotonic() - begun > _SCRIPT_PATIENCE and self.pid() is None)

    def _start_directly(self) -> None:
        defaults = self._files.path(_DEFAULTS)
        dockerd = f'[ ! -f "{defaults}" ] || . "{defaults}"; exec "$0" ${{DOCKER_OPTS-}}'
        with open(self._files.path(self.log_path), "ab") as log:
            process = subprocess.Popen(  # noqa: S603 - the shell reads the options  # pylint: disable=ansible-bad-function
                ["/bin/sh", "-c", dockerd, str(self._commands.find("dockerd"))],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=service_environment(),
                start_new_session=True,
                preexec_fn=_raise_file_limit,  # noqa: PLW1509 - one thread, and nothing but one system call
            )
        self._files.write(_SCRIPT_PID, f"{process.pid}\n")
        answers = self._wait(self.timeout, lambda: process.poll() is not None)
        status = process.poll()
        process.returncode = 0  # from here on it is nobody's child, and leaving it is not an oversight
        if answers:
            return
        said = self._silence() if status is None else f"dockerd ended with status {status}"
        raise ServiceError("\n".join([said, *self._tail()]))

    def _tail(self) -> List[str]:
        return last_lines((self._files.read(self.log_path) or "")[-65536:], _LOG_LINES).splitlines()

    def _wait(self, seconds: float, ended: Callable[[], bool] = lambda: False) -> bool:
        """Wait until the engine answers; give up when the time is over or the process has ended."""
        end = time.monotonic() + seconds
        while ask(self.socket_path) is None:
            if time.monotonic() > end or ended():
                return False
            time.sleep(0.1)
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


def _runs(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _raise_file_limit() -> None:
    """Lift the soft limit of open files to the hard one: every container costs the engine several."""
    import resource  # noqa: PLC0415 - only where a daemon is started

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
