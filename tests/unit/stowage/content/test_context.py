# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import os
import socket
import tarfile

import pytest

from stowage.content import ContentError
from stowage.content import context as module
from stowage.content.context import FOREIGN_DOCKERFILE, Context


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "web"
    (root / "src" / "deep").mkdir(parents=True)
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (root / "src" / "run.sh").write_text("#!/bin/sh\n")
    (root / "src" / "run.sh").chmod(0o755)
    (root / "src" / "deep" / "data").write_bytes(b"\0" * 5000)
    (root / "link").symlink_to("src/run.sh")
    (root / "notes.md").write_text("notes")
    return root


def members(context):
    output = io.BytesIO()
    context.pack(output)
    output.seek(0)
    with tarfile.open(fileobj=output) as tar:
        return {member.name: member for member in tar.getmembers()}


def test_members_are_normal_and_sorted(tree):
    found = members(Context(str(tree)))
    assert list(found) == ["Dockerfile", "link", "notes.md", "src", "src/deep", "src/deep/data", "src/run.sh"]
    assert {(m.uid, m.gid, m.mtime, m.uname, m.gname) for m in found.values()} == {(0, 0, 0, "", "")}
    assert found["src/run.sh"].mode == 0o755
    assert found["Dockerfile"].mode == 0o644
    assert found["link"].linkname == "src/run.sh"
    assert found["src/deep/data"].size == 5000


def test_same_files_same_bytes(tree, tmp_path):
    one, two = io.BytesIO(), io.BytesIO()
    Context(str(tree)).pack(one)
    for path in tree.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    (tree / "notes.md").chmod(0o600)
    digest = Context(str(tree)).digest
    tree.rename(tmp_path / "elsewhere")
    Context(str(tmp_path / "elsewhere")).pack(two)
    assert one.getvalue() == two.getvalue()
    assert Context(str(tmp_path / "elsewhere")).digest == digest


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: (tree / "notes.md").write_text("other"),
        lambda tree: (tree / "notes.md").chmod(0o755),
        lambda tree: (tree / "notes.md").rename(tree / "renamed.md"),
        lambda tree: (tree / "new").mkdir(),
        lambda tree: [(tree / "link").unlink(), (tree / "link").symlink_to("notes.md")],
        lambda tree: [(tree / "link").unlink(), (tree / "link").write_text("src/run.sh")],
        lambda tree: (tree / "Dockerfile").write_text("FROM scratch\n"),
        lambda tree: (tree / ".dockerignore").write_text("src"),
    ],
)
def test_what_a_build_can_see_changes_the_digest(tree, change):
    before = Context(str(tree)).digest
    change(tree)
    assert Context(str(tree)).digest != before


def test_ignored_files_do_not_count(tree):
    (tree / ".dockerignore").write_text("*.md\nsrc/deep\n.dockerignore\n")
    before = Context(str(tree)).digest
    assert list(members(Context(str(tree)))) == [".dockerignore", "Dockerfile", "link", "src", "src/run.sh"]
    (tree / "notes.md").unlink()
    (tree / "src" / "deep" / "more").write_text("x")
    (tree / ".dockerignore").write_text("*.md\nsrc/deep\n.dockerignore\n# and a comment\n")
    assert Context(str(tree)).digest == before


def test_a_kept_file_brings_its_ignored_folders(tree):
    (tree / ".dockerignore").write_text("*\n!src/deep/data\n")
    found = members(Context(str(tree)))
    assert list(found) == [".dockerignore", "Dockerfile", "src", "src/deep", "src/deep/data"]
    assert found["src"].isdir()


def test_an_exception_with_a_wildcard_is_looked_for_everywhere(tree):
    (tree / ".dockerignore").write_text("*\n!**/*.sh\n")
    assert list(members(Context(str(tree)))) == [".dockerignore", "Dockerfile", "src", "src/run.sh"]


def test_the_dockerfiles_own_ignore_file_comes_first(tree):
    (tree / ".dockerignore").write_text("src\n")
    (tree / "Dockerfile.dockerignore").write_text("notes.md\nlink\n*.dockerignore\n")
    assert "src/run.sh" in members(Context(str(tree)))
    assert "notes.md" not in members(Context(str(tree)))


def test_an_ignored_dockerfile_is_still_sent(tree):
    (tree / "docker").mkdir()
    (tree / "docker" / "Web[1]").write_text("FROM scratch\n")
    (tree / ".dockerignore").write_text("docker\n")
    context = Context(str(tree), "docker/Web[1]")
    assert context.dockerfile == "docker/Web[1]"
    assert "docker/Web[1]" in members(context)


@pytest.mark.parametrize("ignore", [None, "notes.md\n"])
def test_a_dockerfile_outside(tree, tmp_path, ignore):
    (tmp_path / "Outside").write_text("FROM scratch\nCOPY . /\n")
    if ignore:
        (tree / ".dockerignore").write_text(ignore)
    context = Context(str(tree), "../Outside")
    output = io.BytesIO()
    context.pack(output)
    output.seek(0)
    with tarfile.open(fileobj=output) as tar:
        assert context.dockerfile == FOREIGN_DOCKERFILE
        assert tar.extractfile(FOREIGN_DOCKERFILE).read() == b"FROM scratch\nCOPY . /\n"
        hidden = tar.extractfile(".dockerignore").read().decode()
    assert hidden == (ignore or ".dockerignore") + "\n" + FOREIGN_DOCKERFILE + "\n"
    before = context.digest
    (tmp_path / "Outside").write_text("FROM scratch\n")
    assert Context(str(tree), "../Outside").digest != before


def test_an_inline_dockerfile_needs_no_file(tree):
    (tree / "Dockerfile").unlink()
    context = Context(str(tree), inline="FROM scratch\n")
    assert context.dockerfile == FOREIGN_DOCKERFILE
    assert Context(str(tree), inline="FROM other\n").digest != context.digest


def test_names_that_are_no_text(tree):
    (tree / os.fsdecode(b"caf\xe9")).write_text("x")
    assert os.fsdecode(b"caf\xe9") in members(Context(str(tree)))
    assert Context(str(tree)).digest.startswith("sha256:")


def test_sockets_are_left_out_pipes_refused(tree, tmp_path, monkeypatch):
    monkeypatch.chdir(tree)
    before = Context(str(tree)).digest
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert Context(str(tree)).digest == before
    os.mkfifo(tree / "pipe")
    with pytest.raises(ContentError, match="pipe"):
        Context(str(tree))


def test_a_file_changed_in_between_is_noticed(tree):
    context = Context(str(tree))
    assert context.digest
    (tree / "notes.md").write_text("other")
    with pytest.raises(ContentError, match=r"notes\.md: changed"):
        context.pack(io.BytesIO())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("nowhere",), "no folder"), ((".", "Missing"), "Missing: there is no such Dockerfile")],
)
def test_what_is_missing_is_named(tree, monkeypatch, arguments, message):
    monkeypatch.chdir(tree)
    with pytest.raises(ContentError, match=message):
        Context(*arguments)


def test_bounds(tree, monkeypatch):
    monkeypatch.setattr(module, "MAX_ENTRIES", 3)
    with pytest.raises(ContentError, match="dockerignore"):
        Context(str(tree))
