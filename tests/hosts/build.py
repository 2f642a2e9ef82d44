# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the layers of a flavour that the machine's engine does not hold yet, and drops stale ones.

Acts only; what a layer is made of is decided in layers.py.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from . import layers, machine, outer
from .mirror import Mirror, read_mirror
from .outer import LABEL, docker
from .places import cache, locked

_COMMAND = 'CMD ["/usr/local/sbin/test-host-init"]'


def build(flavour: str) -> str:
    """Return the image of a flavour; its missing layers are built first, its stale ones removed.

    Raises KeyError for an unknown flavour, BuildError with the log's last lines when a layer fails.
    """
    machine.ensure()
    mirror = read_mirror()
    wanted = layers.image_name(flavour, mirror)
    if outer.inspect("image", wanted):  # the usual case takes no lock: hosts start side by side
        return wanted
    with locked("build"):
        _remove_interrupted()
        for name in layers.chain(flavour):
            image = layers.image_name(name, mirror)
            if outer.inspect("image", image):
                continue
            started = time.monotonic()
            _say(f"building {image}")
            if layers.LAYERS[name].parent:
                _build_on_parent(name, image, mirror)
            else:
                _debootstrap(name, image, mirror)
            _say(f"built {image} in {time.monotonic() - started:.0f} s")
            _remove_stale(name, image)
    return wanted


class BuildError(Exception):
    """A layer could not be built; the text ends with the last lines of its log."""


def _debootstrap(name: str, image: str, mirror: Mirror) -> None:
    layer = layers.LAYERS[name]
    with tempfile.TemporaryDirectory(dir=cache("work").parent) as folder:
        _logged(
            name,
            "debootstrap", "--variant=minbase", f"--include={','.join(layer.packages)}",
            layer.suite, folder, mirror.archive,
            environment=mirror.environment(),
        )  # fmt: skip
        for stale in (Path(folder, "var/cache/apt/archives"), Path(folder, "var/lib/apt/lists")):
            shutil.rmtree(stale)
            stale.mkdir()
        # Streamed: the tree is hundreds of megabytes.
        archive = subprocess.Popen(
            ["tar", "-C", folder, "--numeric-owner", "--exclude=./dev/*", "-c", "."], stdout=subprocess.PIPE
        )
        _logged(
            name,
            "docker", "-H", f"unix://{outer.SOCKET}", "import", f"--change=LABEL {LABEL}={name}", "-", image,
            stdin=archive.stdout,
        )  # fmt: skip
        if archive.wait():
            raise BuildError(f"{name}: tar of the new system failed")


def _build_on_parent(name: str, image: str, mirror: Mirror) -> None:
    layer = layers.LAYERS[name]
    parent = layers.image_name(layer.parent, mirror)
    container = docker(
        "create", f"--label={LABEL}=build", f"--network={outer.network()}",
        parent, "sh", "/recipe/install.sh", layer.script, *layer.packages,
    )  # fmt: skip
    try:
        recipe = {f"recipe/{path}": text for path, text in layers.files(name, mirror).items()}
        docker("cp", "-", f"{container}:/", stdin=tar_of(recipe))
        _logged(name, "docker", "-H", f"unix://{outer.SOCKET}", "start", "-a", container)
        changes = [f"--change={change}" for change in (_COMMAND, f"LABEL {LABEL}={name}")]
        docker("commit", *changes, container, image)
    finally:
        docker("rm", "-f", "-v", container, check=False)


def _remove_interrupted() -> None:
    """Drop what a killed build left; the caller holds the lock, so none of it is in use."""
    left = docker("ps", "-aq", "--filter", f"label={LABEL}=build").split()
    if left:
        docker("rm", "-f", "-v", *left)


def _remove_stale(name: str, image: str) -> None:
    """Drop other builds of the same layer; one that a host still runs stays until that host is gone."""
    repository = image.partition(":")[0]
    images = docker("images", "--filter", f"label={LABEL}", "--format", "{{.Repository}}:{{.Tag}}", repository)
    for other in images.splitlines():
        if other != image:
            docker("rmi", other, check=False)


def tar_of(contents: Mapping[str, str | bytes], modes: Mapping[str, int] | None = None) -> bytes:
    """Return an archive of the given files, owned by root, its folders left to the unpacker."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in contents.items():
            data = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), (modes or {}).get(path, 0o644)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _logged(
    name: str, *command: str, stdin: object = subprocess.DEVNULL, environment: Mapping[str, str] | None = None
) -> None:
    log = cache("logs", f"{name}.log")
    with log.open("w") as handle:
        code = subprocess.run(
            command,
            stdin=stdin,  # type: ignore[call-overload]
            stdout=handle,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": machine.search_path(), **(environment or {})},
            check=False,
        ).returncode
    if code:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise BuildError(f"{name}: {command[0]} ended with {code}; the end of {log}:\n{tail}")


def _say(text: str) -> None:
    sys.stderr.write(f"test hosts: {text}\n")
