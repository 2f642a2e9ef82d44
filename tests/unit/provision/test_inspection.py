# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest

from provision import inspection
from provision.commands import Commands, Done
from provision.files import Files

MADISON = """\
 docker.io | 28.5.2+dfsg4-5 | http://mirror/debian sid/main amd64 Packages
 docker.io | 26.1.5+dfsg1-9 | http://mirror/debian trixie/main amd64 Packages
 docker.io | 26.1.5+dfsg1-9 | http://mirror/security trixie-security/main amd64 Packages
 docker.io | 26.1.5+dfsg1-9 | http://mirror/debian trixie/main Sources
containerd | 1.7.24~ds1-6 | http://mirror/debian trixie/main amd64 Packages
"""


class Answers(Commands):
    """Answers from a table, by the first two words of a command."""

    def __init__(self, answers):
        super().__init__()
        self.answers = answers

    def find(self, program):
        return f"/usr/bin/{program}" if any(command.split()[0] == program for command in self.answers) else None

    def run(self, *argv, **_options):
        code, said = self.answers[" ".join(argv[:2])]
        return Done(code, said, said)


def test_packages_of_dpkg_with_their_holds():
    said = "hi |docker.io|26.1.5+dfsg1-9\nii |runc|1.1.15\nrc |docker-ce|5:27.0\nun |containerd.io|\n"
    found = inspection.observe_packages(Answers({"dpkg-query -W": (1, said)}), "apt")
    assert found == inspection.Packages({"docker.io": "26.1.5+dfsg1-9", "runc": "1.1.15"}, ("docker.io",))


def test_packages_of_rpm():
    said = "package docker.io is not installed\ndocker-ce|3:28.5.2-1.el9\ncontainerd.io|(none):1.7.27-1.el9\n"
    found = inspection.observe_packages(Answers({"rpm -q": (1, said)}), "dnf")
    assert found.versions == {"docker-ce": "3:28.5.2-1.el9", "containerd.io": "1.7.27-1.el9"}
    assert inspection.observe_packages(Answers({}), "").versions == {}


def test_versions_that_are_offered():
    offered = inspection.observe_offered(
        Answers({"apt-cache madison": (0, MADISON)}), "apt", ["docker.io", "containerd"]
    )
    assert [(offer["package"], offer["version"], offer["from"]) for offer in offered] == [
        ("docker.io", "28.5.2+dfsg4-5", "sid/main"),
        ("docker.io", "26.1.5+dfsg1-9", "trixie/main"),
        ("containerd", "1.7.24~ds1-6", "trixie/main"),
    ]
    before = {
        "packages": {"docker.io": "26.1.5+dfsg1-9", "containerd": "1.6.0", "runc": "1.1"},
        "version": "26.1.5+dfsg1",
    }
    assert inspection.returnable(before, offered) == {"docker.io": "26.1.5+dfsg1-9"}
    # From where packages are taken, others may be had.
    known = {"containerd": "1.6.0", "runc": "1.0"}
    assert inspection.returnable(before, offered, known) == {"containerd": "1.6.0"}
    assert inspection.returnable(before, offered, {}) == {}


@pytest.mark.parametrize(
    ("installed", "runs", "returnable"),
    [
        # A run was killed between packages and restart.
        ("28.5.2+dfsg4-5", "26.1.5+dfsg1", {"docker.io": "26.1.5+dfsg1-9"}),
        ("28.5.2+dfsg4-5", "25.0.1", {}),
        # An engine that does not answer tells nothing of it.
        ("28.5.2+dfsg4-5", "", {"docker.io": "28.5.2+dfsg4-5", "containerd": "1.7.24~ds1-6"}),
    ],
)
def test_what_runs_counts_and_not_what_is_installed(installed, runs, returnable):
    offered = inspection.parse_madison(MADISON)
    before = {"packages": {"docker.io": installed, "containerd": "1.7.24~ds1-6"}, "version": runs}
    assert inspection.returnable(before, offered) == returnable


@pytest.mark.parametrize(
    ("package", "version", "another"),
    [
        ("5:28.5.2-1~debian.13~trixie", "28.5.2", False),
        ("5:29.0.0~rc.1-1~debian.13~trixie", "29.0.0-rc.1", False),
        ("26.1.5+dfsg1-9+deb13u1", "26.1.5+dfsg1", False),
        ("5:20.10.24~3-0~debian-bullseye", "20.10.24", False),
        ("28.2.2-0ubuntu1~24.04.1", "28.2.2", False),
        ("3:28.5.2-1.el9", "28.5.2", False),
        ("5:28.5.2-1~debian.13~trixie", "28.5.1", True),
        ("5:28.5.21-1~debian.13~trixie", "28.5.2", True),
    ],
)
def test_which_version_a_package_is_of(package, version, another):
    assert inspection.runs_another({"packages": {"docker-ce": package}, "version": version}) is another
    assert not inspection.runs_another({"packages": {}, "version": version})


def test_versions_that_dnf_offers():
    said = "docker-ce|3:27.0-1|docker-ce-stable\ndocker-ce|3:28.5.2-1|docker-ce-stable\n"
    offered = inspection.observe_offered(Answers({"dnf --quiet": (0, said)}), "dnf", [])
    assert [offer["version"] for offer in offered] == ["3:28.5.2-1", "3:27.0-1"]
    assert inspection.observe_offered(Answers({}), "", []) == []


