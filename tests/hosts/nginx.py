# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image with a real reverse proxy, made without any registry: Debian's nginx and its libraries upon busybox.

The packages are unpacked, not installed, and come from the machine's own suite. Knows no configuration.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from . import images
from .places import cache, locked

_LIBRARY = re.compile(r"[\w+.-]+\.so(\.[\d.]+)?\Z")
_FOLDER = re.compile(r"lib64|lib|.*-linux-gnu\w*")


def nginx_tar(tag: str) -> bytes:
    """Return an archive of the image; it runs ``/bin/nginx`` in the foreground with /etc/nginx/nginx.conf."""
    kept = cache("nginx-layer.tar")
    with locked("nginx"):
        if not kept.exists():
            made = _layer()
            kept.with_suffix(".new").write_bytes(made)
            kept.with_suffix(".new").rename(kept)
    command = ["nginx", "-c", "/etc/nginx/nginx.conf", "-e", "/dev/stderr", "-g", "daemon off;"]
    return images.busybox_tar(tag, config={"Cmd": command}, layers=[kept.read_bytes()])


def _layer() -> bytes:
    """The binary and every library of the packages it depends on, in /lib, where Debian's linker looks as well."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["apt-get", "download", "-q", "nginx", *_libraries()],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        packages = list(Path(folder).glob("*.deb"))
        if done.returncode or not packages:
            raise images.ImageError(f"apt-get download nginx: {done.stderr.strip()}")
        for package in packages:
            subprocess.run(["dpkg-deb", "-x", package, f"{folder}/root"], check=True)
        root = Path(folder, "root")
        found = {
            f"lib/{path.name}": path.read_bytes()
            for path in sorted(root.rglob("*.so*"))
            if _LIBRARY.match(path.name) and _FOLDER.fullmatch(path.parent.name) and path.is_file()
        }
        found["bin/nginx"] = (root / "usr/sbin/nginx").read_bytes()
    # The linker's own path is that of the architecture: /lib64 on some, /lib on others.
    folders = dict.fromkeys(("run", "var", "var/lib", "var/lib/nginx", "var/log", "var/log/nginx"), 0o755)
    return images.layer_of(found, links={"lib64": "lib"}, folders=folders)


def _libraries() -> list[str]:
    shown = subprocess.run(["apt-cache", "depends", "nginx"], capture_output=True, text=True, check=True).stdout
    return sorted(set(re.findall(r"^ +Depends: ((?:lib|zlib)\S+)$", shown, re.MULTILINE)))
