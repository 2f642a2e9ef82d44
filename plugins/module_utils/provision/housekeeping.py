# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timer that tidies a host's engine: which files it takes, and that systemd or cron knows of them.

Knows units, cron and the words of the command ``stowage prune``, which does the work. What goes, that command decides.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .commands import Commands
from .errors import ProvisionError
from .files import Files
from .memory import Memory
from .steps import Step
from .system import SYSTEMD, observe_manager

PART = "prune"
COMMAND = "/usr/local/lib/stowage-prune"
SERVICE = "/etc/systemd/system/stowage-prune.service"
TIMER = "/etc/systemd/system/stowage-prune.timer"
CRON = "/etc/cron.d/stowage-prune"
_UNIT = "stowage-prune.timer"
_PYTHON = "/usr/bin/python3"
# By ProtectHome and PrivateTmp, below.
_HIDDEN = ("/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/")  # noqa: S108
_LINK = f"/etc/systemd/system/timers.target.wants/{_UNIT}"
# systemd.time(7) knows more; these are what both know.
_CRON_TIMES = {
    "hourly": "17 * * * *",
    "daily": "25 3 * * *",
    "weekly": "25 3 * * 0",
    "monthly": "25 3 1 * *",
}

_SERVICE_TEXT = """\
# Written by the role stowage.docker.engine. More goes into a drop-in: systemctl edit stowage-prune
[Unit]
Description=Removes from the container engine what nothing uses
# Not to start an engine that somebody stopped.
ConditionPathExists={socket}
Requisite=docker.service
After=docker.service

[Service]
Type=oneshot
ExecStart={command}
Nice=10
IOSchedulingClass=idle
TimeoutStartSec=1h
UMask=0077

# It needs the engine's socket, the lock it shares with other runs, and to read what is declared here.
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateMounts=yes
ReadWritePaths=-/run/lock
CapabilityBoundingSet=
NoNewPrivileges=yes
PrivateNetwork=yes
IPAddressDeny=any
RestrictAddressFamilies=AF_UNIX
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
"""

_TIMER_TEXT = """\
# Written by the role stowage.docker.engine.
[Unit]
Description=Removes from the container engine what nothing uses, regularly

[Timer]
OnCalendar={schedule}
# Not all hosts at once, and one that was off catches up.
RandomizedDelaySec=30min
Persistent=yes

[Install]
WantedBy=timers.target
"""

_CRON_TEXT = """\
# Written by the role stowage.docker.engine.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
{time} root {command} >/dev/null
"""


@dataclass(frozen=True)
class Schedule:
    """What the timer is to do, and when; without ``words`` there is to be none."""

    when: str = ""
    words: Tuple[str, ...] = ()
    socket: str = "/var/run/docker.sock"
    interpreter: str = _PYTHON

    @property
    def command(self) -> str:
        """The command line, for a shell and for systemd alike."""
        words = (self.interpreter, "-ISB", COMMAND, "prune", *self.words, "--host", f"unix://{self.socket}")
        return " ".join(words)


@dataclass(frozen=True)
class Observed:
    """What is there of it."""

    manager: str
    cron: bool
    texts: Mapping[str, Optional[str]]
    enabled: bool
    remembered: Mapping[str, Any]


def words_of(wanted: Mapping[str, Any]) -> Tuple[str, ...]:
    """Return the arguments of ``stowage prune`` for what is wanted. Raises ProvisionError where that is nothing."""
    words = [f"--{name.replace('_', '-')}" for name in ("containers", "networks", "build_cache") if wanted.get(name)]
    for name in ("images", "volumes"):
        value = str(wanted.get(name) or "false")
        words += [f"--{name}", value] if value.lower() != "false" else []
    if not words:
        raise ProvisionError(
            "engine_prune names nothing that may go: set containers, images, networks, volumes or build_cache in it, "
            "or leave it empty for no timer"
        )
    filters = wanted.get("filters") or {}
    words += ["--until", str(filters["until"])] if filters.get("until") else []
    words += [word for label in filters.get("label") or () for word in ("--label", str(label))]
    words += [word for label in filters.get("without_label") or () for word in ("--without-label", str(label))]
    _refuse_words(words)
    return tuple(words)


def interpreter_of(executable: str, commands: Commands) -> str:
    """Return the Python that the timer runs: Ansible's own, or the system's where the sandbox would hide that one.

    Raises ProvisionError where the system has none that will do.
    """
    if not any(f"{path}/".startswith(_HIDDEN) for path in (executable, os.path.realpath(executable))):
        return executable
    check = "import sys; sys.exit(sys.version_info < (3, 9))"
    if commands.find(_PYTHON) is None or commands.run(_PYTHON, "-c", check).code:
        raise ProvisionError(
            f"engine_prune: the timer cannot run {executable}, which its sandbox hides, and {_PYTHON} is not Python 3.9"
            " or newer: set ansible_python_interpreter to one that all users have"
        )
    return _PYTHON


