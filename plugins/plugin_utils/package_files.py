# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what packages say of themselves, without their package manager: the controller may have neither.

Knows the containers of .deb and .rpm. Knows nothing of engines.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import struct
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..module_utils.provision.errors import ProvisionError

Fields = dict[str, str]
_RPM_TAGS = {1000: "Package", 1001: "Version", 1002: "Release", 1003: "Epoch", 1022: "Architecture"}
_RPM_MAGIC = b"\x8e\xad\xe8"


class Packages:
    """The packages in a folder."""

    def __init__(self, folder: Path) -> None:
        """Read them. Raises ProvisionError where there are none, or one cannot be read."""
        self.folder = folder
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".deb", ".rpm")) if folder.is_dir() else []
        if not paths:
            raise ProvisionError(
                f"{folder} holds no packages (.deb or .rpm): engine_archive names the folder that does"
            )
        self._fields = {path.name: read(path) for path in paths}

    def offers(self, brought: list[str]) -> list[Fields]:
        """Each package's fields; with their digests those that are brought."""
        return [
            {**fields, **({"SHA256": _digest(self.folder / name)} if name in brought else {})}
            for name, fields in self._fields.items()
        ]


def read(path: Path) -> Fields:
    """A package's control fields, with name and size of its file. Raises ProvisionError."""
    try:
        fields = _read_rpm(path) if path.suffix == ".rpm" else parse_control(_control_of(path))
    except (OSError, EOFError, ValueError, KeyError, IndexError, struct.error, tarfile.TarError) as error:
        raise ProvisionError(f"{path} is no package that can be read: {error}") from error
    return {**fields, "Filename": path.name, "Size": str(path.stat().st_size)}


def parse_control(text: str) -> Fields:
    """The fields of a control file that a package manager needs to know. Descriptions stay behind."""
    fields: Fields = {}
    name = ""
    for line in text.splitlines():
        if line[:1] in (" ", "\t"):
            fields[name] += f"\n{line}"
        elif ":" in line:
            name, _colon, value = line.partition(":")
            fields[name] = value.strip()
    for needless in ("Description", "Built-Using", "Static-Built-Using", "Homepage", "Maintainer"):
        fields.pop(needless, None)
    return {"Package": fields.pop("Package"), "Version": fields.pop("Version"), **fields}


def _control_of(path: Path) -> str:
    with path.open("rb") as file:
        for name, content in _members(file):
            if name.startswith("control.tar"):
                return _control_in(name, content, path)
    raise ValueError("it has no control.tar")


def _members(file: Any) -> Iterator[tuple[str, bytes]]:
    """The members of an ar archive, up to the one that holds the program."""
    if file.read(8) != b"!<arch>\n":
        raise ValueError("it does not begin as a Debian package does")
    while head := file.read(60):
        name, size = head[:16].decode().strip().rstrip("/"), int(head[48:58])
        if name.startswith("data.tar"):
            return
        content = file.read(size + size % 2)
        yield name, content[:size]


def _control_in(name: str, content: bytes, path: Path) -> str:
    if name.endswith(".zst"):
        content = _unpack_zst(content, path)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            if member.name.lstrip("./") == "control" and (file := archive.extractfile(member)):
                return file.read().decode()
    raise ValueError("it has no control file")


def _unpack_zst(content: bytes, path: Path) -> bytes:
    """Python itself knows zstd from 3.14 on."""
    try:
        from compression import zstd  # noqa: PLC0415
    except ImportError:
        program = shutil.which("zstd")
        if program is None:
            raise ValueError(
                f"its control file is packed with zstd: install zstd on the controller ({path.name})"
            ) from None
        done = subprocess.run([program, "-dc"], input=content, capture_output=True, check=False)  # noqa: S603
        if done.returncode:
            raise ValueError(done.stderr.decode(errors="replace").strip()) from None
        return done.stdout
    return bytes(zstd.decompress(content))


def _read_rpm(path: Path) -> Fields:
    """Name and version in an rpm's header, which follows its lead and its signatures."""
    with path.open("rb") as file:
        if file.read(96)[:4] != b"\xed\xab\xee\xdb":
            raise ValueError("it does not begin as an rpm does")
        size = _rpm_header(file)[1]
        file.read(-size % 8)
        found = _rpm_header(file)[0]
    epoch = f"{found['Epoch']}:" if found.get("Epoch", "0") != "0" else ""
    version = f"{epoch}{found['Version']}-{found['Release']}"
    return {"Package": found["Package"], "Version": version, "Architecture": found["Architecture"]}


def _rpm_header(file: Any) -> tuple[Fields, int]:
    magic, entries, size = struct.unpack(">3s5xII", file.read(16))
    if magic != _RPM_MAGIC:
        raise ValueError("its header is damaged")
    index, store = file.read(16 * entries), file.read(size)
    fields: Fields = {}
    for tag, kind, offset, _count in struct.iter_unpack(">IIII", index):
        if tag in _RPM_TAGS:
            number = kind == 4
            text = (
                str(struct.unpack_from(">I", store, offset)[0])
                if number
                else store[offset : store.index(b"\0", offset)].decode()
            )
            fields[_RPM_TAGS[tag]] = text
    return fields, size


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
