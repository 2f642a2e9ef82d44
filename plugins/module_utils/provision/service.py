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
import time
from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple

from .commands import Commands, last_lines, let_go
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
_SYNC_SECONDS = 10.0
_STOP_SECONDS = 60.0
# How long an engine's answer may be, in bytes: 10,000 containers take a third of it.
_LONGEST = 64 << 20


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

    def start(self, anew: bool = False) -> str:
        """Start the engine and wait until it answers; return the way that worked.

        ``anew``: its configuration is another by now, so a start that somebody else began is not waited for.
        Raises ServiceError.
        """
        if not self.installed():
            raise ServiceError("there is no dockerd on this host: install an engine first")
        way = self.way()
        if way == SYSTEMD:
            self._start_unit(anew)
            return way
        if self.pid() is not None:
            # A second one could not be there beside it, and would only hide why this one is silent.
            self._see_that_it_answers()
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
        self._forget_failures()
        self.read_units()
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
            # What was said a moment ago, which is what matters, may still be on its way.
            with contextlib.suppress(ProvisionError):
                self._commands.run("journalctl", "--sync", timeout=_SYNC_SECONDS)
            command = ("journalctl", f"--unit={_UNIT}", "--no-pager", "--output=cat", f"--lines={lines}")
            return self._commands.run(*command).output.rstrip()
        return self._written(lines)

    def pid(self) -> Optional[int]:
        """Return the engine's process, or None where none runs."""
        for path in (_ENGINE_PID, _SCRIPT_PID):
            text = (self._files.read(path) or "").strip()
            # One that was killed leaves its file, and by now the number may be somebody else's.
            if text.isdigit() and _runs(int(text)) and _is_dockerd(int(text)):
                return int(text)
        if self.way() != SYSTEMD:
            return None
        # It may have been told to write its pid elsewhere.
        text = self._main_pid(_UNIT)
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
        try:
            return os.readlink(f"/proc/{self._main_pid(_CONTAINERD)}/exe").endswith(" (deleted)")
        except OSError:
            return False

    def _main_pid(self, unit: str) -> str:
        """Return a unit's process as systemd tells it; "0" where it has none."""
        return self._shown("MainPID", unit)

    def _shown(self, name: str, unit: str) -> str:
        """Return a property of a unit."""
        return self._commands.run("systemctl", "show", f"--property={name}", "--value", unit).said.strip()

    def read_units(self) -> None:
        """Have systemd read its units anew; nothing where there is no systemd. Raises ServiceError."""
        if self.way() == SYSTEMD:
            self._systemctl("daemon-reload")

    def _promised(self) -> bool:
        """Tell whether only systemd listens on the socket: connecting would start the engine."""
        if self.way() != SYSTEMD or not os.path.exists(self.socket_path):
            return False
        return unit_state(self._commands, "docker.socket") == "active" and unit_state(self._commands, _UNIT) != "active"

    def _systemctl(self, *words: str, timeout: Optional[float] = None) -> None:
        try:
            done = self._commands.run("systemctl", *words, timeout=timeout)
        except ProvisionError as error:
            # The units have no limit of their own: an engine that waits for something would be waited for for ever.
            raise ServiceError(f"{error}\n{self.log()}") from error
        if done.code:
            raise ServiceError(f"systemctl: {done.output.strip()}\n{self.log()}")

    def _start_unit(self, anew: bool) -> None:
        if self._activates():
            answers = not anew and self._starts() and self._wait(self.timeout, lambda: not self._starts())
            if not answers and self._activates():
                # It hangs, and ours would only join it; or it failed, and ours would wait for its next try.
                self._systemctl("stop", _UNIT, timeout=_STOP_SECONDS)
        self._forget_failures()
        if self._containerd_outdated():
            self._systemctl("restart", _CONTAINERD, timeout=_STOP_SECONDS)
        # Enabled as well: an engine that is not back after a reboot is not installed. Asked first, as enabling costs
        # systemd more than all the rest.
        enabled = self._commands.run("systemctl", "is-enabled", _UNIT).said.strip() == "enabled"
        self._systemctl(*(("start",) if enabled else ("enable", "--now")), _UNIT, timeout=self.timeout + _STOP_SECONDS)
        self._see_that_it_answers()

    def _activates(self) -> bool:
        """Tell whether the unit is on its way up, or between two tries."""
        return unit_state(self._commands, _UNIT) == "activating"

    def _starts(self) -> bool:
        """Tell whether the unit is on its way up: in start-pre, start or start-post."""
        return self._shown("SubState", _UNIT).startswith("start")

    def _forget_failures(self) -> None:
        """Have systemd try a mended engine: one that failed several times within a while would be refused."""
        self._commands.run("systemctl", "reset-failed", "docker.socket", _UNIT)

    def _see_that_it_answers(self) -> None:
        if not self._wait(self.timeout):
            raise self._unheard()

    def _unheard(self) -> ServiceError:
        return ServiceError("\n".join(filter(None, [self._silence(), self.log()])))

    def _start_by_script(self) -> bool:
        """Run the init script. False where its daemon did not come up: it may ask for limits nobody can give."""
        if self._commands.run(self._files.path(_INIT_SCRIPT), "start").code:
            return False
        # A script says nothing of a daemon that died a moment later. One that lives may take its time.
        begun = time.monotonic()
        answers = self._wait(self.timeout, lambda: time.monotonic() - begun > _SCRIPT_PATIENCE and self.pid() is None)
        if not answers and self.pid() is not None:
            raise self._unheard()
        return answers

    def _start_directly(self) -> None:
        defaults = self._files.path(_DEFAULTS)
        dockerd = f'[ ! -f "{defaults}" ] || . "{defaults}"; exec "$0" ${{DOCKER_OPTS-}}'
        # The shell reads the distribution's options.
        words = ("/bin/sh", "-c", dockerd, str(self._commands.find("dockerd")))
        process = self._commands.leave(*words, log=self._files.path(self.log_path), before=_raise_file_limit)
        self._files.write(_SCRIPT_PID, f"{process.pid}\n")
        answers = self._wait(self.timeout, lambda: process.poll() is not None)
        status = process.poll()
        let_go(process)
        if answers:
            return
        said = self._silence() if status is None else f"dockerd ended with status {status}"
        raise ServiceError("\n".join(filter(None, [said, self._written(_LOG_LINES)])))

    def _written(self, lines: int) -> str:
        """Return the last lines of the log of an engine that systemd does not look after."""
        return last_lines((self._files.read(self.log_path) or "")[-65536:], lines)

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


