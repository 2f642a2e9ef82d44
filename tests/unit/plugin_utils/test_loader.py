# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import sys
import zlib

import pytest

from plugins.plugin_utils import loader

SOURCES = {
    "stowage/__init__.py": 'DIGEST = ""\n',
    "stowage/parts/__init__.py": "from .double import double\n",
    "stowage/parts/double.py": "def double(number):\n    return 2 * number\n",
}


class Cache:
    """The cache in a folder of the test's own."""

    def __init__(self, folder):
        self.folder = folder / "stowage"

    def runtime(self, digest="d1"):
        return loader.Runtime(lambda: zlib.compress(json.dumps(SOURCES).encode()), digest)

    def load(self, runtime, name):
        spec = runtime.find_spec(name)
        module = type(sys)(name)
        module.__spec__ = spec
        runtime.exec_module(module)
        return module

    def files(self):
        return sorted(path.name for path in self.folder.glob("*"))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(loader, "_cache_path", lambda digest: f"{tmp_path}/stowage/code-{digest}")
    return Cache(tmp_path)


def test_compiled_code_is_kept_and_used(cache):
    runtime = cache.runtime()
    cache.load(runtime, "stowage.parts.double")
    runtime.keep()
    assert cache.files() == ["code-d1"]
    assert cache.folder.stat().st_mode & 0o777 == 0o700
    assert (cache.folder / "code-d1").stat().st_mode & 0o777 == 0o600
    again = cache.runtime()
    assert set(again._codes) == {"stowage/parts/double.py"}
    again._squeezed = b""  # what was kept needs no sources
    assert cache.load(again, "stowage.parts.double").double(4) == 8
    before = (cache.folder / "code-d1").stat().st_mtime_ns
    again.keep()
    assert (cache.folder / "code-d1").stat().st_mtime_ns == before


def test_what_a_later_run_compiles_is_added(cache):
    runtime = cache.runtime()
    cache.load(runtime, "stowage")
    runtime.keep()
    runtime = cache.runtime()
    cache.load(runtime, "stowage.parts.double")
    runtime.keep()
    assert set(cache.runtime()._codes) == {"stowage/__init__.py", "stowage/parts/double.py"}


def test_another_version_takes_the_place(cache):
    for digest in ("d1", "d2"):
        runtime = cache.runtime(digest)
        cache.load(runtime, "stowage")
        runtime.keep()
    assert cache.files() == ["code-d2"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-3]),
        lambda path: path.write_bytes(b""),
        lambda path: path.chmod(0o620),
        lambda path: path.parent.chmod(0o770),
        lambda path: [path.rename(path.with_name("other")), path.symlink_to("other")],
    ],
)
def test_code_that_cannot_be_trusted_is_not_run(cache, spoil):
    runtime = cache.runtime()
    cache.load(runtime, "stowage")
    runtime.keep()
    spoil(cache.folder / "code-d1")
    assert cache.runtime()._codes == {}


def test_a_folder_of_others_is_not_written_to(cache):
    cache.folder.mkdir()
    cache.folder.chmod(0o777)
    runtime = cache.runtime()
    cache.load(runtime, "stowage")
    runtime.keep()
    assert cache.files() == []


def test_the_package_learns_what_it_was_made_of(cache):
    assert cache.load(cache.runtime("d7"), "stowage").DIGEST == "d7"


def test_a_runtime_that_rests_holds_nothing_and_loads_from_what_was_kept(cache):
    first = cache.runtime()
    for name in ("stowage", "stowage.parts.double"):
        cache.load(first, name)
    first.keep()
    resting = cache.runtime()
    resting.rest()
    resting._squeezed = None  # no source is needed
    assert resting._codes == {}
    assert cache.load(resting, "stowage.parts.double").double(4) == 8
    assert resting._codes == {}


def test_a_runtime_that_rested_leaves_what_was_kept(cache):
    """It serves for months, and the next start shall not compile everything anew."""
    first = cache.runtime()
    cache.load(first, "stowage.parts.double")
    first.keep()
    resting = cache.runtime()
    resting.rest()
    resting.keep()
    assert set(cache.runtime()._codes) == {"stowage/parts/double.py"}
