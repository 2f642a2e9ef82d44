# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the files of a project lie, here and on the host, and which of them are brought."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from plugins.module_utils.stowage.content import ContentError
from plugins.plugin_utils import project_files
from plugins.plugin_utils.project_files import ProjectFiles

PLACE = "/srv/shop"


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "project"
    for path, text in {"www/index.html": "hi", "www/b/c": "c", "app.conf": "conf", ".git/HEAD": "ref"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
        (folder / path).chmod(0o644)
    (folder / "www/empty").mkdir(mode=0o750)
    (folder / "www/empty").chmod(0o750)
    (tmp_path / "outside").write_text("outside")
    return folder


@pytest.fixture
def files(here):
    return ProjectFiles(here, PLACE)


def digest(text):
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def mount(source, kind="bind"):
    return {"volumes": [{"type": kind, "source": source, "target": "/x"}]}


# -- where paths lead --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bind", "config", "secret"])
@pytest.mark.parametrize(
    ("folder", "written", "expected"),
    [
        (".", "./www", f"{PLACE}/www"),
        (".", "www/../app.conf", f"{PLACE}/app.conf"),
        (".", ".", PLACE),
        (".", "./", PLACE),
        ("sub", "../app.conf", f"{PLACE}/app.conf"),
        ("sub", "x", f"{PLACE}/sub/x"),
        (".", "..data", f"{PLACE}/..data"),
        (".", "/etc/hosts", "/etc/hosts"),
        (".", "/var//lib/../log/", "/var/log"),
    ],
)
def test_what_is_mounted_lies_on_the_host(files, here, kind, folder, written, expected):
    assert files.resolve(kind, here / folder, written) == expected


@pytest.mark.parametrize("kind", ["env_file", "build", "extends"])
def test_what_is_read_lies_here(files, here, kind):
    assert files.resolve(kind, here, "../x/./y") == str(here.parent / "x/y")
    assert files.resolve(kind, here, "/abs") == "/abs"


@pytest.mark.parametrize("written", ["..", "../outside", "www/../../outside"])
def test_out_of_the_project_there_is_nothing_on_the_host(files, here, written):
    with pytest.raises(ValueError, match="leads out of the project directory"):
        files.resolve("bind", here, written)


@pytest.mark.parametrize("kind", ["bind", "build"])
def test_nobody_knows_whose_home_is_meant(files, here, kind):
    with pytest.raises(ValueError, match="begins with ~"):
        files.resolve(kind, here, "~/data")


@pytest.mark.parametrize("kind", ["env_file", "build"])
def test_what_is_read_needs_a_place_to_be_read_from(kind):
    with pytest.raises(ValueError, match="a definition has no project directory"):
        ProjectFiles(None, PLACE).resolve(kind, Path("/"), "web")
    assert ProjectFiles(None, PLACE).resolve(kind, Path("/"), "/x/web") == "/x/web"


@pytest.mark.parametrize("kind", ["file", "watch"])
def test_what_is_only_named_may_lie_anywhere(files, here, kind):
    assert files.resolve(kind, here, "../other") == "/srv/other"


def test_a_project_without_files_has_its_paths_on_the_host_all_the_same():
    files = ProjectFiles(None, f"{PLACE}/")
    assert files.resolve("bind", Path("/"), "./data") == f"{PLACE}/data"
    assert files.on_host(Path("/tmp/definition")) == f"{PLACE}/definition"
    assert not files.take("data")
    files.take_mounts(mount(f"{PLACE}/data"))
    assert files.files == {}


@pytest.mark.parametrize(
    ("file", "expected"), [("compose.yaml", f"{PLACE}/compose.yaml"), ("../base.yaml", "/srv/base.yaml")]
)
def test_compose_files_on_the_host(files, here, file, expected):
    assert files.on_host(here / file) == expected


# -- what is brought ---------------------------------------------------------------------------------


def test_a_file(files, here):
    files.take_mounts(mount(f"{PLACE}/app.conf"))
    assert files.files == {"app.conf": {"digest": digest("conf"), "mode": 0o644}}
    assert files.contents == {digest("conf"): here / "app.conf"}


def test_a_folder_with_all_in_it(files):
    files.take_mounts(mount(f"{PLACE}/www"))
    assert files.files == {
        "www/index.html": {"digest": digest("hi"), "mode": 0o644},
        "www/b/c": {"digest": digest("c"), "mode": 0o644},
        "www/empty": {"digest": "", "mode": 0o750},
    }


def test_the_project_itself_but_for_its_history(files):
    files.take_mounts(mount(PLACE))
    assert set(files.files) == {"app.conf", "www/index.html", "www/b/c", "www/empty"}


@pytest.mark.parametrize(
    "service",
    [
        mount("/etc/hosts"),
        mount("/srv/shopping/app.conf"),
        mount(f"{PLACE}/app.conf", "volume"),
        mount(f"{PLACE}/not/there"),
        {"volumes": [{"type": "tmpfs", "target": "/x"}]},
        {"volumes": None},
        {},
    ],
)
def test_what_is_not_of_the_project(files, service):
    files.take_mounts(service)
    assert (files.files, files.contents) == ({}, {})


def test_modes_come_along_and_what_is_taken_twice_is_there_once(files, here):
    (here / "app.conf").chmod(0o4755)
    files.take_mounts(mount(f"{PLACE}/app.conf"))
    files.take_mounts(mount(f"{PLACE}/app.conf"))
    assert files.files["app.conf"]["mode"] == 0o4755


def test_a_folder_that_several_services_mount_is_walked_once(files, monkeypatch):
    walked = []
    monkeypatch.setattr(project_files.os, "walk", lambda top, onerror, walk=os.walk: (walked.append(top), walk(top))[1])
    for source in (f"{PLACE}/www", f"{PLACE}/www", f"{PLACE}/www/b", f"{PLACE}/www/b"):
        files.take_mounts(mount(source))
    assert [folder.name for folder in walked] == ["www", "b"]
    assert set(files.files) == {"www/index.html", "www/b/c", "www/empty"}


def test_a_link_within_the_project_is_the_file_it_leads_to(files, here):
    (here / "www/link").symlink_to(here / "app.conf")
    assert files.take("www")
    assert files.files["www/link"]["digest"] == digest("conf")


@pytest.mark.parametrize(
    ("link", "to", "take"),
    [
        ("link", "../outside", "link"),
        ("link", "..", "link/outside"),
        ("www/link", "../../outside", "www"),
        ("www/link", "b", "www"),
        ("www/link", "..", "www"),
    ],
)
def test_a_link_out_of_the_project_or_to_a_folder_is_refused(files, here, link, to, take):
    (here / link).symlink_to(to)
    with pytest.raises(ContentError, match=r"symbolic link"):
        files.take(take)


def test_a_link_to_nowhere_and_a_pipe_are_left_out(files, here):
    os.mkfifo(here / "www/pipe")
    (here / "www/broken").symlink_to("nowhere")
    assert files.take("www")
    assert not {"www/pipe", "www/broken"} & set(files.files)


def test_a_vault_is_brought_opened(here):
    (here / "app.conf").write_text("$ANSIBLE_VAULT;1.1;AES256\n6162")
    files = ProjectFiles(here, PLACE, lambda path: f"opened {path.name}".encode())
    assert files.take("app.conf")
    assert files.files["app.conf"]["digest"] == digest("opened app.conf")
    assert files.contents == {digest("opened app.conf"): b"opened app.conf"}


@pytest.mark.parametrize(("most", "value"), [("MOST_FILES", 1), ("MOST_BYTES", 2)])
def test_there_is_an_end(files, monkeypatch, most, value):
    monkeypatch.setattr(project_files, most, value)
    with pytest.raises(ContentError, match="keep data in volumes"):
        files.take("www")


def test_content_that_is_no_file(files):
    files.keep(".stowage/secrets/pw", b"s3cret", 0o444)
    assert files.files == {".stowage/secrets/pw": {"digest": digest("s3cret"), "mode": 0o444}}
    assert files.contents == {digest("s3cret"): b"s3cret"}


def test_a_large_file_has_the_digest_of_all_of_it(files, here):
    text = "x" * (3 << 20)
    (here / "large").write_text(text)
    files.take("large")
    assert files.files["large"]["digest"] == digest(text)
