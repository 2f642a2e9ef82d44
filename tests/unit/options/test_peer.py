# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from plugins.module_utils.options.peer import REFUSED, RENAMED, translate_service
from plugins.module_utils.stowage.service.canonical import KEYS

# (docker_container's options, compose's keys)
CASES = [
    ({"image": "a", "command": ["x"]}, {"image": "a", "command": ["x"]}),
    ({"env": {"A": "1"}, "published_ports": ["80:80"]}, {"environment": {"A": "1"}, "ports": ["80:80"]}),
    ({"memory": "64m", "memory_swap": "unlimited"}, {"mem_limit": "64m", "memswap_limit": -1}),
    ({"restart_policy": "on-failure", "restart_retries": 3}, {"restart": "on-failure:3"}),
    ({"restart": False}, {"restart": "no"}),
    ({"restart_policy": "False"}, {"restart": "no"}),
    ({"pull": True}, {"pull_policy": "always"}),
    ({"pull": "not_present"}, {"pull_policy": "missing"}),
    ({"pull": "never"}, {"pull_policy": "never"}),
    ({"log_driver": "syslog", "log_options": {"tag": "x"}}, {"logging": {"driver": "syslog", "options": {"tag": "x"}}}),
    ({"log_opt": {"tag": "x"}}, {"logging": {"options": {"tag": "x"}}}),
    ({"stop_timeout": 30}, {"stop_grace_period": "30s"}),
    ({"keep_volumes": False}, {"remove_volumes": True}),
    # Refused otherwise, but these ask for what is done anyway.
    ({"detach": True, "networks_cli_compatible": "yes", "purge_networks": "True", "cleanup": False}, {}),
    ({"comparisons": {"*": "strict", "env": "strict"}, "container_default_behavior": "no_defaults"}, {}),
    ({"env_file": None, "image_label_mismatch": "ignore"}, {}),
    ({"ulimits": ["nofile:1:2", "nproc:5"]}, {"ulimits": {"nofile": {"soft": 1, "hard": 2}, "nproc": 5}}),
    ({"ulimits": {"nproc": 5}}, {"ulimits": {"nproc": 5}}),
    ({"ulimits": ["nproc:many"]}, {"ulimits": ["nproc:many"]}),
    ({"networks": ["a", "b"]}, {"networks": ["a", "b"]}),
    (
        {"networks": [{"name": "a", "ipv4_address": "10.0.0.2", "aliases": None}, "b"]},
        {"networks": {"a": {"ipv4_address": "10.0.0.2"}, "b": None}},
    ),
    ({"networks": [{"aliases": ["x"]}]}, {"networks": [{"aliases": ["x"]}]}),
    ({"networks": [{"name": "a"}, {"name": "b"}], "network_mode": "a"}, {"networks": {"a": None, "b": None}}),
    ({"networks": ["a"], "network_mode": "host"}, {"networks": ["a"], "network_mode": "host"}),
    ({"networks": {"a": {}}, "network_mode": []}, {"networks": {"a": {}}, "network_mode": []}),
    (
        {"healthcheck": {"test": ["CMD", "x"], "test_cli_compatible": True, "retries": None}},
        {"healthcheck": {"test": ["CMD", "x"]}},
    ),
    (
        {"volumes": ["/a:/b"], "mounts": [{"target": "/t", "type": "tmpfs", "tmpfs_size": "1m", "source": None}]},
        {"volumes": ["/a:/b", {"type": "tmpfs", "target": "/t", "tmpfs": {"size": "1m"}}]},
    ),
    (
        {"mounts": [{"target": "/t", "source": "v", "no_copy": True, "subpath": "s"}]},
        {"volumes": [{"type": "volume", "target": "/t", "source": "v", "volume": {"nocopy": True, "subpath": "s"}}]},
    ),
    (
        {"mounts": [{"target": "/t", "source": "/s", "type": "bind", "propagation": "slave", "non_recursive": True}]},
        {
            "volumes": [
                {
                    "type": "bind",
                    "target": "/t",
                    "source": "/s",
                    "bind": {"propagation": "slave", "recursive": "disabled"},
                }
            ]
        },
    ),
    (
        {"blkio_weight": 10, "device_read_bps": [{"path": "/dev/sda", "rate": "1m"}]},
        {"blkio_config": {"weight": 10, "device_read_bps": [{"path": "/dev/sda", "rate": "1m"}]}},
    ),
    (
        {"device_requests": [{"driver": "nvidia", "count": -1, "capabilities": [["gpu"]], "options": None}]},
        {
            "deploy": {
                "resources": {"reservations": {"devices": [{"driver": "nvidia", "count": -1, "capabilities": ["gpu"]}]}}
            }
        },
    ),
]


@pytest.mark.parametrize(("given", "expected"), CASES)
def test_translations(given, expected):
    problems = []
    assert translate_service(given, "", problems) == expected
    assert problems == []


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"auto_remove": True}, ["auto_remove: not supported"]),
        ({"env_file": "x", "cleanup": True}, ["cleanup: not supported", "env_file: not supported"]),
        ({"comparisons": {"*": "strict", "env": "allow_more_present"}}, ["comparisons: not supported"]),
        ({"detach": False, "kernel_memory": 0}, ["detach: not supported", "kernel_memory: not supported"]),
        ({"environment": {}, "env": {}}, ["env: is environment under another name"]),
        ({"logging": {"driver": "x"}, "log_driver": "y"}, ["log_driver: logging is set too"]),
        ({"stop_grace_period": "1s", "stop_timeout": 1}, ["stop_timeout: stop_grace_period is set too"]),
        ({"restart_policy": "always", "restart_retries": 1}, ["restart_retries: belongs to restart: on-failure"]),
        ({"remove_volumes": True, "keep_volumes": True}, ["keep_volumes: remove_volumes is set too"]),
        ({"blkio_config": {"weight": 1}, "blkio_weight": 2}, ["blkio_weight: blkio_config is set too"]),
        ({"deploy": {}, "device_requests": []}, ["device_requests: write it as"]),
        ({"device_requests": [{"capabilities": [["a"], ["b"]]}]}, ["device_requests[0]: one list"]),
        ({"mounts": ["/a"]}, ["mounts[0]: must be a mapping"]),
        ({"mounts": [{"target": "/a", "volume_driver": "x"}]}, ["mounts[0].volume_driver: not supported"]),
    ],
)
def test_what_cannot_be_translated_is_said(given, problems):
    found = []
    translate_service(given, "containers.web.", found)
    assert len(found) == len(problems)
    for message, expected in zip(sorted(found), problems):
        assert message.startswith("containers.web." + expected)


def test_every_name_leads_to_a_key_of_compose():
    assert set(RENAMED.values()) <= set(KEYS)
    assert not set(RENAMED) & set(KEYS)
    assert not set(REFUSED) & set(KEYS)
