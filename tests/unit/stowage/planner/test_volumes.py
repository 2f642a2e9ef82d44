# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: made, left alone, refused, and thrown away where the declaration says so in words."""

from __future__ import annotations

from tests.unit.stowage.support.golden import (
    Case,
    app,
    cases,
    check,
    containers,
    killed,
    mode,
    state,
    stranger,
    together,
)
from tests.unit.stowage.support.hosts import Host

TMPFS, NFS = {"type": "tmpfs"}, {"type": "nfs"}


def data(options=None, **keys):
    volume = {**({"driver_opts": options} if options else {}), **keys}
    users = containers(web=app(volumes=["data:/d", "/anon"]), db=app(volumes=["data:/d"], state="stopped"), no=app())
    return {"volumes": {"data": volume}, **users}


MOUNTED = {"Mounts": [{"Type": "volume", "Source": "data", "Target": "/d"}]}


@cases(
    Case("made before who mounts it", None, {"volumes": {"data": {}}, **containers(web=app(volumes=["data:/d"]))}, """
            #1 CreateVolume data (volume is missing)
            #2 CreateContainer web <- #1 (container is missing)
            #3 StartContainer web <- #2 (it was created)
            #4 WaitContainer web ready <- #3 (it was started)
        """),
    Case("there already", {"volumes": {"data": {"driver_opts": TMPFS}}}, {"volumes": {"data": {"driver_opts": TMPFS}}}, ""),
    Case("somebody's that fits", None, {"volumes": {"data": {}}}, "", lambda host: host.engine.volumes.make("data", {})),
    Case("labels are not worth anybody's data", {"volumes": {"data": {"labels": {"a": "1"}}}},
         {"volumes": {"data": {"labels": {"a": "2"}}}}, ""),
    Case("external", None, {"volumes": {"data": {"external": True}}}, "",
         lambda host: host.engine.volumes.make("data", {"Labels": {"io.stowage.scope": "other"}})),
    Case("not declared any more: nobody's data goes because a line is left out", {"volumes": {"data": {}}}, {}, ""),
    Case("declared absent", {"volumes": {"data": {}}}, {"volumes": {"data": {"state": "absent"}}}, """
            #1 RemoveVolume data (declared absent)
        """),
    Case("declared absent with who used it", {"volumes": {"data": {}}, **containers(web=app(volumes=["data:/d"]))},
         {"volumes": {"data": {"state": "absent"}}}, """
            #1 StopContainer web (not declared any more)
            #2 RemoveContainer web <- #1 (not declared any more)
            #3 RemoveVolume data <- #2 (declared absent)
        """),
    Case("declared absent and not there", None, {"volumes": {"data": {"state": "absent"}}}, ""),
)  # fmt: skip
def test_volumes(case):
    check(case)


