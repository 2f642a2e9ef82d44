# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What packages say of themselves, read without a package manager."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import struct
import tarfile

import pytest

from plugins.module_utils.provision.errors import ProvisionError
from plugins.plugin_utils.package_files import Packages, parse_control, read

CONTROL = """\
Package: docker.io
Version: 26.1.5+dfsg1-9
Architecture: amd64
Depends: runc (>= 1.0),
 tini
Description: An engine
 that runs containers
"""


def deb(pack=lzma.compress, ending=".xz", control=CONTROL):
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as archive:
        entry = tarfile.TarInfo("./control")
        entry.size = len(control)
        archive.addfile(entry, io.BytesIO(control.encode()))
    content = b"!<arch>\n"
    for name, data in (
        ("debian-binary", b"2.0\n"),
        (f"control.tar{ending}", pack(inner.getvalue())),
        ("data.tar.xz", b"x" * 9),
    ):
        content += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
        )
    return content


def rpm_header(fields):
    index, store = b"", b""
    for tag, value in fields:
        if isinstance(value, int):
            store += b"\0" * (-len(store) % 4)
            index += struct.pack(">IIII", tag, 4, len(store), 1)
            store += struct.pack(">I", value)
        else:
            index += struct.pack(">IIII", tag, 6, len(store), 1)
            store += value.encode() + b"\0"
    return b"\x8e\xad\xe8\x01" + b"\0" * 4 + struct.pack(">II", len(fields), len(store)) + index + store


def rpm(epoch=3):
    signatures = rpm_header([(1000, "signed")])
    named = [
        (1000, "docker-ce"),
        (1001, "28.5.2"),
        (1002, "1.el9"),
        (1022, "x86_64"),
        *([(1003, epoch)] if epoch is not None else []),
    ]
    return (
        b"\xed\xab\xee\xdb".ljust(96, b"\0")
        + signatures
        + b"\0" * (-(len(signatures) - 16 - 16) % 8)
        + rpm_header(named)
    )


@pytest.mark.parametrize(("pack", "ending"), [(lzma.compress, ".xz"), (gzip.compress, ".gz"), (bytes, "")])
def test_a_deb(tmp_path, pack, ending):
    path = tmp_path / "docker.io_26.1.5_amd64.deb"
    path.write_bytes(deb(pack, ending))
    assert read(path) == {
        "Package": "docker.io",
        "Version": "26.1.5+dfsg1-9",
        "Architecture": "amd64",
        "Depends": "runc (>= 1.0),\n tini",
        "Filename": path.name,
        "Size": str(path.stat().st_size),
    }


@pytest.mark.parametrize(("epoch", "version"), [(3, "3:28.5.2-1.el9"), (0, "28.5.2-1.el9"), (None, "28.5.2-1.el9")])
def test_an_rpm(tmp_path, epoch, version):
    path = tmp_path / "docker-ce.rpm"
    path.write_bytes(rpm(epoch))
    found = read(path)
    assert (found["Package"], found["Version"], found["Architecture"]) == ("docker-ce", version, "x86_64")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.deb", b""),
        ("a.deb", b"!<arch>\n"),
        ("a.deb", deb()[:90]),
        ("a.deb", deb(control="Version: 1\n")),
        ("a.rpm", b"!<arch>\n"),
        ("a.rpm", rpm()[:120]),
    ],
)
def test_what_is_no_package(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ProvisionError, match=f"{name} is no package that can be read"):
        read(path)


def test_a_folder(tmp_path):
    (tmp_path / "a.deb").write_bytes(deb())
    (tmp_path / "README").write_text("no package")
    packages = Packages(tmp_path)
    assert [offer["Filename"] for offer in packages.offers([])] == ["a.deb"]
    assert "SHA256" not in packages.offers([])[0]
    assert packages.offers(["a.deb"])[0]["SHA256"] == hashlib.sha256(deb()).hexdigest()


def test_a_folder_without_packages(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(ProvisionError, match="holds no packages"):
            Packages(folder)


def test_descriptions_stay_behind():
    assert "Description" not in parse_control(CONTROL)
