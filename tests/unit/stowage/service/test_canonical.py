# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole service: keys known, unknown and refused, and that reading twice changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stowage.errors import Problem
from stowage.service.canonical import KEYS, REFUSED, parse_service
from tests.unit.stowage.support.examples import examples

from .reading import canonical, refused
from .strategies import services

# Every key that issues, documents and people may expect, by the compose specification.
EXPECTED = set(
    "annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command container_name cpu_count "
    "cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset depends_on deploy "
    "device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint environment expose external_links "
    "extra_hosts gpus group_add healthcheck hostname image init ipc isolation labels links logging mac_address "
    "mem_limit mem_reservation mem_swappiness memswap_limit network_mode networks oom_kill_disable oom_score_adj pid "
    "pids_limit platform ports post_start pre_stop privileged pull_policy read_only restart runtime scale "
    "security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits user "
    "userns_mode uts volumes volumes_from working_dir".split()
)


def test_the_keys() -> None:
    assert set(KEYS) == EXPECTED
    assert not EXPECTED & set(REFUSED)


def test_all_problems_at_once_each_with_its_path() -> None:
    problems: list[Problem] = []
    document = {"image": 5, "prots": [], "x-note": 1, "tty": "perhaps", "a.b": 1, "ports": ["x", "y"], "user": "0"}
    service = parse_service(document, "$.containers.web", problems)
    assert [problem.path for problem in problems] == [
        "$.containers.web.prots",
        "$.containers.web.tty",
        '$.containers.web["a.b"]',
        "$.containers.web.ports[0]",
        "$.containers.web.ports[1]",
    ]
    assert service == {"image": "5", "user": "0"}


@pytest.mark.parametrize("value", [None, [], "x", 5])
def test_what_is_no_mapping(value: Any) -> None:
    problems: list[Problem] = []
    assert parse_service(value, "$", problems) == {}
    assert len(problems) == 1


@pytest.mark.parametrize("key", REFUSED)
def test_keys_that_need_what_a_host_has_not(key: str) -> None:
    assert refused(**{key: ["x"]}) == [f"$.{key}: not supported here: {REFUSED[key]}"]
    assert refused(**{key: None}) == []


@pytest.mark.parametrize(
    ("document", "messages"),
    [
        (
            {"labels": {"io.stowage.scope": "x"}},
            ['$.labels["io.stowage.scope"]: labels that begin with io.stowage. are kept for book-keeping'],
        ),
        ({"uts": "host", "hostname": "a"}, ["$.hostname: cannot stand beside uts: host"]),
        ({"ipc": "x"}, ["$.ipc: must be host, private, shareable, none, service:… or container:…"]),
        ({"working_dir": "x"}, ["$.working_dir: must be an absolute path in the container"]),
        ({"container_name": "-x"}, ["$.container_name: must be a name that the engine takes"]),
        ({"oom_score_adj": 1001}, ["$.oom_score_adj: must be at most 1000"]),
        ({"mem_swappiness": 101}, ["$.mem_swappiness: must be a number from -1 to 100"]),
        ({"build": 5}, ["$.build: must be a string or a mapping, not a number"]),
        ({"cap_add": ["A", "A"]}, ["$.cap_add[1]: stands here twice"]),
        (
            {"security_opt": ["seccomp=/etc/x.json"]},
            ["$.security_opt[0]: seccomp takes unconfined, builtin or the profile itself as JSON, not a path"],
        ),
        ({"security_opt": ["seccomp:unconfined", "seccomp={}", "apparmor=x"]}, []),
    ],
)
def test_what_is_refused(document: dict[str, Any], messages: list[str]) -> None:
    assert refused(**document) == messages


def test_what_is_empty_is_left_out_unless_it_is_meant() -> None:
    service = canonical(
        ports=[], tty=False, mem_limit=0, environment={}, command=[], init=False, labels=None, pids_limit=0
    )
    assert service == {"image": "x", "command": [], "init": False}


def test_no_message_quotes_a_secret() -> None:
    secret = "hunter2"
    found = refused(
        environment={"A": [secret], "": secret},
        command=[secret, {"a": secret}],
        healthcheck={"test": [secret]},
        labels=["a=" + secret, "a=" + secret],
        post_start=[{"command": "'" + secret}],
    )
    assert len(found) == 6
    assert secret not in "".join(found)


@examples(300)
@given(services)
def test_reading_again_changes_nothing(document: dict[str, Any]) -> None:
    problems: list[Problem] = []
    once = parse_service(document, "$", problems)
    before = json.dumps(once)
    again: list[Problem] = []
    assert parse_service(once, "$", again) == once
    assert json.dumps(once) == before
    if not problems:
        assert again == []


junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)


@examples(300)
@given(
    st.dictionaries(st.one_of(st.sampled_from(sorted(EXPECTED | set(REFUSED))), st.text(max_size=5)), junk, max_size=5)
)
def test_no_input_breaks_it_and_what_is_left_is_canonical(document: dict[str, Any]) -> None:
    problems: list[Problem] = []
    service = parse_service(document, "$", problems)
    assert all(problem.path.startswith("$") and problem.message for problem in problems)
    assert parse_service(service, "$", []) == service
    json.dumps(service)
