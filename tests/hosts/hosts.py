# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, finds and removes test hosts.

Hosts live in the machine's engine alone: their labels say what they are, so another process finds them
again by name.
"""

from __future__ import annotations

import secrets
import socket
import time

from . import build, keys, outer
from .host import Host, HostError
from .outer import LABEL, docker

_FLAVOUR = f"{LABEL}.flavour"
_BOOT_SECONDS = 60
# overlay2 and the overlayfs snapshotter do not work on top of another overlay.
_VOLUMES = ("/var/lib/docker", "/var/lib/containerd")


def up(flavour: str, name: str | None = None) -> Host:
    """Start a host of that flavour and return it once ssh and (where it has one) its engine answer.

    A host of that name which runs already is returned as it is. Raises HostError where a host of that
    name has another flavour, or where it does not come up; it is removed again then.
    """
    image = build.build(flavour)
    name = name or f"{flavour}-{secrets.token_hex(3)}"
    for host in listed():
        if host.name == name:
            if host.flavour != flavour:
                raise HostError(f"{name}: is up as {host.flavour}, not {flavour}")
            return host
    started = time.monotonic()
    container = _create(name, flavour, image)
    try:
        docker("start", container)
        host = _host(container)
        keys.write_known_hosts(name, host.address)
        _wait_for_port(host)
        if host.has_engine:
            host.wait_for_engine(_BOOT_SECONDS)
        else:
            host.run("true")
    except BaseException:
        docker("rm", "-f", "-v", container)
        raise
    host.boot_seconds = time.monotonic() - started
    return host


def listed() -> list[Host]:
    """Return the hosts that are there, by name."""
    ids = docker("ps", "-q", "--no-trunc", "--filter", f"label={_FLAVOUR}").split()
    return sorted((_host(container) for container in ids), key=lambda host: host.name)


def get(name: str) -> Host:
    """Return the running host of that name. Raises HostError where there is none."""
    for host in listed():
        if host.name == name:
            return host
    raise HostError(f"{name}: no such test host is up")


def down_all() -> list[str]:
    """Remove every test host, half-made ones too, and their network; return the names of the hosts."""
    names = [host.name for host in listed()]
    for host in listed():
        host.remove()
    left = docker("ps", "-aq", "--filter", f"label={_FLAVOUR}").split()
    if left:
        docker("rm", "-f", "-v", *left)
    networks = docker("network", "ls", "-q", "--filter", f"label={LABEL}").split()
    for network in networks:
        docker("network", "rm", network, check=False)  # a build may be using it
    return names


def _create(name: str, flavour: str, image: str) -> str:
    host_key = keys.make_host_key(name)
    authorized = keys.public(keys.user_key()).read_text()
    container = docker(
        "create", f"--name=stowage-test-{name}", f"--hostname={name}",
        f"--network={outer.network()}", f"--network-alias={name}",
        f"--label={LABEL}={name}", f"--label={_FLAVOUR}={flavour}",
        *(f"--mount=type=volume,dst={path},volume-label={LABEL}={name}" for path in _VOLUMES),
        *outer.system_args(), image,
    )  # fmt: skip
    files = {
        "etc/ssh/ssh_host_ed25519_key": host_key.read_text(),
        "etc/ssh/ssh_host_ed25519_key.pub": keys.public(host_key).read_text(),
        "etc/ssh/authorized_keys": authorized,
    }
    try:
        archive = build.tar_of(files, {"etc/ssh/ssh_host_ed25519_key": 0o600})
        docker("cp", "-", f"{container}:/", stdin=archive)
    except BaseException:
        docker("rm", "-f", "-v", container)
        raise
    return container


def _host(container: str) -> Host:
    shown = outer.inspect("container", container)
    if shown is None:
        raise HostError(f"{container}: is gone")
    labels = shown["Config"]["Labels"]
    address = shown["NetworkSettings"]["Networks"][outer.NETWORK]["IPAddress"]
    return Host(labels[LABEL], labels[_FLAVOUR], address, shown["Id"])


def _wait_for_port(host: Host) -> None:
    """Wait until sshd greets: an open port alone can be a socket unit without its service."""
    deadline = time.monotonic() + _BOOT_SECONDS
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((host.address, host.port), timeout=2) as connection:
                connection.settimeout(10)
                if connection.recv(4) == b"SSH-":
                    return
        except OSError:
            pass
        time.sleep(0.05)
    log = docker("logs", "--tail", "20", host.container, check=False)
    raise HostError(f"{host.name}: sshd does not answer\n{log}")
