# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine's data: found where it is, looked at twice, and removed without what is mounted in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.commands import Commands, Done
from provision.errors import ProvisionError
from provision.files import Files
from provision.packages import data


@pytest.fixture
def files(tmp_path):
    return Files(str(tmp_path))


def configure(files, text):
    files.write("/etc/docker/daemon.json", text)


def test_an_empty_host_has_none(files):
    assert data.roots(files, "docker", with_containerd=True) == []
    assert data.roots(files, "podman", with_containerd=True) == []


def test_what_engines_keep(files):
    for path in ("/var/lib/docker/engine-id", "/var/lib/containerd/x", "/etc/docker/key.json", "/var/lib/containers/x"):
        files.write(path, "")
    assert data.roots(files, "docker", with_containerd=True) == [
        "/var/lib/docker",
        "/var/lib/containerd",
        "/etc/docker",
    ]
    assert data.roots(files, "docker", with_containerd=False) == ["/var/lib/docker", "/etc/docker"]
    assert data.roots(files, "podman", with_containerd=False) == ["/var/lib/containers"]


def test_data_that_is_elsewhere(files):
    configure(files, '{"data-root": "/srv/docker/"}')
    files.write("/srv/docker/image/x", "")
    assert data.roots(files, "docker", with_containerd=False) == ["/srv/docker", "/etc/docker"]


@pytest.mark.parametrize("text", ['{"data-root": "/srv"}', '{"data-root": "/"}', '{"data-root": "/srv/../home"}'])
def test_a_folder_that_is_no_engines(files, text):
    configure(files, text)
    files.write("/srv/photos/x", "")
    files.write("/home/x", "")
    with pytest.raises(ProvisionError, match="does not look like an engine's data"):
        data.roots(files, "docker", with_containerd=False)


def test_data_of_remapped_users_is_an_engines(files):
    configure(files, '{"data-root": "/srv/docker"}')
    files.write("/srv/docker/231072.231072/image/x", "")
    assert data.roots(files, "docker", with_containerd=False) == ["/srv/docker", "/etc/docker"]
    assert data.left(files, "/srv/docker") == []


def test_what_others_have_in_a_folder_that_was_chosen_stays(files):
    for path in ("postgres/x", "containers/a/b", "tmp/x", "engine-id", "lost+found/x"):
        files.write(f"/data/{path}", "")
    Path(files.path("/data/volumes")).symlink_to(files.path("/elsewhere"))
    files.write("/elsewhere/theirs", "")
    files.write("/proc/self/mounts", f"a {files.path('/data')}/postgres nfs rw 0 0\n")
    assert data.left(files, "/data") == ["postgres"]
    commands = Umount(0)
    data.remove(files, commands, "/data")
    assert files.list("/data") == ["lost+found", "postgres"]
    assert files.read("/data/postgres/x") == files.read("/elsewhere/theirs") == ""
    assert commands.asked == []


def test_a_folder_that_was_chosen_goes_where_nothing_else_is_in_it(files):
    files.write("/data/containers/a", "")
    data.remove(files, Umount(0), "/data")
    assert files.standing("/data") is None


def test_a_folder_is_an_engines_until_all_of_it_is_gone(files, monkeypatch):
    """A run that is killed in between has to know it again."""
    for path in ("tmp/x", "trust/x", "vfs/x", "volumes/x"):
        files.write(f"/data/{path}", "")
    gone = []
    monkeypatch.setattr(data.shutil, "rmtree", lambda path: gone.append(Path(path).name))
    data.remove(files, Umount(0), "/data")
    assert gone[-1] == "volumes"


@pytest.mark.parametrize("text", ["{", "[]", '{"data-root": 1}', '{"data-root": "relative"}'])
def test_a_daemon_json_that_says_nothing(files, text):
    configure(files, text)
    assert data.roots(files, "docker", with_containerd=False) == ["/etc/docker"]


class Umount(Commands):
    def __init__(self, code):
        super().__init__()
        self.code = code
        self.asked = []

    def run(self, *argv, **_):
        self.asked.append(argv)
        return Done(self.code, "target is busy", "")


def test_what_is_mounted_in_it_is_let_go_first(files):
    files.write("/var/lib/docker/volumes/x/_data/theirs", "")
    root = files.path("/var/lib/docker")
    files.write(
        "/proc/self/mounts",
        f"a {root}/volumes/x/_data nfs rw 0 0\nb {root}/volumes/x/_data/in\\040it nfs rw 0 0\nc {root}2 nfs rw 0 0\n",
    )
    busy = Umount(32)
    with pytest.raises(ProvisionError, match="is mounted in it and cannot be let go: target is busy"):
        data.remove(files, busy, "/var/lib/docker")
    assert files.read("/var/lib/docker/volumes/x/_data/theirs") == ""
    gone = Umount(0)
    data.remove(files, gone, "/var/lib/docker")
    assert gone.asked == [("umount", f"{root}/volumes/x/_data/in it"), ("umount", f"{root}/volumes/x/_data")]
    assert files.standing("/var/lib/docker") is None


def test_a_mount_that_is_itself_the_engines_folder_is_let_go(files):
    """A bind mount on its own file system is seen in the list of mounts alone, and no folder under it can go."""
    for path in ("overlay2/x", "volumes/x"):
        files.write(f"/data/{path}", "")
    root = files.path("/data")
    files.write("/proc/self/mounts", f"a {root} ext4 rw 0 0\nb {root}/overlay2 ext4 rw 0 0\nc {root}/own ext4 rw 0 0\n")
    commands = Umount(0)
    data.remove(files, commands, "/data")
    assert commands.asked == [("umount", f"{root}/overlay2")]
    assert files.list("/data") == []


@pytest.mark.parametrize("path", ["/data", "/var/lib/docker"])
def test_a_root_that_is_a_mount_stays_and_is_as_good_as_none(files, path):
    configure(files, '{"data-root": "/data"}')
    files.write(f"{path}/volumes/x", "")
    files.write("/proc/self/mounts", f"a {files.path(path)} ext4 rw 0 0\n")
    commands = Umount(0)
    assert path in data.roots(files, "docker", with_containerd=False)
    data.remove(files, commands, path)
    assert files.standing(path)
    assert commands.asked == []
    assert data.roots(files, "docker", with_containerd=False) == ["/etc/docker"]


def test_a_mount_is_known_by_whatever_name_it_has(files):
    files.write("/var/lib/docker/volumes/größe/theirs", "")
    root = files.path("/var/lib/docker")
    files.write("/proc/self/mounts", f"a {root}/volumes/größe nfs rw 0 0\nb /mnt/\udcff nfs rw 0 0\n")
    busy = Umount(32)
    with pytest.raises(ProvisionError, match="größe is mounted"):
        data.remove(files, busy, "/var/lib/docker")
    assert files.read("/var/lib/docker/volumes/größe/theirs") == ""


def test_what_is_gone_is_gone(files):
    data.remove(files, Umount(0), "/var/lib/docker")


def test_groups(files):
    files.write("/etc/group", "root:x:0:\ndocker:x:999:deploy\n")
    assert data.has_group(files, "docker")
    assert not data.has_group(files, "dock")
