# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's own container engine, through its docker client.

Everything this package makes on the machine carries LABEL, and nothing without it is changed or
removed. The client is told the local socket by name, so that a DOCKER_HOST meant for the code under
test never leads the test hosts astray.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

LABEL = "io.stowage.test.hosts"
SOCKET = "/var/run/docker.sock"
NETWORK = "stowage-test-hosts"


class OuterError(Exception):
    """The machine's own engine refused; the text is the docker client's."""


def docker(*args: str, stdin: bytes | None = None, check: bool = True) -> str:
    """Run one docker command on the machine's engine and return what it printed."""
    done = subprocess.run(
        ["docker", "-H", f"unix://{SOCKET}", *args],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("DOCKER_")},
        check=False,
    )
    if check and done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise OuterError(f"docker {' '.join(args[:2])}: {said}")
    return done.stdout.decode(errors="replace").strip()


def answers() -> bool:
    """Tell whether there is a docker client and an engine behind the local socket."""
    if not shutil.which("docker"):
        return False
    return bool(docker("version", "--format", "{{.Server.Version}}", check=False))


def inspect(kind: str, name: str) -> dict[str, Any] | None:
    """Return one object's inspect document, or None where there is none of that exact name."""
    try:
        found: list[dict[str, Any]] = json.loads(docker(kind, "inspect", name))
    except OuterError as error:
        if "no such" in str(error).lower() or "not found" in str(error).lower():
            return None
        raise
    return found[0]


def network() -> str:
    """Make the bridge network of the test hosts where it is missing, and return its name.

    The bridge takes the MTU of the machine's way out: with a larger one, the downloads of a test
    host stall behind routers that drop what they cannot fragment.
    """
    if inspect("network", NETWORK) is None:
        try:
            docker(
                "network", "create", "--label", f"{LABEL}=network",
                "--opt", f"com.docker.network.driver.mtu={_mtu_of_default_route()}", NETWORK,
            )  # fmt: skip
        except OuterError as error:
            if "already exists" not in str(error):  # another run was faster
                raise
    return NETWORK


def _mtu_of_default_route() -> int:
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        interface, destination, *_ = line.split()
        if destination == "00000000":
            return int(Path(f"/sys/class/net/{interface}/mtu").read_text())
    return 1500


def system_args() -> list[str]:
    """Return the ``docker create`` arguments under which systemd and a nested engine run.

    Not --privileged: that fails where the machine itself lacks a capability. All capabilities of
    the bounding set are added one by one instead, without those that Engine 20.10 cannot name.
    """
    args = ["--cgroupns=private", "--device-cgroup-rule=a *:* rwm", "--stop-signal=SIGRTMIN+3"]
    args += ["--tmpfs=/run:exec,mode=755", "--tmpfs=/run/lock"]
    args += [f"--security-opt={o}" for o in ("seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined")]
    bounding = _bounding_set()
    return args + [f"--cap-add={name}" for bit, name in enumerate(CAPABILITIES) if bounding >> bit & 1]


def _bounding_set() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapBnd:"):
            return int(line.split()[1], 16)
    raise OuterError("/proc/self/status: no CapBnd line")


# In the order of their bits (linux/capability.h); PERFMON, BPF and CHECKPOINT_RESTORE are left out.
CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL",
    "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
)  # fmt: skip
