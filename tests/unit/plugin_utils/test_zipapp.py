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


@pytest.mark.slow
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


@pytest.fixture
def command(tmp_path):
    """The packed file, run by a user whose cache is empty."""
    path = tmp_path / "stowage"
    path.write_bytes(zipapp.pack_runtime(interpreter=f"{sys.executable} -I"))
    path.chmod(0o755)

    def run(*arguments, program=(path,)):
        environment = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
        return subprocess.run(
            [*program, *arguments], env=environment, capture_output=True, text=True, check=True
        ).stdout

    run.path = path
    return run


def test_the_file_is_the_command(command):
    assert command("--version").startswith("stowage ")


def test_the_second_start_compiles_nothing(command):
    command("--version")
    with zipfile.ZipFile(command.path) as archive:
        main = archive.read("__main__.py")
    with zipfile.ZipFile(command.path, "w") as archive:
        archive.writestr("__main__.py", main)  # and no sources
    assert command("--version", program=(sys.executable, "-I", command.path)).startswith("stowage ")


def test_the_file_knows_what_it_was_made_of(command):
    program = f"import sys; sys.argv[:] = ['stowage', '--version']; sys.path.insert(0, {str(command.path)!r})\n"
    program += "import runpy\ntry: runpy.run_path(sys.path[0], run_name='__main__')\nexcept SystemExit: pass\n"
    program += "import stowage; print(stowage.DIGEST)"
    shown = command("-c", program, program=(sys.executable,))
    assert shown.splitlines()[-1] == zipapp.runtime_digest()


def test_nothing_of_the_working_folder_is_run(command, tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise ImportError('the working folder is on the path')\n")
    monkeypatch.chdir(tmp_path)
    assert command("--version", program=(sys.executable, str(command.path))).startswith("stowage ")


def test_the_zip_holds_a_launcher_and_the_squeezed_sources():
    with zipfile.ZipFile(io.BytesIO(zipapp.pack_runtime())) as archive:
        members = archive.infolist()
        sources = json.loads(zlib.decompress(archive.read("runtime.z")))
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}
    assert [member.filename for member in members] == ["__main__.py", "runtime.z"]
    assert {"stowage/agent/service.py", "stowage/cli/__init__.py", "stowage/request.py"} < set(sources)


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