@cases(
    Case("everybody off, and back", data(TMPFS), data(NFS, recreate=True), """
            #1 StopContainer web (volume data is made anew)
            #2 RemoveContainer web <- #1 (volume data is made anew)
            #3 RemoveContainer db <- #1 (volume data is made anew)
            #4 RemoveVolume data <- #2, #3 (driver_opts changed)
            #5 CreateVolume data <- #4 (driver_opts changed)
            #6 CreateContainer web <- #2, #5 (its volume is made anew)
            #7 StartContainer web <- #6 (it was created)
            #8 WaitContainer web ready <- #7 (it was started)
            #9 CreateContainer db <- #3, #5 (its volume is made anew)
            undo #1, #2, #3: StartContainer web
        """),
    Case("whose image has to come first", data(TMPFS),
         {"volumes": {"data": {"driver_opts": NFS, "recreate": True}}, "images": {"app:1": {"pull": "always"}},
          **containers(web=app(volumes=["data:/d"]))},
         """
            #1 PullImage app:1 (the registry holds sha256:832cf72ea9bb now)
            #2 StopContainer web <- #1 (volume data is made anew)
            #3 RemoveContainer web <- #2 (volume data is made anew)
            #4 RemoveContainer db <- #2 (volume data is made anew)
            #5 RemoveVolume data <- #3, #4 (driver_opts changed)
            #6 CreateVolume data <- #5 (driver_opts changed)
            #7 CreateContainer web <- #1, #3, #6 (its volume is made anew)
            #8 StartContainer web <- #7 (it was created)
            #9 WaitContainer web ready <- #8 (it was started)
            #10 StopContainer no <- #9 (not declared any more)
            #11 RemoveContainer no <- #10 (not declared any more)
            undo #2, #3, #4: StartContainer web
        """, lambda host: host.engine.images.offer("app:1")),
    Case("who is not declared any more goes for good", data(TMPFS), {"volumes": {"data": {"driver_opts": NFS, "recreate": True}}}, """
            #1 StopContainer web (volume data is made anew)
            #2 RemoveContainer web <- #1 (volume data is made anew)
            #3 RemoveContainer db <- #1 (volume data is made anew)
            #4 RemoveVolume data <- #2, #3 (driver_opts changed)
            #5 CreateVolume data <- #4 (driver_opts changed)
            #6 StopContainer no <- #5 (not declared any more)
            #7 RemoveContainer no <- #6 (not declared any more)
            undo #1, #2, #3: StartContainer web
        """),
    Case("a successor left by a killed run goes as well", data(TMPFS), data(NFS, recreate=True), """
            #1 StopContainer web.next (volume data is made anew)
            #2 RemoveContainer web <- #1 (volume data is made anew)
            #3 RemoveContainer db <- #1 (volume data is made anew)
            #4 RemoveContainer web.next <- #1 (volume data is made anew)
            #5 RemoveVolume data <- #2, #3, #4 (driver_opts changed)
            #6 CreateVolume data <- #5 (driver_opts changed)
            #7 CreateContainer web <- #2, #4, #6 (its volume is made anew)
            #8 StartContainer web <- #7 (it was created)
            #9 WaitContainer web ready <- #8 (it was started)
            #10 CreateContainer db <- #3, #6 (its volume is made anew)
            undo #1, #2, #3, #4: StartContainer web.next
        """,
         killed({**data(TMPFS), **containers(web=mode("b", volumes=["data:/d", "/anon"]))}, 4)),
    Case("one that may be as it is runs again if it ran", {"volumes": {"data": {"driver_opts": TMPFS}}, **containers(web=app(volumes=["data:/d"]))},
         {"volumes": {"data": {"driver_opts": NFS, "recreate": True}}, **containers(web=app(volumes=["data:/d"], state="present"))}, """
            #1 StopContainer web (volume data is made anew)
            #2 RemoveContainer web <- #1 (volume data is made anew)
            #3 RemoveVolume data <- #2 (driver_opts changed)
            #4 CreateVolume data <- #3 (driver_opts changed)
            #5 CreateContainer web <- #2, #4 (its volume is made anew)
            #6 StartContainer web <- #5 (it was created)
            #7 WaitContainer web ready <- #6 (it was started)
            undo #1, #2: StartContainer web
        """),
)  # fmt: skip
def test_made_anew(case):
    check(case)


def test_anonymous_volumes_survive_that_of_another_name():
    host = Host()
    host.deploy(data(TMPFS))
    contents = {m["Destination"]: host.engine.contents[m["Name"]] for m in host.container("web")["Mounts"]}
    host.deploy(data(NFS, recreate=True))
    after = {m["Destination"]: host.engine.contents[m["Name"]] for m in host.container("web")["Mounts"]}
    assert after["/anon"] == contents["/anon"]
    assert after["/d"] != contents["/d"]


def test_a_user_that_cannot_be_removed_runs_again():
    host = Host()
    host.deploy(data(TMPFS))
    host.engine.fail_at = 2  # the removal after the stop
    report = host.apply(data(NFS, recreate=True))
    assert [str(failure.step.operation.kind) for failure in report.failures] == ["RemoveContainer"]
    assert host.states() == {"web": "running", "db": "created", "no": "running"}
    host.engine.revive()
    host.deploy(data(NFS, recreate=True))


IMPLICIT = {"implicit_volumes": True}
LABELLED = {"type": "volume", "source": "more", "target": "/m", "volume": {"labels": {"a": "b"}}}


