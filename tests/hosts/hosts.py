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
from typing import Any

from . import build, keys, outer
from .host import Host, HostError
from .outer import LABEL, docker

_FLAVOUR = f"{LABEL}.flavour"
_BOOT_SECONDS = 60
# overlay2 and the overlayfs snapshotter do not work on top of another overlay.
_VOLUMES = ("/var/lib/docker", "/var/lib/containerd")


def up(flavour: str, name: str | None = None) -> Host:
    """Start a host of that flavour and return it once ssh and (where it has one) its engine answer.

    A host of that name which runs already is returned as it is; one that was stopped, or whose
    flavour's recipe changed since, is replaced. Raises HostError where a host of that name has another
    flavour, or where it does not come up; it is removed again then.
    """
    image = build.build(flavour)
    name = name or f"{flavour}-{secrets.token_hex(3)}"
    for host in _of_name(name):
        if host.flavour != flavour:
            raise HostError(f"{name}: is there as {host.flavour}, not {flavour}")
        shown = outer.inspect("container", host.container) or {}
        if shown and shown["State"]["Running"] and shown["Config"]["Image"] == image:
            return host
        host.remove()
    started = time.monotonic()
    container = _create(name, flavour, image)
    try:
        docker("start", container)
        (host,) = _of_name(name)
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
    """Return the hosts that run, by name."""
    return _found()


def get(name: str) -> Host:
    """Return the running host of that name. Raises HostError where there is none."""
    for host in listed():
        if host.name == name:
            return host
    raise HostError(f"{name}: no such test host is up")


def down(name: str) -> None:
    """Remove the host of that name, running or not. Raises HostError where there is none."""
    of_name = _of_name(name)
    if not of_name:
        raise HostError(f"{name}: no such test host")
    for host in of_name:
        host.remove()


def down_all() -> list[str]:
    """Remove every test host, running or not, and their network; return the names of the hosts."""
    everyone = _found("--all")
    for host in everyone:
        host.remove()
    for network in docker("network", "ls", "-q", "--filter", f"label={LABEL}").split():
        docker("network", "rm", network, check=False)  # a build may be using it
    return [host.name for host in everyone]


def _of_name(name: str) -> list[Host]:
    return [host for host in _found("--all") if host.name == name]


def _found(*options: str) -> list[Host]:
    ids = docker("ps", "-q", "--no-trunc", "--filter", f"label={_FLAVOUR}", *options).split()
    shown = (outer.inspect("container", container) for container in ids)
    # Another process may have removed one in between.
    return sorted((_host(document) for document in shown if document), key=lambda host: host.name)


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


def _host(shown: dict[str, Any]) -> Host:
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
