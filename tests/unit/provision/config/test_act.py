# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration from end to end on files, with an engine that is played: what is done, and what is put back."""

import json
import os
from pathlib import Path

import pytest

from provision.commands import Commands, Done
from provision.config import observed
from provision.config.configure import Host, configure
from provision.config.unit import DROP_IN
from provision.errors import ProvisionError
from provision.files import Files
from provision.memory import Memory
from provision.service import Engine as Answer
from provision.service import ServiceError

CONFIG = "etc/docker/daemon.json"
OPTIONS = {"live_restore": "false", "log_options": {}}
UNIT = "[Service]\nExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS\n"


class Programs(Commands):
    """dockerd that judges by what the table says; nothing else is there."""

    def __init__(self):
        super().__init__("/nowhere")
        self.refuses = ""
        self.told = []

    def find(self, program):
        return program if program == "dockerd" else None

    def run(self, *argv, text=None, timeout=None, environment=None):
        self.told.append(argv)
        if "--version" in argv:
            return Done(0, "", "Docker version 26.1.5+dfsg1, build 411e817\n")
        path = next(word.partition("=")[2] for word in argv if word.startswith("--config-file="))
        document = json.loads(Path(path).read_text())
        wrong = self.refuses and self.refuses in document
        return Done(int(bool(wrong)), f"unable to configure with file {path}: {self.refuses}" if wrong else "", "")


