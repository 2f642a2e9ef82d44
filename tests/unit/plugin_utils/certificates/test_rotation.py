# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation of a CA: who waits for whom, and that nobody is refused, whenever a run is killed."""

from __future__ import annotations

import os
import random
import shutil
from datetime import timedelta

import pytest

pytest.importorskip("cryptography")

from plugins.plugin_utils.certificates import handing, work
from plugins.plugin_utils.certificates.certificate import read
from plugins.plugin_utils.certificates.folder import Folder

from .fleet import NOW, Host, case, client, days, meet

LATER = NOW + days(1)


class Killed(BaseException):
    """Stands for kill -9: nothing catches it."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)


class Fleet:
    def __init__(self, path, names=("a", "b", "c"), **wish):
        self.path = path
        self.hosts = {name: Host(name) for name in names}
        self.wish = wish

    def case(self, name, **more):
        return case(self.path, name, **{"names": (name,), "now": LATER, **self.wish, **more})

    def have(self, name, **more):
        asked = self.case(name, **more)
        self.hosts[name].clock = asked.now
        return work.have(asked, self.hosts[name].ask)

    def confirm(self, name, **more):
        return work.confirm(self.case(name, **more), self.hosts[name].ask)

    def run(self, **more):
        """One run over all hosts, as the role does it: phase by phase."""
        plans = [line for name in self.hosts for line in self.have(name, **more)["plan"]]
        for host in self.hosts.values():
            host.restart()
        for name in self.hosts:
            self.confirm(name, **more)
        return plans

    def check_that_all_meet(self):
        for name, host in self.hosts.items():
            assert meet(host.in_force, client(self.path)), name


def begun(path, **wish):
    fleet = Fleet(path, **wish)
    fleet.run(now=NOW)
    fleet.wish["rotate_before"] = LATER
    return fleet


def test_three_runs(tmp_path):
    fleet = begun(tmp_path / "ca")
    former = (tmp_path / "ca" / "ca.pem").read_bytes()
    assert [line.split(" /")[0].split(" (")[0] for line in fleet.run()] == [
        "BeginRotation", "TrustAuthorities client admin", "TrustAuthorities a", "TrustAuthorities b", "TrustAuthorities c",
    ]  # fmt: skip
    fleet.check_that_all_meet()
    assert [line.split(" /")[0].split(" (")[0] for line in fleet.run()] == [
        "SwitchAuthority", "IssueCertificate client admin", "IssueCertificate a", "IssueCertificate b", "IssueCertificate c",
    ]  # fmt: skip
    fleet.check_that_all_meet()
    assert [line.split(" /")[0].split(" (")[0] for line in fleet.run()] == [
        "DropAuthority", "TrustAuthorities client admin", "TrustAuthorities a", "TrustAuthorities b", "TrustAuthorities c",
    ]  # fmt: skip
    fleet.check_that_all_meet()
    assert fleet.run() == []
    assert (tmp_path / "ca" / "ca.pem").read_bytes() != former
    assert sorted(path.name for path in (tmp_path / "ca").glob("*.pem")) == ["ca-key.pem", "ca.pem"]


def test_check_says_what_the_run_does(tmp_path):
    fleet = begun(tmp_path / "ca")
    for _ in range(4):
        told = set()

        def first(what, told=told):
            return not (what in told or told.add(what))

        before = {path: path.read_bytes() for path in (tmp_path / "ca").rglob("*") if path.is_file()}
        planned = [line for name in fleet.hosts for line in fleet.have(name, check=True, first=first)["plan"]]
        assert {path: path.read_bytes() for path in (tmp_path / "ca").rglob("*") if path.is_file()} == before
        assert planned == fleet.run()


def test_a_host_that_was_not_seen_is_waited_for(tmp_path):
    fleet = begun(tmp_path / "ca")
    away = fleet.hosts.pop("c")
    fleet.run()
    assert fleet.run() == []
    assert fleet.confirm("a")["waits_for"] == ["c"]
    assert "waits for c" in fleet.confirm("a")["warnings"][0]
    assert meet(away.in_force, client(fleet.path))
    fleet.hosts["c"] = away
    assert len(fleet.run()) == 1  # c trusts both, and that is all
    assert fleet.run()[0].startswith("SwitchAuthority")
    fleet.check_that_all_meet()


def test_a_host_that_was_not_restarted_is_waited_for(tmp_path):
    fleet = begun(tmp_path / "ca")
    for name in fleet.hosts:
        fleet.have(name)
        fleet.confirm(name)  # the engine runs with what it had
    assert fleet.confirm("b")["waits_for"] == ["a", "b", "c"]
    assert fleet.have("a")["restart"] is True
    fleet.check_that_all_meet()


def test_a_host_whose_certificate_has_ended_is_not_waited_for(tmp_path):
    fleet = begun(tmp_path / "ca")
    away = fleet.hosts.pop("c")
    then = NOW + days(398)
    fleet.run(now=then)
    assert fleet.run(now=then)[0].startswith("SwitchAuthority")
    fleet.hosts["c"] = away  # comes back, and gets what all have
    fleet.run(now=then)
    fleet.check_that_all_meet()


def test_a_host_that_leaves_is_not_waited_for(tmp_path):
    fleet = begun(tmp_path / "ca")
    work.remove(fleet.case("c"), fleet.hosts["c"].ask)
    assert fleet.hosts.pop("c").files["cert"] == ""
    fleet.run()
    assert fleet.run()[0].startswith("SwitchAuthority")


def test_a_host_that_comes_in_the_middle_is_waited_for(tmp_path):
    fleet = begun(tmp_path / "ca")
    fleet.run()
    fleet.hosts["d"] = Host("d")
    plan = fleet.run()
    assert plan[0].startswith("SwitchAuthority")  # d has nothing yet that could be refused
    fleet.check_that_all_meet()
    fleet.run()
    fleet.check_that_all_meet()


def test_contexts_are_waited_for(tmp_path):
    fleet = begun(tmp_path / "ca")
    folder = Folder(str(tmp_path / "ca"))

    def hand():
        copy = handing.collect(folder, ["admin"], [])["admin"].copy
        handing.note_copies(folder, "desk", {"admin of alice": copy})

    hand()
    fleet.run()
    assert fleet.run() == []
    assert fleet.confirm("a")["waits_for"] == ["the contexts of admin of alice on desk"]
    hand()
    assert fleet.run()[0].startswith("SwitchAuthority")
    assert fleet.run() == []
    hand()
    assert fleet.run()[0].startswith("DropAuthority")


def test_each_phase_lasts_its_time(tmp_path):
    fleet = begun(tmp_path / "ca", overlap=days(7))
    fleet.run()
    assert fleet.run(now=LATER + days(6)) == []
    assert "time of overlap" in fleet.confirm("a", now=LATER + days(6))["warnings"][0]
    assert fleet.run(now=LATER + days(7))[0].startswith("SwitchAuthority")
    assert fleet.run(now=LATER + days(13)) == []
    assert fleet.run(now=LATER + days(14))[0].startswith("DropAuthority")


def test_the_moment_can_stay_set(tmp_path):
    fleet = begun(tmp_path / "ca")
    for _ in range(4):
        fleet.run()
    assert fleet.run() == []


def test_a_ca_that_is_made_within_the_second_of_the_moment_is_new_enough(tmp_path):
    """Certificates know whole seconds, moments do not."""
    fleet = begun(tmp_path / "ca")
    fleet.wish["rotate_before"] = LATER + timedelta(milliseconds=1)
    for _ in range(3):
        fleet.run(now=LATER + timedelta(milliseconds=2))
    assert fleet.run(now=LATER + days(1)) == []


def test_a_client_that_is_not_declared_loses_its_way_in_with_the_former_ca(tmp_path):
    fleet = begun(tmp_path / "ca", clients=("admin", "gone"))
    fleet.wish["clients"] = ("admin",)
    for _ in range(2):
        fleet.run()
        assert all(meet(host.in_force, client(fleet.path, "gone")) for host in fleet.hosts.values())
    fleet.run()
    assert not any(meet(host.in_force, client(fleet.path, "gone")) for host in fleet.hosts.values())
    assert fleet.run() == []


def test_notes_that_were_lost_come_back_by_a_run(tmp_path):
    fleet = begun(tmp_path / "ca")
    shutil.rmtree(tmp_path / "ca" / "hosts")
    fleet.run()
    assert sorted(path.stem for path in (tmp_path / "ca" / "hosts").iterdir()) == ["a", "b", "c"]


def test_notes_that_are_damaged_hold_the_rotation_until_the_host_is_seen(tmp_path):
    fleet = begun(tmp_path / "ca")
    fleet.run()
    (tmp_path / "ca" / "hosts" / "b.json").write_text("{half a docu")
    assert fleet.have("a")["plan"] == []
    assert "b" in fleet.confirm("a")["waits_for"]
    fleet.confirm("b")
    assert fleet.run()[0].startswith("SwitchAuthority")


def writes(monkeypatch, limit):
    """Let so many changes of the folder happen, and kill the run at the next one. Returns the count."""
    done = [0]
    for name in ("write", "rename", "remove"):
        real = getattr(Folder, name)

        def counted(self, *arguments, real=real, **keywords):
            if done[0] == limit:
                done[0] += 1
                raise Killed
            done[0] += 1
            return real(self, *arguments, **keywords)

        monkeypatch.setattr(Folder, name, counted)
    return done


def whole_rotation(fleet, order, check):
    """Runs until two have found nothing to do; in one of them a host may have been waited for. Killed once."""
    idle = 0
    for _ in range(12):
        plans = []
        for name in order:
            try:
                plans += fleet.have(name)["plan"]
                check()
                fleet.hosts[name].restart()
                check()
                fleet.confirm(name)
            except Killed:
                plans.append("killed")
            check()
        idle = 0 if plans else idle + 1
        if idle == 2:
            return
    pytest.fail("the rotation does not end")


def test_killed_at_any_write_it_goes_on_and_nobody_is_refused(tmp_path, monkeypatch):
    start = begun(tmp_path / "start", names=("a", "b"))
    kept = {name: (host.files, host.key, host.in_force) for name, host in start.hosts.items()}
    limit, total = 0, 1
    while limit < total:
        path = shutil.copytree(tmp_path / "start", tmp_path / f"ca-{limit}")
        fleet = Fleet(path, names=("a", "b"), rotate_before=LATER)
        for name, host in fleet.hosts.items():
            host.files, host.key, host.in_force = kept[name]
            host.remembered = ["/etc/docker/tls/cert.pem"]
        order = ["a", "b"]
        random.Random(limit).shuffle(order)
        with monkeypatch.context() as patch:
            done = writes(patch, limit)
            whole_rotation(fleet, order, fleet.check_that_all_meet)
        total = done[0]
        held = Folder(str(path)).hold()
        assert (held.next, held.former) == (None, None)
        assert held.current.made == LATER
        assert read(client(path)["cert"].encode()).issued_by(held.current)
        shutil.rmtree(path)
        limit += 1
    assert limit > 15