@pytest.mark.parametrize(
    ("code", "said", "refused"),
    [
        (0, "configuration OK", ""),
        (
            1,
            "the following directives don't match any configuration option: x",
            "the following directives don't match any configuration option: x",
        ),
        (125, "unknown flag: --validate", ""),
    ],
)
def test_the_installed_engine_judges_the_configuration(tmp_path, code, said, refused):
    files = Files(str(tmp_path))
    commands = Answers({"dockerd --validate": (code, said)})
    assert inspection.observe_refusal(files, commands) == ""
    files.write("/etc/docker/daemon.json", "{}")
    assert inspection.observe_refusal(files, commands) == refused


def shown(name, **more):
    document = {
        "Id": f"id-{name}",
        "Name": f"/{name}",
        "RestartCount": 2,
        "State": {"Status": "running", "StartedAt": "then", "Health": {"Status": "healthy"}},
        "Config": {"Labels": None},
        "HostConfig": {"RestartPolicy": {"Name": ""}, "AutoRemove": True},
    }
    return {**document, **more}


class Gone(Exception):
    status = 404


class Broken(Exception):
    status = 500


def engine(inspect, **info):
    asked = SimpleNamespace(
        list=lambda: [{"Id": "id-web"}, {"Id": "id-api"}],
        inspect=inspect,
    )
    system = SimpleNamespace(
        version=lambda: {"Version": "26.1.5", "ApiVersion": "1.45", "Components": [{"Name": "runc", "Version": "1.1"}]},
        info=lambda: {
            "DockerRootDir": "/",
            "LiveRestoreEnabled": True,
            "CgroupVersion": "2",
            "Runtimes": {"runc": {}},
            **info,
        },
        df=dict,
    )
    return SimpleNamespace(containers=asked, system=system)


def test_an_engine_is_told_as_it_is():
    task = shown("api", Config={"Labels": {"com.docker.swarm.task.id": "t1"}})
    documents = {"id-web": shown("web"), "id-api": task}
    found = inspection.observe_engine(engine(documents.__getitem__))
    assert (found["version"], found["live_restore"], found["cgroup_version"]) == ("26.1.5", True, 2)
    assert found["components"] == {"runc": "1.1"}
    assert [container["name"] for container in found["containers"]] == ["api", "web"]
    assert found["containers"][0]["task"] == "t1"
    assert found["containers"][1] == {
        "name": "web",
        "id": "id-web",
        "status": "running",
        "started_at": "then",
        "health": "healthy",
        "restarts": 2,
        "restart_policy": "no",
        "removed_when_stopped": True,
        "task": "",
    }
    assert found["swarm"] == {"state": "inactive", "role": "", "node_id": "", "address": "", "managers": {}}
    assert found["disk"]["size"] >= found["disk"]["free"] > 0
    assert found["usage"] == {}


def test_a_container_that_went_meanwhile_is_left_out_and_other_errors_are_not():
    def gone(identity):
        if identity == "id-api":
            raise Gone
        return shown("web")

    assert [c["name"] for c in inspection.observe_engine(engine(gone))["containers"]] == ["web"]

    def broken(_identity):
        raise Broken

    with pytest.raises(Broken):
        inspection.observe_engine(engine(broken))


@pytest.mark.parametrize(
    ("swarm", "role"), [({"NodeID": "n1", "ControlAvailable": True}, "manager"), ({"NodeID": "n1"}, "worker"), ({}, "")]
)
def test_the_part_in_a_swarm(swarm, role):
    swarm = {"LocalNodeState": "active", "RemoteManagers": [{"NodeID": "n2", "Addr": "10.0.0.1:2377"}], **swarm}
    found = inspection.observe_engine(engine(lambda _identity: shown("web"), Swarm=swarm))["swarm"]
    assert (found["state"], found["role"], found["managers"]) == ("active", role, {"n2": "10.0.0.1:2377"})


def test_what_takes_up_room_and_what_of_it_is_not_used():
    asked = engine(lambda _identity: shown("web"))
    asked.system.df = lambda: {
        "LayersSize": 100,
        "Images": [{"Size": 50, "SharedSize": 20, "Containers": 0}, {"Size": 70, "SharedSize": 20, "Containers": 1}],
        "Containers": [{"SizeRw": 5, "State": "exited"}, {"SizeRw": 7, "State": "running"}, {"State": "created"}],
        "Volumes": [
            {"Name": "a", "UsageData": {"Size": 11, "RefCount": 0}},
            {"Name": "b", "UsageData": {"Size": 13, "RefCount": 1}},
            {"Name": "c", "UsageData": {"Size": -1, "RefCount": -1}},
        ],
        "BuildCache": [{"Size": 3, "InUse": True}, {"Size": 4, "InUse": False}, {"Size": 9, "Shared": True}],
    }
    assert inspection.observe_engine(asked, usage=True)["usage"] == {
        "images": {"count": 2, "bytes": 100, "unused_bytes": 30},
        "containers": {"count": 3, "bytes": 12, "unused_bytes": 5},
        "volumes": {"count": 3, "bytes": 24, "unused_bytes": 11},
        "build_cache": {"count": 3, "bytes": 7, "unused_bytes": 4},
    }