class Played:
    """An engine and its service: it reads the file when it starts, and dies of what it cannot do."""

    def __init__(self, folder):
        self.path = folder / CONFIG
        self.timeout = 1.0
        self.dies_of = ()
        self.ignores = False
        self.done = []
        self.runs_with = self._read()
        self.alive = True
        self.containers = ["c1"]
        # A process that is there for as long as the test, with a start that moves.
        self.process = "boot:7:1"

    def _read(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    # The service
    def way(self):
        return "systemd"

    def answer(self):
        return Answer("26.1.5", "1.45") if self.alive else None

    def pid(self):
        return 7 if self.alive else None

    def outdated(self, _version):
        return False

    def installed(self):
        return True

    def read_units(self):
        self.done.append("read units")

    def restart(self):
        document = self._read()
        self.done.append("restart")
        self.process = f"boot:7:{int(self.process.rpartition(':')[2]) + 1}"
        # The one that stops leaves them alone, and the one that starts.
        if not (self.runs_with.get("live-restore") and document.get("live-restore")):
            self.containers = []
        self.alive = not any(name in document for name in self.dies_of)
        if not self.alive:
            raise ServiceError("systemctl: failed\nlevel=fatal msg=no")
        self.runs_with = document

    def log(self):
        return "level=error msg=said last"

    # The engine
    def info(self):
        return {
            "ServerVersion": "26.1.5", "ContainersRunning": len(self.containers), "Containers": 1,
            "LiveRestoreEnabled": bool(self.runs_with.get("live-restore")),
        }  # fmt: skip

    def running(self):
        return list(self.containers)

    def start(self, container):
        self.containers.append(container)
        self.done.append(f"start {container}")

    def reload(self, _service, _seconds):
        self.done.append(f"reload {json.dumps(self._read())}")
        if self.ignores:
            return False
        self.runs_with = {**self.runs_with, **self._read()}
        return True


class Place:
    """A folder with a host in it."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        (folder / "etc/docker").mkdir(parents=True)
        (folder / "lib/systemd/system").mkdir(parents=True)
        (folder / "lib/systemd/system/docker.service").write_text(UNIT)
        self.files = Files(str(folder))
        self.programs = Programs()
        self.engine = Played(folder)
        monkeypatch.setattr(observed, "identify_process", lambda pid: (self.engine.process if pid else "", 2e9))

    def write(self, document):
        (self.folder / CONFIG).write_text(json.dumps(document))
        self.engine.runs_with = document

    def read(self):
        return json.loads((self.folder / CONFIG).read_text())

    def run(self, check=False, engine=True, **options):
        host = Host(self.engine, self.engine if engine else None, self.files, self.programs)
        return configure({**OPTIONS, **options}, check, host)

    def converge(self, **options):
        ahead = self.run(check=True, **options)
        done = self.run(**options)
        assert [str(step) for step in ahead.plan.steps] == [str(step) for step in done.plan.steps]
        again = self.run(**options)
        assert [str(step) for step in again.plan.steps] == []
        return done

    def left_behind(self):
        return [str(path) for path in self.folder.rglob(".stowage-*")]


@pytest.fixture
def place(tmp_path, monkeypatch):
    return Place(tmp_path, monkeypatch)


def test_from_nothing_and_back(place):
    place.engine.containers = []
    place.converge(mtu=1400, labels=["rack=7"])
    assert place.read() == {"mtu": 1400, "labels": ["rack=7"], "live-restore": False}
    assert place.engine.runs_with == place.read()
    place.converge(state="absent")
    assert not (place.folder / CONFIG).exists()
    assert Memory(place.files, "config").recall() == {}
    assert place.left_behind() == []


def test_check_mode_writes_nothing(place):
    place.run(check=True, mtu=1400, hosts=["fd://"])
    assert [path for path in place.folder.rglob("*") if path.is_file()] == [
        place.folder / "lib/systemd/system/docker.service"
    ]
    assert place.engine.done == []


def test_check_mode_looks_ahead_to_the_engine_that_comes(place):
    proxies = {"proxies": {"http": "http://p"}, "version": "20.10.24+dfsg1-1"}
    ahead = place.run(check=True, **proxies)
    assert "/etc/docker/stowage-proxies.env" in str(ahead.plan.steps[-3])
    assert str(ahead.plan.steps[-1]).startswith("RestartEngine docker (live-restore, proxies; containers stop")
    assert place.programs.told == []
    # Outside of it, what is installed counts.
    assert "proxies.http-proxy" in str(place.run(**proxies).plan.steps)


def test_an_engine_that_does_not_run_is_left_alone(place):
    place.engine.alive = False
    place.run(engine=False, mtu=1400, hosts=["fd://"])
    assert place.read()["mtu"] == 1400
    assert (place.folder / DROP_IN.lstrip("/")).exists()
    assert place.engine.done == ["read units"]


def test_live_restore_is_taken_up_before_the_restart(place):
    place.write({"debug": True})
    place.converge(live_restore="true", dns=["192.0.2.1"])
    assert place.engine.done == ['reload {"debug": true, "live-restore": true}', "restart"]
    assert place.engine.containers == ["c1"]


def test_without_live_restore_what_ran_is_started_again(place):
    done = place.converge(mtu=1400)
    assert place.engine.done == ["restart", "start c1"]
    assert done.warnings == []


def test_what_goes_is_told_to_an_engine_that_would_keep_it(place):
    place.engine.containers = []
    place.converge(debug=True, mtu=1400)
    place.engine.done.clear()
    place.converge(mtu=1400)
    assert place.engine.done == ['reload {"mtu": 1400, "live-restore": false, "debug": false}']
    assert place.engine.runs_with["debug"] is False
    assert place.read() == {"mtu": 1400, "live-restore": False}


def test_what_dockerd_refuses_is_not_written(place):
    place.write({"debug": True})
    place.programs.refuses = "mtu"
    for check in (True, False):
        with pytest.raises(ProvisionError) as raised:
            place.run(check=check, mtu=1400, hosts=["fd://"])
        assert str(raised.value).startswith("dockerd refuses the configuration, and nothing was changed: unable to")
        assert "/etc/docker/daemon.json: mtu" in str(raised.value)
    assert "-H" not in place.programs.told[-1]
    assert place.read() == {"debug": True}
    assert place.engine.done == []


def test_an_engine_that_does_not_start_gets_its_former_configuration_back(place):
    place.converge(labels=["rack=7"], live_restore="true")
    before, noted = place.read(), Memory(place.files, "config").recall()
    place.engine.done.clear()
    place.engine.dies_of = ("mtu", "storage-driver")
    with pytest.raises(ProvisionError) as raised:
        place.run(labels=["rack=7"], live_restore="true", storage_driver="none", hosts=["fd://"])
    assert "level=fatal msg=no" in str(raised.value)
    assert "The former configuration is back, and the engine runs with it" in str(raised.value)
    assert place.read() == place.engine.runs_with == before
    assert place.engine.done[-2:] == ["restart", "start c1"]
    assert not (place.folder / DROP_IN.lstrip("/")).exists()
    assert Memory(place.files, "config").recall() == {key: noted[key] for key in noted if key != "engine"}
    assert place.left_behind() == []
    again = place.run(labels=["rack=7"], live_restore="true")
    assert again.plan.steps == ()


def test_not_even_the_former_one_starts(place):
    place.write({"labels": ["a=1"]})
    place.engine.dies_of = ("labels",)
    with pytest.raises(ProvisionError, match="the engine does not start with it either"):
        place.run(mtu=1400)


def test_an_engine_that_does_not_reload_gets_its_former_configuration_back(place):
    place.write({"labels": ["a=1"], "live-restore": False})
    place.engine.ignores = True
    with pytest.raises(ProvisionError) as raised:
        place.run(debug=True)
    assert "did not take up" in str(raised.value)
    assert str(raised.value).endswith("level=error msg=said last\nNothing was changed.")
    assert place.read() == {"labels": ["a=1"], "live-restore": False}
    assert "restart" not in place.engine.done


def test_a_full_disk_changes_nothing(place, monkeypatch):
    place.write({"labels": ["a=1"]})
    real = os.fsync

    def refuse(handle):
        if "docker" in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(ProvisionError, match=r"No space left on device\nNothing was changed\."):
        place.run(mtu=1400)
    assert place.read() == {"labels": ["a=1"]}
    assert place.left_behind() == []
    assert place.engine.done == []


@pytest.mark.parametrize("at", range(12))
def test_killed_anywhere_the_next_run_comes_to_the_same(place, monkeypatch, at):
    """Every rename, removal and word to the engine is a place to be killed at."""

    class KilledError(BaseException):
        pass

    count = [0]

    def mortal(call):
        def counted(*arguments, **keywords):
            count[0] += 1
            if count[0] == at:
                raise KilledError
            return call(*arguments, **keywords)

        return counted

    place.converge(labels=["rack=7"], debug=True, live_restore="true")
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", mortal(os.replace))
        patched.setattr(os, "unlink", mortal(os.unlink))
        patched.setattr(place.engine, "restart", mortal(place.engine.restart))
        patched.setattr(place.engine, "reload", mortal(place.engine.reload))
        try:
            place.run(labels=["rack=8"], mtu=1400, live_restore="true", hosts=["fd://"])
        except KilledError:
            assert at
    place.run(labels=["rack=8"], mtu=1400, live_restore="true", hosts=["fd://"])
    expected = {"labels": ["rack=8"], "mtu": 1400, "live-restore": True, "hosts": ["fd://"]}
    assert place.read() == expected
    assert {name: value for name, value in place.engine.runs_with.items() if name != "mtu"} == {
        name: value for name, value in expected.items() if name != "mtu"
    }
    assert place.run(labels=["rack=8"], mtu=1400, live_restore="true", hosts=["fd://"]).plan.steps == ()
    place.run(state="absent")
    assert not (place.folder / CONFIG).exists()


def test_what_a_stopped_engine_holds_is_where_its_mapping_of_users_says(place):
    place.converge(userns_remap="default")
    assert not place.run(check=True, engine=False).plan.need.pending
    (place.folder / "var/lib/docker/231072.231072/containers/c1").mkdir(parents=True)
    assert place.run(engine=False).plan.need.pending
    assert place.read()["userns-remap"] == "default"
