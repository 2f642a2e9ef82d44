# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine itself needs before it can carry test hosts: a few Debian packages and an engine.

Installs what is missing and starts an engine where none answers. An engine that runs already, and
anything the machine's owner has in it, is left as it is.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import outer
from .places import cache, locked

# Each command with the packages that may bring it, the first that apt knows is taken.
_COMMANDS = {
    "dockerd": ("docker.io",),
    "docker": ("docker-cli", "docker.io"),
    "debootstrap": ("debootstrap",),
    "ssh": ("openssh-client",),
    "ssh-keygen": ("openssh-client",),
    "sshd": ("openssh-server",),
    "tar": ("tar",),
}
_POLICY = Path("/usr/sbin/policy-rc.d")
_ENGINE_START_SECONDS = 60


class MachineError(Exception):
    """The machine cannot carry test hosts; the text says what is missing."""


def ensure() -> None:
    """Make the machine ready: commands installed, an engine answering. Does nothing where both are so.

    Raises MachineError when it would have to install or start something and is not root, or when the
    engine does not come up; its log's last lines are in the text.
    """
    if not _missing() and outer.answers():
        return
    if os.geteuid():
        raise MachineError("test hosts need root once, to install docker.io and debootstrap and to start the engine")
    with locked("machine"):
        missing = _missing()
        _install(missing)
        if not outer.answers():
            _start_engine()
        elif "dockerd" in missing:  # under systemd, the package's installation starts it
            cache("engine-started").write_text("systemd")


def stop_engine() -> bool:
    """Stop the machine's engine if ensure() started it, and tell whether it did."""
    note = cache("engine-started")
    if not note.exists():
        return False
    pid = note.read_text()
    note.unlink()
    if pid == "systemd":
        subprocess.run(["systemctl", "stop", "docker.socket", "docker.service"], check=True)
        return True
    process = Path("/proc", pid)
    if not process.exists() or (process / "exe").readlink().name != "dockerd":  # long gone
        return False
    os.kill(int(pid), signal.SIGTERM)
    while process.exists() and "\nState:\tZ" not in (process / "status").read_text():
        time.sleep(0.1)
    return True


def search_path() -> str:
    """Return PATH with the folders of system commands, which a user's PATH can lack."""
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def _missing() -> list[str]:
    lacking = [command for command in _COMMANDS if not shutil.which(command, path=search_path())]
    # An engine that answers need not be this machine's own package.
    return [c for c in lacking if c != "dockerd" or not outer.answers()]


def _install(commands: list[str]) -> None:
    if not commands:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], env=environment, check=True, stdout=subprocess.DEVNULL)
    packages = sorted({_package_for(command) for command in commands})
    with _services_stay_stopped():
        subprocess.run(
            ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def _package_for(command: str) -> str:
    for package in _COMMANDS[command]:
        shown = subprocess.run(["apt-cache", "show", package], capture_output=True, check=False)
        if shown.returncode == 0 and shown.stdout.strip():
            return package
    raise MachineError(f"apt knows no package for {command}")


@contextmanager
def _services_stay_stopped() -> Iterator[None]:
    """Without systemd a package's own start script can fail, and with it the installation."""
    if _systemd() or _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


def _start_engine() -> None:
    log = cache("dockerd.log")
    if _systemd():
        subprocess.run(["systemctl", "start", "docker.service"], check=True)
        cache("engine-started").write_text("systemd")
    else:
        # The sysv script raises ulimits first, which needs a capability that containers lack.
        with log.open("a") as handle:
            engine = subprocess.Popen(
                ["dockerd"],
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PATH": search_path()},
            )
        cache("engine-started").write_text(str(engine.pid))
    deadline = time.monotonic() + _ENGINE_START_SECONDS
    while not outer.answers():
        if time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:]) if log.exists() else ""
            raise MachineError(f"the engine did not answer within {_ENGINE_START_SECONDS} s\n{tail}")
        time.sleep(0.3)


def _systemd() -> bool:
    return Path("/run/systemd/system").is_dir()
