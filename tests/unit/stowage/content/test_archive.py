# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

import pytest

from stowage.content import ContentError
from stowage.content.archive import read_archive

LAYERS = ["sha256:" + "a" * 64, "sha256:" + "b" * 64]


def blob(document):
    content = json.dumps(document).encode()
    return "sha256:" + hashlib.sha256(content).hexdigest(), content


CONFIG_DIGEST, CONFIG = blob({"architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": LAYERS}})
MANIFEST_DIGEST, MANIFEST = blob({"schemaVersion": 2, "config": {"digest": CONFIG_DIGEST}, "layers": []})
NOTE_DIGEST, NOTE = blob({"schemaVersion": 2, "config": {"digest": "sha256:" + "0" * 64}, "layers": []})
INDEX_DIGEST, INDEX = blob(
    {
        "manifests": [
            {"digest": NOTE_DIGEST, "platform": {"architecture": "unknown", "os": "unknown"}},
            {"digest": "sha256:" + "1" * 64, "platform": {"architecture": "arm64", "os": "linux"}},
            {"digest": MANIFEST_DIGEST, "platform": {"architecture": "amd64", "os": "linux"}},
        ]
    }
)


def path_of(digest):
    return "blobs/sha256/" + digest[7:]


def legacy(config=CONFIG, tags=("web:1", "web:latest")):
    manifest = [{"Config": "c.json", "RepoTags": list(tags), "Layers": ["x/layer.tar"]}]
    return {"c.json": config, "x/layer.tar": b"\0" * 10240, "manifest.json": json.dumps(manifest).encode()}


def oci(top=MANIFEST_DIGEST, names=("docker.io/library/web:1",)):
    entries = [{"digest": top, "annotations": {"io.containerd.image.name": name}} for name in names]
    return {
        path_of(CONFIG_DIGEST): CONFIG,
        path_of(MANIFEST_DIGEST): MANIFEST,
        path_of(NOTE_DIGEST): NOTE,
        path_of(INDEX_DIGEST): INDEX,
        "oci-layout": b"{}",
        "index.json": json.dumps({"manifests": entries}).encode(),
    }


@pytest.fixture
def write(tmp_path):
    def make(files, *, compress=False, prefix=""):
        output = io.BytesIO()
        with tarfile.open(fileobj=output, mode="w") as tar:
            for name, content in files.items():
                member = tarfile.TarInfo(prefix + name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        path = tmp_path / "image.tar"
        path.write_bytes(gzip.compress(output.getvalue()) if compress else output.getvalue())
        return str(path)

    return make


@pytest.mark.parametrize("options", [{}, {"compress": True}, {"prefix": "./"}])
def test_legacy_layout(write, options):
    archive = read_archive(write(legacy(), **options))
    assert archive.tags == ("web:1", "web:latest")
    assert archive.image("web:latest") == archive.images[0] == (CONFIG_DIGEST, tuple(LAYERS), archive.tags)


@pytest.mark.parametrize("top", [MANIFEST_DIGEST, INDEX_DIGEST])
def test_oci_layout(write, top):
    archive = read_archive(write(oci(top)))
    assert archive.images == ((CONFIG_DIGEST, tuple(LAYERS), ("docker.io/library/web:1",)),)


def test_two_names_of_one_image_are_one_image(write):
    archive = read_archive(write(oci(names=("web:1", "web:2"))))
    assert archive.images == ((CONFIG_DIGEST, tuple(LAYERS), ("web:1", "web:2")),)


def test_the_digest_is_of_the_images_not_of_the_file(write):
    plain = read_archive(write(legacy())).digest
    assert read_archive(write(legacy(), compress=True)).digest == plain
    assert read_archive(write(legacy(tags=("web:2",)))).digest != plain


def test_several_images_need_the_right_name(write):
    other_digest, other = blob({"rootfs": {"diff_ids": LAYERS[:1]}})
    files = legacy()
    manifest = json.loads(files["manifest.json"])
    files["d.json"] = other
    files["manifest.json"] = json.dumps([*manifest, {"Config": "d.json", "RepoTags": ["db:1"]}]).encode()
    archive = read_archive(write(files))
    assert archive.image("db:1").id == other_digest
    with pytest.raises(ContentError, match="no image named cache:1; it holds web:1, web:latest, db:1"):
        archive.image("cache:1")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"readme": b"x"}, "neither manifest.json nor index.json"),
        ({"manifest.json": b"[]"}, "holds no image"),
        ({"manifest.json": b"[1, 2]"}, "holds no image"),
        ({"manifest.json": b"no json"}, "no JSON document"),
        ({"manifest.json": b'[{"Config": "gone.json"}]'}, "gone.json is missing"),
        (legacy(config=b'{"rootfs": {}}'), "names no layers"),
        (legacy(config=b"[]"), "names no layers"),
        (legacy(config=b" " * (8 << 20) + b"{}"), "too large"),
    ],
)
def test_broken_archives(write, files, message):
    with pytest.raises(ContentError, match=message):
        read_archive(write(files))


def test_no_archive_at_all(tmp_path):
    (tmp_path / "x.tar").write_text("this is no tar")
    with pytest.raises(ContentError, match="no readable image archive"):
        read_archive(str(tmp_path / "x.tar"))
    with pytest.raises(ContentError, match="No such file"):
        read_archive(str(tmp_path / "missing.tar"))
