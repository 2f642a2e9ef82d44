# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a key may hold: a table of values that are refused, with what is said, and of values that pass."""

import pytest

from provision.config.shapes import log_problems, problems

BULLSEYE, NEW = (20, 10, 24), (28, 5, 2)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"registry-miror": []}, "$.registry-miror: daemon.json has no key registry-miror; is registry-mirrors meant?"),
        ({"log_driver": "local"}, "$.log_driver: daemon.json has no key log_driver; is log-driver meant?"),
        ({"zzz": 1}, "$.zzz: daemon.json has no key zzz"),
        ({"mtu": "1400"}, "$.mtu: has to be a whole number, not a text"),
        ({"mtu": True}, "$.mtu: has to be a whole number, not true or false"),
        ({"debug": "yes"}, "$.debug: has to be true or false, not a text"),
        ({"debug": 1}, "$.debug: has to be true or false, not a number"),
        ({"data-root": "docker"}, "$.data-root: has to be an absolute path, not docker"),
        ({"log-driver": None}, "$.log-driver: has to be a text, not nothing"),
        ({"log-level": "loud"}, "$.log-level: has to be one of debug, info, warn, error, fatal, not loud"),
        ({"dns": "192.0.2.1"}, "$.dns: has to be a list, not a text"),
        ({"dns": ["192.0.2.1", "resolver"]}, "$.dns[1]: has to be an address, not resolver"),
        ({"bip": "172.29.0.1"}, "$.bip: has to be an address and a prefix as in 172.17.0.1/16, not 172.29.0.1"),
        ({"bip": "172.29.0.1/99"}, "$.bip: has to be an address and a prefix as in 172.17.0.1/16, not 172.29.0.1/99"),
        ({"metrics-addr": "9323"}, "$.metrics-addr: has to be an address and a port as in 127.0.0.1:9323, not 9323"),
        ({"hosts": ["0.0.0.0:1"]}, "$.hosts[0]: has to begin with unix://, tcp:// or fd://, not be 0.0.0.0:1"),
        ({"labels": ["rack"]}, "$.labels[0]: has to be name=value, not rack"),
        ({"log-opts": {"max-file": 3}}, "$.log-opts.max-file: has to be a text, not a number"),
        ({"features": {"buildkit": "on"}}, "$.features.buildkit: has to be true or false, not a text"),
        ({"default-shm-size": 64}, "$.default-shm-size: has to be a size in quotes as in 64M, not a number"),
        (
            {"registry-mirrors": ["mirror"]},
            "$.registry-mirrors[0]: has to be a URL as in https://mirror.example.net, not",
        ),
        (
            {"default-address-pools": [{"base": "10.0.0.0/8"}]},
            "$.default-address-pools[0]: has to be a dictionary of base",
        ),
        (
            {"default-address-pools": [{"base": "10.0.0.0/16", "size": 8}]},
            "$.default-address-pools[0].size: has to be a prefix between 16 and 32, not a number",
        ),
        ({"default-ulimits": {"nofiles": {}}}, "$.default-ulimits.nofiles: is no limit; is nofile meant?"),
        (
            {"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 9, "Hard": 1}}},
            "$.default-ulimits.nofile: the soft limit 9 is above the hard one, 1",
        ),
        ({"runtimes": {"runc": {"path": "/x"}}}, "$.runtimes.runc: is the engine's own name"),
        ({"runtimes": {"crun": {"paht": "/x"}}}, "$.runtimes.crun: has no paht; is path meant?"),
        ({"runtimes": {"crun": {"runtimeArgs": "-v", "path": "/x"}}}, "$.runtimes.crun: runtimeArgs has to be a list"),
        ({"builder": []}, "$.builder: has to be a dictionary, not a list"),
    ],
)
def test_what_is_refused(document, said):
    assert any(problem.startswith(said) for problem in problems(document, NEW)), problems(document, NEW)


@pytest.mark.parametrize(
    ("document", "version", "said"),
    [
        ({"proxies": {}}, BULLSEYE, "the engine knows proxies since 23.0, and this is 20.10.24"),
        ({"bip6": "fd00::1/64"}, (27, 1), "the engine knows bip6 since 28.0, and this is 27.1"),
        ({"graph": "/var/lib/docker"}, NEW, "the engine does not know graph since 23.0 any more, and this is 28.5.2"),
    ],
)
def test_versions_know_different_keys(document, version, said):
    (problem,) = problems(document, version)
    assert problem.endswith(said)


def test_what_fits():
    document = {
        "debug": True, "mtu": 1400, "bip": "172.29.0.1/24", "fixed-cidr-v6": "fd00::/64", "hosts": ["fd://", "tcp://[::]:1"],
        "log-driver": "example/plugin:1", "log-opts": {"max-size": "10m"}, "labels": ["a=1"], "metrics-addr": "[::1]:9323",
        "default-ulimits": {"core": {"Name": "core", "Soft": 0, "Hard": -1}}, "runtimes": {"kata": {"runtimeType": "x"}},
        "default-address-pools": [{"base": "10.0.0.0/8", "size": 24}], "seccomp-profile": "unconfined",
        "default-network-opts": {"bridge": {"com.docker.network.driver.mtu": "1400"}}, "default-shm-size": "1.5G",
        "insecure-registries": ["10.0.0.0/8", "registry:5000"], "builder": {"gc": {"enabled": True}},
    }  # fmt: skip
    assert problems(document, NEW) == []
    assert problems({"graph": "/x"}, BULLSEYE) == []


def test_of_engines_to_come_unknown_keys_are_for_dockerd_to_judge():
    assert problems({"brand-new": 1}, (31, 0)) == []


def test_a_value_with_a_password_is_not_shown():
    (problem,) = problems({"registry-mirrors": ["ftp://me:hidden@mirror"]}, NEW)
    assert "hidden" not in problem


@pytest.mark.parametrize(
    ("document", "paths"),
    [
        ({"log-opts": {"max-size": "1m"}}, []),
        ({"log-driver": "journald", "log-opts": {"max-size": "1m", "tag": "x"}}, ["log-opts/max-size"]),
        ({"log-driver": "local", "log-opts": {"max-file": "1", "labels": "x"}}, ["log-opts/labels"]),
        ({"log-driver": "example/plugin", "log-opts": {"anything": "x"}}, []),
        ({"log-driver": "none", "log-opts": {"anything": "x"}}, []),
        ({"log-driver": 1, "log-opts": []}, []),
    ],
)
def test_options_of_log_drivers(document, paths):
    assert list(log_problems(document)) == paths
