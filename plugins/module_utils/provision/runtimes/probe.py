# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small image of the host's own files that can run ``uname``: no registry is needed.

The program is ``uname``, with the libraries that ``ldd`` names. Knows no
engine; the archive is in the format of ``docker save``, which engines of all ages load, and has the same bytes for the
same files.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import tarfile
from typing import Dict, List, NamedTuple

from ..commands import Commands
from ..errors import ProvisionError

REPOSITORY = "stowage.local/proof"
LABEL = "io.stowage.proof"
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
# ``libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`` and ``/lib64/ld-linux-x86-64.so.2 (0x…)``.
_LIBRARY = re.compile(r"(?:=>\s+)?(/\S+)\s+\(0x")


class Probe(NamedTuple):
    """An image: its name, what is to be loaded, and the command that tells the kernel."""

    image: str
    archive: bytes
    command: List[str]


def make_probe(commands: Commands) -> Probe:
    """Make the image. Raises ProvisionError where the host has nothing to make it of."""
    program = commands.find("uname")
    if program is None:
        raise ProvisionError("there is no uname on this host, of which the image for the proof is made")
    # Links stay what they are called by: the loader's name is in the program, and a busybox looks at its own.
    paths = [program, *_libraries(program, commands)]
    layer = _tar({path.lstrip("/"): _content(path) for path in paths}, 0o755)
    image = json.dumps(
        {
            "architecture": _MACHINES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": {"Labels": {LABEL: "runtime"}},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}"]},
            "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "stowage"}],
        },
        sort_keys=True,
    ).encode()
    name = f"{REPOSITORY}:{_digest(image)[:12]}"
    manifest = [{"Config": "image.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    parts = {"layer.tar": layer, "image.json": image, "manifest.json": json.dumps(manifest).encode()}
    return Probe(name, _tar(parts, 0o644), [program, "-srv"])


def _libraries(program: str, commands: Commands) -> List[str]:
    if not commands.find("ldd"):
        return []
    said = commands.run("ldd", program, timeout=30).said
    return list(dict.fromkeys(_LIBRARY.findall(said)))


def _content(path: str) -> bytes:
    with open(os.path.realpath(path), "rb") as file:
        return file.read()


def _tar(contents: Dict[str, bytes], mode: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, content in sorted(contents.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
