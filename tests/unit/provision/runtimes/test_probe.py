# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image for the proof, made of this machine's own files."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile

import pytest

from provision.commands import Commands, Done
from provision.errors import ProvisionError
from provision.runtimes.probe import make_probe


def files_of(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {entry.name: opened.extractfile(entry).read() for entry in opened if entry.isfile()}


def test_the_program_runs_with_nothing_but_what_the_image_holds(tmp_path):
    """Its loader, told to look nowhere else, finds every library in the layer."""
    probe = make_probe(Commands())
    layer = files_of(files_of(probe.archive)["layer.tar"])
    for path, content in layer.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
        (tmp_path / path).chmod(0o755)
    program = str(tmp_path / probe.command[0].lstrip("/"))
    loader = next((path for path in layer if "/ld-" in path), None)
    folders = ":".join({str((tmp_path / path).parent) for path in layer})
    command = [str(tmp_path / loader), "--library-path", folders, program] if loader else [program]
    done = subprocess.run([*command, "-r"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == os.uname().release


def test_the_same_files_make_the_same_image():
    assert make_probe(Commands()) == make_probe(Commands())


def test_the_image_is_named_and_labelled_as_ours():
    probe = make_probe(Commands())
    parts = files_of(probe.archive)
    manifest = json.loads(parts["manifest.json"])[0]
    assert manifest["RepoTags"] == [probe.image]
    assert json.loads(parts[manifest["Config"]])["config"]["Labels"] == {"io.stowage.proof": "runtime"}


class Static(Commands):
    """A host whose uname needs no libraries (musl, busybox): ldd says so and fails."""

    def run(self, *argv, text=None, timeout=None, environment=None):
        return Done(1, "\tnot a dynamic executable\n", "")


def test_a_static_program_needs_nothing_else():
    layer = files_of(files_of(make_probe(Static()).archive)["layer.tar"])
    assert list(layer) == [Static().find("uname").lstrip("/")]


def test_a_host_without_uname():
    with pytest.raises(ProvisionError, match="uname"):
        make_probe(Commands("/nonexistent"))