@cases(
    Case("made for who mounts it", None, {**IMPLICIT, **containers(web=app(volumes=["data:/d", LABELLED, "/anon", "/x:/x"]))}, """
            #1 CreateVolume data (volume is missing)
            #2 CreateVolume more (volume is missing)
            #3 CreateContainer web <- #1, #2 (container is missing)
            #4 StartContainer web <- #3 (it was created)
            #5 WaitContainer web ready <- #4 (it was started)
        """),
    Case("made once, and not where it is declared or there", None,
         {**IMPLICIT, "volumes": {"own": {}},
          **containers(web=app(volumes=["data:/d", "own:/o", "theirs:/t"], state="stopped"), db=app(volumes=["data:/d"], state="stopped"))}, """
            #1 CreateVolume own (volume is missing)
            #2 CreateVolume data (volume is missing)
            #3 CreateContainer web <- #1, #2 (container is missing)
            #4 CreateContainer db <- #2 (container is missing)
        """, lambda host: host.engine.volumes.make("theirs", {})),
    Case("before a replacement", containers(web=app(state="stopped")),
         {**IMPLICIT, **containers(web=app(volumes=["data:/d"], state="stopped"))}, """
            #1 CreateVolume data (volume is missing)
            #2 CreateContainer web.next <- #1 (mount /d added)
            #3 RemoveContainer web <- #2 (mount /d added)
            #4 RenameContainer web.next to web <- #3 (it takes over)
        """),
    Case("not for what shall go", None, {**IMPLICIT, "containers": {"web": app(volumes=["data:/d"], state="absent")}}, ""),
    Case("kept when nobody mounts it any more", {**IMPLICIT, **containers(web=app(volumes=["data:/d"], state="stopped"))},
         {**IMPLICIT, "containers": {"web": {"state": "absent"}}}, """
            #1 RemoveContainer web (declared absent)
        """),
)  # fmt: skip
def test_implicit_volumes(case):
    check(case)


def test_an_implicit_volume_is_as_a_declared_one():
    host = Host()
    host.deploy({"scope": "object", **IMPLICIT, **containers(web=app(volumes=["data:/d", LABELLED]))})
    volumes = host.engine.volumes.all
    assert volumes["data"]["Driver"] == "local"
    assert volumes["data"]["Labels"]["io.stowage.scope"] == "object"
    assert volumes["more"]["Labels"]["a"] == "b"
    host.deploy({"scope": "object", "prune": False, "volumes": {"data": {}}})


def test_a_volume_declared_absent_is_not_made():
    host = Host()
    gone = {"volumes": {"data": {"state": "absent"}}}
    assert host.refusals({**IMPLICIT, **gone, **containers(web=app(volumes=["data:/d"]))}) == {
        "$.containers.web.volumes[0]": "the volume data is declared absent"
    }


ADVICE = "declare it as it is, use another name, or set recreate: true to throw its data away and make it anew"


def test_other_options_are_refused_with_advice():
    host = Host()
    host.deploy(data(TMPFS))
    assert host.refusals(data(NFS)) == {
        "$.volumes.data": f"the volume data has other options (driver_opts changed), and the engine cannot change them; {ADVICE}"
    }
    assert "driver local -> zfs, driver_opts changed" in host.refusals(data(driver="zfs"))["$.volumes.data"]


def test_not_under_somebody_elses_container():
    host = Host()
    host.deploy(data(TMPFS))
    together(stranger("theirs", HostConfig=MOUNTED), state("theirs", Status="exited"))(host)
    assert host.refusals(data(NFS, recreate=True)) == {
        "$.volumes.data": "the volume data cannot be made anew: in use by theirs, not described here"
    }


def test_refusals():
    host = Host()
    host.deploy({"scope": "other", **data(TMPFS)})
    theirs = "the volume data belongs to the scope other; declare it there, or remove it there first"
    assert host.refusals({"volumes": {"data": {"driver_opts": NFS}}}) == {"$.volumes.data": theirs}
    assert host.refusals({"volumes": {"data": {"state": "absent"}}}) == {"$.volumes.data": theirs}
    assert host.refusals({"volumes": {"none": {"external": True}}}) == {
        "$.volumes.none": "the external volume none is not on the host"
    }


def test_absent_but_in_use():
    host = Host()
    host.deploy(data())
    kept = {"prune": False, "volumes": {"data": {"state": "absent"}}}
    assert host.refusals(kept) == {"$.volumes.data": "the volume data is in use by db, web"}