def unit_state(commands: Commands, unit: str) -> str:
    """Return what systemd calls a unit's state: active, inactive, failed, activating."""
    return commands.run("systemctl", "is-active", unit).said.strip()


def request(socket_path: str, method: str, target: str, timeout: float) -> Tuple[int, bytes]:
    """Ask whatever listens on the socket; returns the status and the body, 0 where what it says is no HTTP.

    Plain HTTP/1.0 without a body. ``timeout`` is for each wait and for the answer as a whole, in seconds. Raises
    OSError, also for an answer that is longer than any engine's.
    """
    received = b""
    end = time.monotonic() + timeout
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(socket_path)
        connection.sendall(f"{method} {target} HTTP/1.0\r\nHost: engine\r\nContent-Length: 0\r\n\r\n".encode())
        while chunk := connection.recv(65536):
            received += chunk
            if time.monotonic() > end or len(received) > _LONGEST:
                raise TimeoutError("the answer has no end")
    head, _gap, body = received.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    return (int(words[1]) if len(words) > 1 and words[1].isdigit() else 0), body


def ask(socket_path: str, timeout: float = 5.0) -> Optional[Engine]:
    """Ask whatever listens on the socket for its version; None where nothing fitting answers in time."""
    try:
        status, body = request(socket_path, "GET", "/version", timeout)
    except OSError:
        return None
    if status != 200:
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


def _is_dockerd(pid: int) -> bool:
    """Tell whether a process is an engine."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip() == "dockerd"
    except OSError:
        return False


def _raise_file_limit() -> None:
    """Lift the soft limit of open files to the hard one: every container costs the engine several."""
    import resource  # noqa: PLC0415 - only where a daemon is started

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
