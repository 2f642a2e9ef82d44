# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to keys: a table of each option, what is refused, and what depends on the host."""

import pytest

from provision.config.declared import Facts, declare
from provision.errors import ProvisionError

OLD, NEW = Facts(version=(20, 10, 24)), Facts(version=(26, 1, 5))
TLS = {"address": "0.0.0.0", "port": 2376, "ca": "/t/ca.pem", "cert": "/t/cert.pem", "key": "/t/key.pem"}


@pytest.mark.parametrize(
    ("options", "declared"),
    [
        ({"log_driver": "local"}, {"log-driver": "local"}),
        ({"log_options": {"max-size": "1m", "max-file": 3, "compress": True}},
         {"log-opts/max-size": "1m", "log-opts/max-file": "3", "log-opts/compress": "true"}),
        ({"data_root": "/data"}, {"data-root": "/data"}),
        ({"storage_driver": "overlay2"}, {"storage-driver": "overlay2"}),
        ({"registry_mirrors": ["https://m"]}, {"registry-mirrors": ["https://m"]}),
        ({"insecure_registries": ["r:1"]}, {"insecure-registries": ["r:1"]}),
        ({"address_pools": [{"base": "10.0.0.0/8", "size": "24"}]},
         {"default-address-pools": [{"base": "10.0.0.0/8", "size": 24}]}),
        ({"bip": "10.0.0.1/24"}, {"bip": "10.0.0.1/24"}),
        ({"dns": ["192.0.2.1"], "dns_search": ["x"], "dns_options": ["ndots:1"]},
         {"dns": ["192.0.2.1"], "dns-search": ["x"], "dns-opts": ["ndots:1"]}),
        ({"mtu": 1400}, {"mtu": 1400}),
        ({"ipv6": False, "fixed_cidr_v6": "fd00::/64"}, {"ipv6": False, "fixed-cidr-v6": "fd00::/64"}),
        ({"default_ulimits": {"nofile": {"soft": 1, "hard": "2"}, "core": 0, "nproc": {"hard": 5}}},
         {"default-ulimits/nofile": {"Name": "nofile", "Soft": 1, "Hard": 2},
          "default-ulimits/core": {"Name": "core", "Soft": 0, "Hard": 0},
          "default-ulimits/nproc": {"Name": "nproc", "Soft": 5, "Hard": 5}}),
        ({"cgroup_driver": "systemd"}, {"exec-opts/native.cgroupdriver": "native.cgroupdriver=systemd"}),
        ({"userns_remap": "default"}, {"userns-remap": "default"}),
        ({"live_restore": "true"}, {"live-restore": True}),
        ({"live_restore": "false"}, {"live-restore": False}),
        ({"metrics_address": "127.0.0.1:9323"}, {"metrics-addr": "127.0.0.1:9323"}),
        ({"proxies": {"http": "http://p", "https": None, "no": "x"}},
         {"proxies/http-proxy": "http://p", "proxies/no-proxy": "x"}),
        ({"features": {"buildkit": "true", "x": False}}, {"features/buildkit": True, "features/x": False}),
        ({"runtimes": ["crun", "runsc", "kata"], "runtime_arguments": {"runsc": ["-x"]}, "default_runtime": "crun"},
         {"runtimes/crun": {"path": "/usr/bin/crun"}, "runtimes/kata": {"runtimeType": "io.containerd.kata.v2"},
          "runtimes/runsc": {"path": "/usr/bin/runsc", "runtimeArgs": ["-x"]}, "default-runtime": "crun"}),
        ({"debug": True, "labels": ["a=1"], "icc": False}, {"debug": True, "labels/a": "a=1", "icc": False}),
        ({"userland_proxy": False, "no_new_privileges": True, "seccomp_profile": "/p"},
         {"userland-proxy": False, "no-new-privileges": True, "seccomp-profile": "/p"}),
        ({"hosts": ["fd://"]}, {"hosts": ["fd://"]}),
        ({"config": {"init": True, "log-opts": {"tag": "x"}}, "log_options": {"max-size": "1m"}},
         {"init": True, "log-opts/max-size": "1m", "log-opts/tag": "x"}),
        # The free dictionary goes before.
        ({"config": {"mtu": 1}, "mtu": 2}, {"mtu": 1}),
        ({"mtu": 0, "log_driver": "", "dns": [], "features": {}, "debug": None, "config": {}}, {}),
        ({"tls": TLS}, {"tlsverify": True, "tlscacert": "/t/ca.pem", "tlscert": "/t/cert.pem", "tlskey": "/t/key.pem",
                        "hosts": ["fd://", "tcp://0.0.0.0:2376"]}),
        ({"tls": {**TLS, "address": "::"}, "hosts": ["unix:///var/run/docker.sock"]},
         {"tlsverify": True, "tlscacert": "/t/ca.pem", "tlscert": "/t/cert.pem", "tlskey": "/t/key.pem",
          "hosts": ["fd://", "tcp://[::]:2376"]}),
        # The socket is systemd's, who hands it over.
        ({"hosts": ["unix:///run/docker.sock", "fd://", "unix:///x"]}, {"hosts": ["fd://", "unix:///x"]}),
        ({"config": {"hosts": ["unix:///var/run/docker.sock"]}}, {"hosts": ["fd://"]}),
        ({"hardening": "baseline"},
         {"icc": False, "log-level": "info", "no-new-privileges": True, "live-restore": True}),
        ({"hardening": "cis", "icc": True, "live_restore": "false"},
         {"icc": True, "log-level": "info", "no-new-privileges": True, "live-restore": False, "userland-proxy": False,
          "userns-remap": "default"}),
    ],
    ids=",".join,
)  # fmt: skip
def test_options(options, declared):
    assert declare(options, NEW).declared == declared


