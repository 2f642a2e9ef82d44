# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
import zipfile
import zlib

import pytest

from plugins.plugin_utils import zipapp

SOURCE = '''# header
"""Module docstring
over two lines, with "quotes".
"""
from __future__ import annotations
X = "# no comment"  # a comment, äöü
Y = """not
a docstring"""
class A:  # comment
    """Only a docstring."""
def f(x):
    """Docstring."""; y = x
    # comment
    return y  # ü
async def g(): "one line"
Ä = "ü"  # behind something wide
'''


def without_docstrings(source):
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if hasattr(node, "body") and isinstance(node.body, list) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                first.value = ast.Constant("")
    return tree


def lines_of(tree):
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)]


def test_strip_takes_comments_and_docstrings_alone():
    stripped = zipapp.strip(SOURCE)
    assert "comment, " not in stripped
    assert "ocstring." not in stripped
    assert 'X = "# no comment"\n' in stripped
    assert 'Y = """not\na docstring"""\n' in stripped
    assert 'Ä = "ü"\n' in stripped
    assert ast.dump(without_docstrings(stripped)) == ast.dump(without_docstrings(SOURCE))
    assert lines_of(ast.parse(stripped)) == lines_of(ast.parse(SOURCE))


def test_strip_keeps_the_meaning_of_the_whole_runtime():
    for path in zipapp.runtime_folder().rglob("*.py"):
        source = path.read_text()
        stripped = zipapp.strip(source)
        assert ast.dump(without_docstrings(stripped)) == ast.dump(without_docstrings(source)), path
        assert lines_of(ast.parse(stripped)) == lines_of(ast.parse(source)), path


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "one" / "stowage"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text('"""The package."""\n')
    (folder / "inner" / "__init__.py").write_text("")
    (folder / "inner" / "deep.py").write_text("ANSWER = 42\n")
    (folder / "notes.txt").write_text("no source")
    return folder


def copy_otherwise(package, tmp_path):
    """The same sources, written in another order, at another time, with other modes."""
    other = tmp_path / "two" / "stowage"
    (other / "inner").mkdir(parents=True)
    for path in sorted((path for path in package.rglob("*.py")), reverse=True):
        target = other / path.relative_to(package)
        target.write_bytes(path.read_bytes())
        target.chmod(0o600)
        os.utime(target, (1, 1))
    return other


def test_same_sources_same_bytes(package, tmp_path):
    other = copy_otherwise(package, tmp_path)
    assert zipapp.pack_runtime(package) == zipapp.pack_runtime(other)
    assert zipapp.squeeze_runtime(folder=package) == zipapp.squeeze_runtime(folder=other)


def test_the_zip_runs_as_it_is(package, tmp_path):
    path = tmp_path / "runtime.zip"
    path.write_bytes(zipapp.pack_runtime(package))
    program = "from stowage.inner.deep import ANSWER; print(ANSWER)"
    environment = {**os.environ, "PYTHONPATH": str(path)}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert run.stdout == b"42\n"


def test_the_zip_is_the_command(tmp_path):
    command = tmp_path / "stowage"
    command.write_bytes(zipapp.pack_runtime())
    command.chmod(0o755)
    run = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("stowage ")


def test_the_zip_is_deflated_and_holds_sources_only():
    with zipfile.ZipFile(io.BytesIO(zipapp.pack_runtime())) as archive:
        members = archive.infolist()
    assert {member.compress_type for member in members if member.file_size} == {zipfile.ZIP_DEFLATED}
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}
    names = {member.filename for member in members}
    assert all(name.endswith(".py") for name in names)
    assert {name for name in names if not name.startswith("stowage/")} == {"__main__.py"}


def test_what_is_sent_is_small():
    """150 KB are allowed for `host` as a whole; the request itself is a few KB."""
    assert len(zipapp.squeeze_runtime().content) < 138_000


def test_squeezed_is_every_source(package):
    texts = json.loads(zlib.decompress(zipapp.squeeze_runtime(folder=package).content))
    assert texts == {
        "stowage/__init__.py": '""\n',
        "stowage/inner/__init__.py": "",
        "stowage/inner/deep.py": "ANSWER = 42\n",
    }


def test_the_cache_is_used_once_and_holds_one_version(package, tmp_path):
    cache = tmp_path / "cache"
    first = zipapp.squeeze_runtime(cache, package)
    (kept,) = cache.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert zipapp.squeeze_runtime(cache, package) == first
    (package / "inner" / "deep.py").write_text("ANSWER = 43\n")
    assert zipapp.squeeze_runtime(cache, package) != first
    assert [path != kept for path in cache.iterdir()] == [True]


@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(b"spoilt"), lambda path: path.chmod(0o666)])
def test_a_cache_that_cannot_be_trusted_is_made_anew(package, tmp_path, spoil):
    cache = tmp_path / "cache"
    first = zipapp.squeeze_runtime(cache, package)
    (kept,) = cache.iterdir()
    spoil(kept)
    assert zipapp.squeeze_runtime(cache, package) == first
    assert kept.read_bytes() == first.content
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_cache_that_cannot_be_written_is_done_without(package, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert zipapp.squeeze_runtime(tmp_path / "file" / "cache", package) == zipapp.squeeze_runtime(folder=package)