def observe(files: Files, commands: Commands) -> Observed:
    """Look at what is there."""
    return Observed(
        manager=observe_manager(files),
        cron=bool(commands.find("cron") or commands.find("crond")) and os.path.isdir(files.path("/etc/cron.d")),
        texts={path: files.read(path) for path in (SERVICE, TIMER, CRON)},
        enabled=files.standing(_LINK) is not None,
        remembered=Memory(files, PART).recall(),
    )


def texts_of(schedule: Schedule, observed: Observed) -> Dict[str, str]:
    """Return the files that are to be there. Raises ProvisionError where nothing on this host could start it."""
    if not schedule.words:
        return {}
    if observed.manager == SYSTEMD:
        service = _SERVICE_TEXT.format(command=schedule.command, socket=schedule.socket)
        return {SERVICE: service, TIMER: _TIMER_TEXT.format(schedule=schedule.when)}
    if not observed.cron:
        raise ProvisionError(
            "neither systemd nor cron runs on this host, so that nothing would start the timer: install cron, or run "
            "stowage.docker.engine_prune from a playbook"
        )
    if schedule.when not in _CRON_TIMES:
        raise ProvisionError(f"without systemd, schedule is one of {', '.join(_CRON_TIMES)}, and not {schedule.when!r}")
    return {CRON: _CRON_TEXT.format(time=_CRON_TIMES[schedule.when], command=schedule.command)}


def plan(texts: Mapping[str, str], observed: Observed) -> List[Step]:
    """Decide what it takes."""
    steps: List[Step] = []
    for path, text in texts.items():
        if observed.texts[path] is None:
            steps.append(Step("WriteFile", path, "is missing"))
        elif observed.texts[path] != text:
            steps.append(Step("WriteFile", path, "is other than declared"))
    gone = [path for path in observed.texts if observed.texts[path] is not None and path not in texts]
    if observed.enabled and TIMER not in texts:
        steps.append(Step("StopTimer", _UNIT, "is not declared any more"))
    steps += [Step("RemoveFile", path, "is not declared any more") for path in gone]
    if not texts and COMMAND in observed.remembered.get("files", ()):
        steps.append(Step("RemoveFile", COMMAND, "is not declared any more"))
    if TIMER in texts and (not observed.enabled or any(step.subject == TIMER for step in steps)):
        steps.append(Step("StartTimer", _UNIT, "is to run regularly"))
    return steps


def check_schedule(schedule: Schedule, observed: Observed, commands: Commands) -> None:
    """Refuse what the files cannot say, and a time that systemd does not understand. Raises ProvisionError."""
    if schedule.words:
        _refuse_words((schedule.interpreter, schedule.socket))
    if "%" in schedule.when or not schedule.when.isprintable():
        raise ProvisionError(f"schedule: {schedule.when!r} has characters that no time has")
    if not schedule.words or observed.manager != SYSTEMD or commands.find("systemd-analyze") is None:
        return
    done = commands.run("systemd-analyze", "calendar", schedule.when)
    if done.code:
        raise ProvisionError(
            f"schedule: systemd does not understand {schedule.when!r}; systemd.time(7) tells what it does, daily and "
            "weekly among it"
        )


def _refuse_words(words: Sequence[str]) -> None:
    for word in words:
        # systemd, cron and the shell each have other quotes, and % is special to the first two.
        if shlex.quote(word) != word or "%" in word:
            raise ProvisionError(f"engine_prune: {word!r} has characters that cannot stand in a timer's command")


def act(steps: Sequence[Step], texts: Mapping[str, str], files: Files, commands: Commands) -> None:
    """Carry it out. What is ours is noted before it is there, and forgotten after it is gone."""
    memory = Memory(files, PART)
    if texts:
        units = [_UNIT, "stowage-prune.service"] if TIMER in texts else []
        memory.keep({"files": sorted([*texts, COMMAND]), "units": units})
    for step in steps:
        if step.verb == "StopTimer":
            commands.succeed("systemctl", "disable", "--now", _UNIT)
        elif step.verb == "WriteFile":
            files.write(step.subject, texts[step.subject])
        elif step.verb == "RemoveFile":
            files.remove(step.subject)
    if any(step.subject in (SERVICE, TIMER) for step in steps) and observe_manager(files) == SYSTEMD:
        commands.succeed("systemctl", "daemon-reload")
    if any(step.verb == "StartTimer" for step in steps):
        commands.succeed("systemctl", "enable", _UNIT)
        commands.succeed("systemctl", "restart", _UNIT)
    if not texts:
        memory.keep({})
