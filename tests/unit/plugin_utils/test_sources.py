# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import copy
import io
import json
import tarfile
from pathlib import Path

import pytest

from plugins.module_utils.stowage.content import ContentError
from plugins.module_utils.stowage.manifest import read_manifest
from plugins.plugin_utils.sources import Sources


@pytest.fixture
def files(tmp_path):
    web = tmp_path / "web"
    web.mkdir()
    (web / "Dockerfile").write_text("FROM scratch\n")
    (web / "page").write_text("hello")
    (tmp_path / "Other").write_text("FROM scratch\n")
    config = json.dumps({"rootfs": {"diff_ids": ["sha256:" + "a" * 64]}}).encode()
    manifest = json.dumps([{"Config": "c.json", "RepoTags": ["db:1"]}]).encode()
    with tarfile.open(tmp_path / "db.tar", "w") as tar:
        for name, content in (("c.json", config), ("manifest.json", manifest)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return tmp_path


def read(manifest, files):
    def find(path):
        if not (files / path).exists():
            raise ContentError(f"{path} is nowhere")
        return str(files / path)

    return Sources(manifest, find)


def test_a_context_gets_its_digest(files):
    manifest = {"images": {"web:1": {"build": {"context": "web", "args": {"A": "b"}}}}}
    sources = read(manifest, files)
    build = manifest["images"]["web:1"]["build"]
    assert sources.problems == []
    assert sources.digests == [build["digest"]]
    assert {**build, "digest": ""} == {"context": "web", "args": {"A": "b"}, "digest": "", "dockerfile": "Dockerfile"}
    before = build["digest"]
    (files / "web" / "page").write_text("other")
    again = {"images": {"web:1": {"build": {"context": "web"}}}}
    assert read(again, files).digests != [before]


def test_the_short_syntax_of_build_is_its_context(files):
    short, long = {"images": {"web:1": {"build": "web"}}}, {"images": {"web:1": {"build": {"context": "web"}}}}
    assert read(short, files).digests == read(long, files).digests
    assert short == long


@pytest.mark.parametrize("extra", [{"dockerfile": "../Other"}, {"dockerfile_inline": "FROM scratch\n"}])
def test_a_foreign_dockerfile_travels_with_the_context(files, extra):
    manifest = {"images": {"web:1": {"build": {"context": "web", **extra}}}}
    sources = read(manifest, files)
    build = manifest["images"]["web:1"]["build"]
    assert set(build) == {"context", "digest", "dockerfile"}
    with tarfile.open(sources.file(build["digest"], files)) as tar:
        assert build["dockerfile"] in tar.getnames()


def test_a_packed_context_is_reproducible(files, tmp_path):
    manifest = {"images": {"web:1": {"build": {"context": "web"}}}}
    packed = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        sources = read(copy.deepcopy(manifest), files)
        path = sources.file(sources.digests[0], tmp_path / name)
        packed.append(Path(path).read_bytes())
        with tarfile.open(path, "r:gz") as tar:
            assert tar.getnames() == ["Dockerfile", "page"]
    assert packed[0] == packed[1]


def test_an_archive_gets_its_digest_and_layers_and_is_sent_as_it_is(files):
    manifest = {"images": {"db:1": {"load": {"path": "db.tar"}}}}
    sources = read(manifest, files)
    load = manifest["images"]["db:1"]["load"]
    assert load["layers"] == ["sha256:" + "a" * 64]
    assert sources.file(load["digest"], files) == str(files / "db.tar")


@pytest.mark.parametrize(
    "manifest",
    [
        {},
        {"images": None},
        {"images": ["web:1"]},
        {"images": {"web:1": None}},
        {"images": {"web:1": {"build": {}}}},
        {"images": {"web:1": {"build": {"context": 5}}}},
        {"images": {"web:1": {"build": {"context": "web", "remote_src": True}}}},
        {"images": {"web:1": {"load": {"path": "db.tar", "remote_src": True}}}},
        {"images": {"web:1": {"build": {"context": "web"}, "state": "absent"}}},
        {"images": {"web:1": {"pull": "always"}}},
    ],
)
def test_what_is_not_here_or_not_well_formed_is_left_to_the_host(files, manifest):
    before = copy.deepcopy(manifest)
    sources = read(manifest, files)
    assert (manifest, sources.digests, sources.problems) == (before, [], [])


@pytest.mark.parametrize(
    ("entry", "path", "message"),
    [
        ({"build": {"context": "gone"}}, '$.images["web:1"].build', "gone is nowhere"),
        ({"build": {"context": "web", "dockerfile": "No"}}, '$.images["web:1"].build', "no such Dockerfile"),
        ({"build": {"context": "https://example.net/web.git"}}, '$.images["web:1"].build', "contexts are folders"),
        ({"load": {"path": "gone.tar"}}, '$.images["web:1"].load', "gone.tar is nowhere"),
        ({"load": {"path": "web/page"}}, '$.images["web:1"].load', "no readable image archive"),
    ],
)
def test_what_cannot_be_used_is_named_and_the_rest_read_on(files, entry, path, message):
    manifest = {"images": {"web:1": entry, "db:1": {"load": {"path": "db.tar"}}}}
    sources = read(manifest, files)
    (problem,) = sources.problems
    assert problem["path"] == path
    assert message in problem["message"]
    assert len(sources.digests) == 1
    # The host has nothing to say about what could not be read here.
    assert read_manifest({"version": 1, **manifest})[1] == []


# -- files of stacks ---------------------------------------------------------------------------------


def holding(contents, files):
    return Sources({}, str, {f"sha256:{n}": content for n, content in enumerate(contents)})


def test_contexts_of_stacks_are_hashed_too(files):
    build = {"build": {"context": "web"}}
    manifest = {
        "images": {"web:1": dict(build)},
        "stacks": {"shop": {"images": {"shop-web": {"build": {"context": "web"}}}}},
    }
    sources = read(manifest, files)
    found = manifest["stacks"]["shop"]["images"]["shop-web"]["build"]["digest"]
    assert found == manifest["images"]["web:1"]["build"]["digest"]
    assert sources.digests == [found]
    wrong = {"stacks": {"shop": {"images": {"shop-web": {"build": {"context": "gone"}}}}}}
    (problem,) = read(wrong, files).problems
    assert problem["path"] == '$.stacks.shop.images["shop-web"].build'


def test_small_contents_go_along_with_the_request(files, tmp_path):
    path = tmp_path / "page"
    path.write_text("hello")
    sources = holding([b"secret", path], files)
    assert sources.digests == ["sha256:0", "sha256:1"]
    small, rest = sources.split(["sha256:0", "sha256:1"])
    assert {name: base64.b64decode(text) for name, text in small.items()} == {
        "sha256:0": b"secret",
        "sha256:1": b"hello",
    }
    assert rest == []
    assert sources.split(["sha256:1"])[0].keys() == {"sha256:1"}


def test_large_contents_and_what_is_packed_travel_on_their_own(files):
    sources = holding([b"x" * ((1 << 20) + 1), b"y" * (1 << 20)], files)
    small, rest = sources.split(["sha256:0", "sha256:1", "sha256:context"])
    assert list(small) == ["sha256:1"]
    assert rest == ["sha256:0", "sha256:context"]


def test_a_request_has_an_end(files):
    sources = holding([bytes([n]) * (1 << 20) for n in range(10)], files)
    small, rest = sources.split(sources.digests)
    assert (len(small), len(rest)) == (8, 2)


def test_a_file_to_transfer(files, tmp_path):
    page = tmp_path / "page"
    page.write_text("hello")
    sources = holding([b"secret", page], files)
    assert sources.file("sha256:1", tmp_path) == str(page)
    assert Path(sources.file("sha256:0", tmp_path)).read_bytes() == b"secret"
