# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a host: who is in the engine's group, and whether the engine goes by its file as it stands."""

from __future__ import annotations

import os
import time

import pytest

from provision.audit.model import InForce
from provision.audit.observing import observe_host
from provision.commands import Commands, Done
from provision.dockerd import observe_dockerd
from provision.errors import ProvisionError
from provision.files import Files
from provision.memory import Memory, digest

CONFIG = "/etc/docker/daemon.json"
ANSWERS = {
    "group docker": "docker:x:998:bob,ann\n",
    "group ops": "ops:x:1000:\n",
    "passwd": "root:x:0:998::/root:\nann:x:1000:998:::\neve:x:1001:998:::\nmallory:x:1002:1000:::\n",
}


class Getent(Commands):
    """The host's users and groups."""

    def find(self, program):
        return None

    def run(self, *argv, text=None, timeout=None, environment=None):
        if argv[0] == "systemctl":
            return Done(0, str(os.getpid()), str(os.getpid()))
        said = ANSWERS.get(" ".join(argv[1:]), "")
        return Done(0 if said else 2, said, said)


@pytest.fixture
def files(tmp_path):
    """A host whose engine is this very process."""
    found = Files(str(tmp_path))
    found.write("/run/docker.pid", str(os.getpid()))
    found.write(f"/proc/{os.getpid()}/cmdline", "dockerd\0")
    return found


def observe(files):
    return observe_host({}, {}, [], files, Getent())


def written(files, text, seconds):
    """Write daemon.json, so long after the engine's start."""
    files.write(CONFIG, text)
    moment = observe_dockerd(files).started + seconds
    os.utime(files.path(CONFIG), (moment, moment))


@pytest.mark.parametrize(
    ("text", "members"),
    [
        # Whose own group it is, is in it without being named; root needs no group.
        ("{}", ["bob", "ann", "eve"]),
        ('{"group": "ops"}', ["mallory"]),
        ('{"group": "none"}', []),
    ],
)
def test_all_who_may_use_the_socket_are_members(files, text, members):
    files.write(CONFIG, text)
    assert observe(files).members == members


def test_a_directory_that_does_not_come_to_an_end_leaves_the_hosts_own_users(files):
    class Endless(Getent):
        def run(self, *argv, **options):
            if argv == ("getent", "passwd"):
                raise ProvisionError("getent did not end within 60 s")
            return super().run(*argv, **options)

    files.write("/etc/passwd", "root:x:0:998::/root:\ncarl:x:1003:998:::\n")
    assert observe_host({}, {}, [], files, Endless()).members == ["bob", "ann", "carl"]


def test_an_engine_read_what_was_there_when_it_started(files):
    assert observe(files).in_force == InForce()
    written(files, '{"iptables": true}', -5)
    assert observe(files).in_force == InForce()


def test_of_a_file_that_is_younger_than_the_engine_nothing_is_known(files):
    written(files, '{"iptables": true}', 0.1)
    assert observe(files).in_force == InForce(known=False)


def test_a_clock_that_was_set_says_nothing(files):
    written(files, '{"iptables": true}', 86400 + time.time())
    assert observe(files).in_force == InForce()


def test_the_notes_of_this_very_process_tell_what_it_goes_by(files):
    document = (
        '{"hosts": ["a", "b"], "default-ulimits": {"nofile": {"Soft": 1}}, "storage-opts": ["a=1", "b=2"],'
        ' "labels": [], "tlsverify": true, "log-level": "info"}'
    )
    written(files, document, 0.1)
    runs_with = {
        "hosts": digest(["a", "b"]),
        "default-ulimits/nofile": digest({"Soft": 1}),
        "storage-opts/a": digest("a=1"),
        "storage-opts/b": digest("b=2"),
        "labels": digest([]),
        "log-level": "?",
        "iptables": digest(False),
        "unit/command": digest(None),
        "content//etc/docker/tls/ca.pem": "x",
    }
    notes = {"engine": {"process": observe_dockerd(files).process, "runs_with": runs_with}}
    Memory(files, "config").keep(notes)
    assert observe(files).in_force == InForce(pending=frozenset({"tlsverify", "log-level", "iptables"}))
    Memory(files, "config").keep({"engine": {**notes["engine"], "process": "another"}})
    assert observe(files).in_force == InForce(known=False)


@pytest.mark.parametrize("notes", [{"engine": 5}, {"engine": {"runs_with": []}}, {}])
def test_damaged_notes_are_none(files, notes):
    Memory(files, "config").keep(notes)
    written(files, "{}", -5)
    assert observe(files).in_force == InForce()


def test_who_may_not_read_the_notes_goes_by_the_files_time(files, monkeypatch):
    def refuse(path):
        if "stowage" in path:
            raise ProvisionError("permission denied")
        return Files.read(files, path)

    monkeypatch.setattr(files, "read", refuse)
    assert observe(files).in_force == InForce()


def test_an_engine_that_cannot_be_found_cannot_be_told_of(tmp_path):
    assert observe(Files(str(tmp_path))).in_force == InForce(known=False)


@pytest.mark.parametrize("left", ["", "12"])
def test_an_engine_that_writes_its_number_elsewhere_is_found_by_its_unit(tmp_path, left):
    """Its unit says --pidfile, and an engine of before may have left its own file."""
    files = Files(str(tmp_path))
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    files.write("/run/docker.pid", left)
    files.write(f"/proc/{os.getpid()}/cmdline", "/usr/bin/dockerd\0--icc=false\0")
    seen = observe(files)
    assert seen.in_force == InForce()
    assert not seen.dockerd.is_on("icc", True)