def test_an_old_engine_has_its_proxies_from_the_environment():
    found = declare({"proxies": {"https": "http://p"}}, OLD)
    assert (found.declared, found.proxies) == ({}, {"https-proxy": "http://p"})
    assert declare({"proxies": {"https": "http://p"}}, NEW).proxies == {}


def test_an_old_engine_has_kata_by_its_path():
    assert declare({"runtimes": ["kata"]}, OLD).declared == {"runtimes/kata": {"path": "/usr/bin/kata-runtime"}}


def test_a_runtime_is_where_it_was_found():
    facts = Facts(version=(26,), programs={"crun": "/usr/local/bin/crun"})
    assert declare({"runtimes": ["crun"]}, facts).declared == {"runtimes/crun": {"path": "/usr/local/bin/crun"}}


BOUNDS = {"log-opts/max-size": "10m", "log-opts/max-file": "3"}


@pytest.mark.parametrize(
    ("options", "facts", "suggested"),
    [
        ({}, {}, {"live-restore": True, **BOUNDS}),
        ({}, {"swarm": True}, BOUNDS),
        ({"live_restore": "false"}, {}, BOUNDS),
        ({"live_restore": "false", "log_driver": "journald"}, {}, {}),
        ({"live_restore": "false"}, {"log_driver": "journald"}, {}),
        ({"live_restore": "false"}, {"bounded": True}, {}),
        ({"live_restore": "false", "log_options": {}}, {}, {}),
    ],
)
def test_suggestions(options, facts, suggested):
    assert declare(options, Facts(**facts)).suggested == suggested


@pytest.mark.parametrize(
    ("options", "facts", "said"),
    [
        ({"config": {"registry-miror": []}}, {}, "$.config.registry-miror: daemon.json has no key registry-miror; is"),
        (
            {"config": {"mtu": "1"}, "dns": ["x"]},
            {},
            "$.config.mtu: has to be a whole number, not a text\n$.dns[0]: has",
        ),
        ({"default_ulimits": {"nofile": {"sfot": 1}}}, {}, "$.default_ulimits.nofile: has no sfot"),
        ({"default_ulimits": {"nofile": "many"}}, {}, "$.default_ulimits.nofile: has to be"),
        ({"metrics_address": "x"}, {}, "$.metrics_address: has to be an address and a port"),
        ({"proxies": {"ftp": "x"}}, {}, "$.proxies.ftp: there is no such proxy"),
        ({"proxies": {"no": ["x"]}}, {}, "$.proxies.no: has to be a text"),
        ({"runtime_arguments": {"runsc": []}}, {}, "$.runtime_arguments.runsc: runtimes does not name runsc"),
        ({"live_restore": "true"}, {"swarm": True}, "$.live_restore: this host is part of a swarm"),
        ({"hosts": ["tcp://127.0.0.1:1"]}, {}, "$.hosts: leaves out fd://"),
        (
            {"hosts": ["tcp://127.0.0.1:1"]},
            {"systemd": False, "handed": False},
            "$.hosts: leaves out unix:///var/run/docker.sock",
        ),
        ({"config": {"hosts": ["tcp://127.0.0.1:1"]}}, {}, "$.hosts: leaves out fd://"),
        (
            {"hosts": ["fd://", "unix:///var/run/docker.sock"]},
            {"systemd": False, "handed": False},
            "$.hosts: fd:// is systemd's",
        ),
        ({"config": {"proxies": {}}}, {"version": (20, 10)}, "$.config.proxies: the engine knows proxies since 23.0"),
    ],
)
def test_what_is_refused(options, facts, said):
    with pytest.raises(ProvisionError) as raised:
        declare(options, Facts(**facts))
    assert str(raised.value).startswith(said)


def test_without_systemd_the_socket_is_the_engines_own():
    found = declare({"tls": TLS}, Facts(systemd=False, handed=False)).declared
    assert found["hosts"] == ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2376"]


def test_hosts_of_the_free_dictionary_are_kept_with_tls():
    options = {"tls": TLS, "config": {"hosts": ["fd://", "tcp://127.0.0.1:1"]}}
    assert declare(options, NEW).declared["hosts"] == ["fd://", "tcp://127.0.0.1:1", "tcp://0.0.0.0:2376"]
    assert options["config"]["hosts"] == ["fd://", "tcp://127.0.0.1:1"]


@pytest.mark.parametrize(
    ("facts", "remapped", "warned"),
    [
        ({}, "default", False),
        ({"held": True}, None, True),
        ({"held": True, "remapped": "default"}, "default", False),
        ({"remapped": "somebody"}, None, False),
    ],
)
def test_hardening_puts_nothing_out_of_sight(facts, remapped, warned):
    found = declare({"hardening": "cis"}, Facts(**facts))
    assert found.declared.get("userns-remap") == remapped
    assert bool(found.warnings) is warned


def test_a_swarm_has_no_live_restore_by_hardening():
    assert "live-restore" not in declare({"hardening": "cis"}, Facts(swarm=True)).declared
