# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small images for tests, made without any registry: busybox in an image from scratch.

The archives are in the format of ``docker save``, which engines of all ages load, and have the same
bytes for the same arguments. Versions of an image differ in a small top layer only.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache as cached
from pathlib import Path
from typing import Any

from . import api
from .places import cache, locked

_PATH = "PATH=/usr/bin:/bin"
_ELF = b"\x7fELF"
_CREATED = "2026-01-01T00:00:00Z"
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\napp:x:1000:\nnogroup:x:65534:\n",
}


class ImageError(Exception):
    """A test image could not be made."""


def busybox_tar(
    *tags: str,
    config: Mapping[str, Any] | None = None,
    files: Mapping[str, str | bytes] | None = None,
    layers: Sequence[bytes] = (),
) -> bytes:
    """Return an archive of a busybox image under the given tags (``name:tag``).

    It has all of busybox's applets in /bin, a user ``app`` (1000) and /tmp. config is what the Engine API
    calls Config (Env, Labels, Cmd, Healthcheck, User, Volumes, ExposedPorts …) and is laid over the
    default; layers (archives) come upon busybox, and files (absolute or relative path to content) make one more.
    """
    layers = [_busybox_layer(), *layers]
    if files:
        layers.append(layer_of({path.lstrip("/"): content for path, content in sorted(files.items())}))
    settings = {"Cmd": ["sh"], **(config or {})}
    settings["Env"] = [_PATH, *settings.get("Env", [])]
    image = json.dumps(
        {
            "architecture": _architecture(),
            "os": "linux",
            "created": _CREATED,
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_sha256(layer)}" for layer in layers]},
            "history": [{"created": _CREATED, "created_by": "stowage tests"} for _ in layers],
        },
        sort_keys=True,
    ).encode()
    parts = {f"{_sha256(image)}.json": image}
    parts |= {f"{_sha256(layer)}/layer.tar": layer for layer in layers}
    manifest = [
        {
            "Config": f"{_sha256(image)}.json",
            "RepoTags": [tag if ":" in tag.rpartition("/")[2] else f"{tag}:latest" for tag in tags],
            "Layers": [f"{_sha256(layer)}/layer.tar" for layer in layers],
        }
    ]
    parts["manifest.json"] = json.dumps(manifest).encode()
    return layer_of(parts)


def load(host: api.RunsCommands, archive: bytes) -> None:
    """Load an archive into the host's engine. Raises EngineError with the engine's words."""
    api.request(host, "POST", "/images/load?quiet=1", archive)


@cached
def busybox() -> bytes:
    """Return Debian's statically linked busybox: the machine's own, else downloaded by apt and kept.

    The package is unpacked, not installed: the machine may prefer another busybox.
    """
    kept = cache("busybox-static")
    with locked("busybox"):
        if not kept.exists():
            kept.write_bytes(_installed_busybox() or _downloaded_busybox())
            kept.chmod(0o755)
    return kept.read_bytes()


def _installed_busybox() -> bytes | None:
    owner = subprocess.run(["dpkg-query", "-L", "busybox-static"], capture_output=True, text=True, check=False)
    for line in owner.stdout.splitlines():
        if line.endswith("bin/busybox"):
            return Path(line).read_bytes()
    return None


def _downloaded_busybox() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        # apt's own unprivileged user cannot write into the folder, which is only worth a warning.
        done = subprocess.run(
            ["apt-get", "download", "-q", "busybox-static"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        packages = list(Path(folder).glob("*.deb"))
        if not packages:
            raise ImageError(f"apt-get download busybox-static: {done.stderr.strip()}")
        subprocess.run(["dpkg-deb", "-x", packages[0], f"{folder}/root"], check=True)
        for path in ("usr/bin/busybox", "bin/busybox"):
            if Path(folder, "root", path).exists():
                return Path(folder, "root", path).read_bytes()
    raise ImageError(f"{packages[0].name} holds no busybox")


@cached
def _busybox_layer() -> bytes:
    binary = busybox()
    applets = subprocess.run([cache("busybox-static"), "--list"], capture_output=True, text=True, check=True)
    links = {f"bin/{name}": "busybox" for name in applets.stdout.split() if name != "busybox"}
    folders = {
        "bin": 0o755,
        "etc": 0o755,
        "home": 0o755,
        "root": 0o700,
        "tmp": 0o1777,
        "usr": 0o755,
        "usr/bin": 0o755,
    }
    links["usr/bin/env"] = "../../bin/busybox"
    return layer_of({"bin/busybox": binary, **_FILES}, links, folders)


def layer_of(
    contents: Mapping[str, str | bytes],
    links: Mapping[str, str] | None = None,
    folders: Mapping[str, int] | None = None,
) -> bytes:
    """Return a tar archive whose bytes follow from its arguments alone: no times, no owners."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, mode in sorted((folders or {}).items()):
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            archive.addfile(entry)
        for path, content in sorted(contents.items()):
            data = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o755 if path.startswith("bin/") or data.startswith(_ELF) else 0o644
            archive.addfile(entry, io.BytesIO(data))
        for path, target in sorted((links or {}).items()):
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, target, 0o777
            archive.addfile(entry)
    return buffer.getvalue()


@cached
def _architecture() -> str:
    debian = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
    return {"armhf": "arm", "i386": "386", "ppc64el": "ppc64le"}.get(debian, debian)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
