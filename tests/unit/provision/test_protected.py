# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the engine's files are, and whether they are as they have to be."""

from __future__ import annotations

import grp
import os

import pytest

from provision.dockerd import Dockerd
from provision.files import Files, Standing
from provision.protected import PROTECTED, Protection, find_protected, protections


@pytest.mark.parametrize(
    ("mode", "closed"), [(0o644, True), (0o640, True), (0o400, True), (0o664, False), (0o645, False), (0o1644, False)]
)
def test_stricter_is_closed_too(mode, closed):
    assert Protection("root", "root", 0o644).closed(Standing(mode, "root", "root", "file", 1)) is closed


@pytest.mark.parametrize(("owner", "group", "owned"), [("root", "docker", True), ("root", "root", False)])
def test_owner_and_group_count(owner, group, owned):
    assert PROTECTED["docker.sock"].owned(Standing(0o660, owner, group, "other", 0)) is owned


@pytest.fixture
def files(tmp_path):
    return Files(str(tmp_path))


def test_files_are_found_where_the_daemon_was_told(files):
    for path in ("/srv/ca.pem", "/srv/key.pem", "/etc/docker/certs.d/hub/ca.crt", "/etc/docker/certs.d/hub/c.key"):
        files.write(path, "")
    found = find_protected(
        files, Dockerd({"tlscacert": ("/srv/ca.pem",)}, {"tlskey": "/srv/key.pem", "tlscert": "/no"})
    )
    assert {name: paths for name, paths in found.items() if paths} == {
        "TLS CA certificate": ["/srv/ca.pem"],
        "TLS key": ["/srv/key.pem"],
        "registry certificates": ["/etc/docker/certs.d/hub/ca.crt"],
        "registry keys": ["/etc/docker/certs.d/hub/c.key"],
        "/etc/docker": ["/etc/docker"],
    }
    assert set(found) == set(PROTECTED)


def test_links_are_followed_and_a_masked_unit_is_none(files, tmp_path):
    files.write("/srv/real.pem", "")
    (tmp_path / "srv/ca.pem").symlink_to("real.pem")
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/systemd/system/docker.service").symlink_to("/dev/null")
    found = find_protected(files, Dockerd({"tlscacert": ("/srv/ca.pem",)}))
    assert found["TLS CA certificate"] == ["/srv/real.pem"]
    assert found["docker.service"] == []


def test_an_own_unit_counts_before_the_packages(files):
    for folder in ("/lib/systemd/system", "/etc/systemd/system"):
        files.write(f"{folder}/docker.service", "")
    assert find_protected(files, Dockerd())["docker.service"] == ["/etc/systemd/system/docker.service"]


def test_the_socket_is_for_the_group_that_the_engine_was_told():
    assert protections(Dockerd()) == PROTECTED
    found = protections(Dockerd(settings={"group": "ops"}))
    assert found["docker.sock"] == Protection("root", "ops", 0o660)
    assert {name for name in PROTECTED if found[name] != PROTECTED[name]} == {"docker.sock"}


def test_a_group_that_is_told_by_its_number_has_a_name():
    known, unknown = str(os.getgid()), str(2**31 - 5)
    assert protections(Dockerd({"group": (known,)}))["docker.sock"].group == grp.getgrgid(os.getgid()).gr_name
    assert protections(Dockerd({"group": (unknown,)}))["docker.sock"].group == unknown
