# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine that goes: what goes with it, and what stays where another engine is beside it."""

from __future__ import annotations

import pytest

from provision.commands import Commands, Done
from provision.errors import ProvisionError
from provision.files import Files
from provision.memory import Memory
from provision.packages import absence, repository
from provision.packages.model import Change, Package, Wanted

BOTH = ("docker-ce", "containerd.io", "podman")


class Programs(Commands):
    """A host's programs, none of which says anything."""

    def __init__(self, *there):
        super().__init__("/nowhere")
        self.there = ("apt-get", "groupdel", *there)

    def find(self, program):
        return program if program in self.there else None

    def run(self, *argv, **_):
        return Done(0, "", "")


class Packages:
    """A package manager that removes what it is told to."""

    def __init__(self, *names):
        self.there = {name: Package("1", held=True) for name in names}
        self.let_go = []

    def installed(self):
        return dict(self.there)

    def automatic(self):
        return {"containerd.io"} & set(self.there)

    def residues(self):
        return []

    def needless(self, _choice):
        return []

    def simulate(self, choice):
        return [Change(name, "1", None) for name in choice.removals]

    def hold(self, names, held):
        assert not held
        self.let_go += names

    def act(self, choice, purge):
        for name in choice.removals:
            del self.there[name]


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(absence.preflight, "refuse_host", lambda *_: None)
    monkeypatch.setattr(absence.stopping, "stop_services", lambda *_: None)
    files = Files(str(tmp_path))
    for path in (repository.SOURCE, repository.KEY, "/etc/ours-of-docker", "/etc/ours-of-podman"):
        files.write(path, "")
    Memory(files, "config").keep({"files": ["/etc/ours-of-docker"]})
    Memory(files, "podman").keep({"files": ["/etc/ours-of-podman"]})
    Memory(files, "packages").keep({"held": sorted(BOTH), "files": [repository.SOURCE, repository.KEY]})
    return files


def remove(files, monkeypatch, packages, programs, **options):
    monkeypatch.setattr(absence, "driver_of", lambda *_: packages)
    return absence.remove(Wanted(**options), False, files, programs)


def test_podman_goes_and_takes_nothing_of_dockers_along(files, monkeypatch):
    packages = Packages(*BOTH)
    remove(files, monkeypatch, packages, Programs("dockerd", "podman"), kind="podman")
    assert sorted(packages.there) == ["containerd.io", "docker-ce"]
    assert packages.let_go == ["podman"]
    assert files.standing(repository.SOURCE)
    assert files.standing(repository.KEY)
    assert files.standing("/etc/ours-of-docker")
    assert not files.standing("/etc/ours-of-podman")
    assert Memory(files, "config").recall() == {"files": ["/etc/ours-of-docker"]}
    assert Memory(files, "podman").recall() == {}
    assert Memory(files, "packages").recall() == {
        "held": ["containerd.io", "docker-ce"],
        "files": [repository.SOURCE, repository.KEY],
    }
    again = remove(files, monkeypatch, packages, Programs("dockerd"), kind="podman")
    assert again.plan == []


def test_docker_goes_and_takes_nothing_of_podmans_along(files, monkeypatch):
    packages = Packages(*BOTH)
    remove(files, monkeypatch, packages, Programs("dockerd", "podman"))
    assert sorted(packages.there) == ["podman"]
    assert not files.standing(repository.SOURCE)
    assert not files.standing("/etc/ours-of-docker")
    assert files.standing("/etc/ours-of-podman")
    assert Memory(files, "packages").recall() == {"held": ["podman"]}
    assert Memory(files, "podman").recall() == {"files": ["/etc/ours-of-podman"]}
    assert remove(files, monkeypatch, packages, Programs("podman")).plan == []


@pytest.mark.parametrize(("kind", "program"), [("podman", "podman"), ("docker", "dockerd")])
def test_the_last_engine_takes_all_that_is_left(files, monkeypatch, kind, program):
    remove(files, monkeypatch, Packages(*(BOTH[2:] if kind == "podman" else BOTH[:2])), Programs(program), kind=kind)
    for path in (repository.SOURCE, "/etc/ours-of-docker", "/etc/ours-of-podman"):
        assert not files.standing(path)
    assert files.list("/var/lib/stowage/engine") == []


def test_what_a_purge_leaves_of_others_is_told(files, monkeypatch):
    files.write("/etc/docker/daemon.json", '{"data-root": "/data"}')
    files.write("/data/containers/x", "")
    files.write("/data/postgres/x", "")
    done = remove(files, monkeypatch, Packages("docker-ce"), Programs("dockerd"), purge=True)
    assert done.warnings == ["/data stays, with what is not the engine's in it: postgres"]
    assert files.list("/data") == ["postgres"]
    assert files.standing("/etc/docker") is None


def test_what_is_only_stopped_keeps_everything_of_its_own(files, monkeypatch):
    stopped = []
    monkeypatch.setattr(absence.stopping, "running", lambda _path: [("a1", "web")])
    monkeypatch.setattr(absence.stopping, "stop", lambda _path, container: stopped.append(container))
    monkeypatch.setattr(absence.stopping, "stop_services", lambda _files, _commands, services: stopped.extend(services))
    monkeypatch.setattr(absence.Service, "pid", lambda _service: 7)
    monkeypatch.setattr(absence.Service, "answer", lambda _service: True)
    packages, programs = Packages("docker-ce", "containerd.io"), Programs("dockerd")
    monkeypatch.setattr(absence, "driver_of", lambda *_: packages)
    expected = ["StopContainer web (engine_state is absent)", "StopService dockerd (engine_state is absent)"]
    for check in (True, False):
        assert stopped == []
        done = absence.remove(Wanted(), check, files, programs, only_stop=True)
        assert [str(step) for step in done.plan] == expected
    assert stopped == ["a1", "dockerd"]
    assert sorted(packages.there) == ["containerd.io", "docker-ce"]
    assert packages.let_go == []
    assert files.standing("/etc/ours-of-docker")


def test_an_engine_that_others_need_is_not_stopped(files, monkeypatch):
    class Needed(Packages):
        def simulate(self, choice):
            return [*super().simulate(choice), Change("kubelet", "1", None)]

    monkeypatch.setattr(absence.stopping, "stop_services", lambda *_: pytest.fail("it was stopped"))
    monkeypatch.setattr(absence, "driver_of", lambda *_: Needed("docker-ce"))
    with pytest.raises(ProvisionError, match="kubelet cannot be there without docker-ce"):
        absence.remove(Wanted(), False, files, Programs("dockerd"), only_stop=True)


def test_a_check_tells_what_stops_once(files, monkeypatch):
    """What stands still by then still runs where it was only checked."""
    monkeypatch.setattr(absence.stopping, "running", lambda _path: [("a1", "web")])
    monkeypatch.setattr(absence.Service, "pid", lambda _service: 7)
    monkeypatch.setattr(absence.Service, "answer", lambda _service: True)
    monkeypatch.setattr(absence.stopping, "stop", lambda *_: None)
    monkeypatch.setattr(absence, "driver_of", lambda *_: Packages("docker-ce"))

    def verbs(check, stopped):
        return {step.verb for step in absence.remove(Wanted(stopped=stopped), check, files, Programs("dockerd")).plan}

    assert {"StopContainer", "StopService"} <= verbs(check=True, stopped=False)
    assert verbs(check=True, stopped=True) == {"RemovePackage", "RemoveFile"}
    # Where it is done, what came up again since is stopped, and told.
    assert {"StopContainer", "StopService"} <= verbs(check=False, stopped=True)
