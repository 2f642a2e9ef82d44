# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of engine_config. Imports nothing but typing."""

from __future__ import annotations

from typing import Any, Dict

_TEXT = {"type": "str", "default": ""}
_TEXTS = {"type": "list", "elements": "str", "default": []}
_DICT = {"type": "dict", "default": {}}
_SWITCH = {"type": "bool"}

SPEC: Dict[str, Dict[str, Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "log_driver": _TEXT,
    "log_options": {"type": "dict"},
    "data_root": _TEXT,
    "storage_driver": _TEXT,
    "registry_mirrors": _TEXTS,
    "insecure_registries": _TEXTS,
    "registry_certificates": {"type": "dict", "default": {}, "no_log": True},
    "address_pools": {"type": "list", "elements": "dict", "default": []},
    "bip": _TEXT,
    "dns": _TEXTS,
    "dns_search": _TEXTS,
    "dns_options": _TEXTS,
    "mtu": {"type": "int", "default": 0},
    "ipv6": _SWITCH,
    "fixed_cidr_v6": _TEXT,
    "default_ulimits": _DICT,
    "cgroup_driver": {"type": "str", "choices": ["", "systemd", "cgroupfs"], "default": ""},
    "userns_remap": _TEXT,
    "live_restore": {"type": "str", "choices": ["auto", "true", "false"], "default": "auto"},
    "metrics_address": _TEXT,
    "proxies": {
        "type": "dict",
        # With a password in them they are nobody's business.
        "options": {
            "http": {"type": "str", "no_log": True},
            "https": {"type": "str", "no_log": True},
            "no": {"type": "str"},
        },
    },
    "features": _DICT,
    "default_runtime": _TEXT,
    "debug": _SWITCH,
    "labels": _TEXTS,
    "icc": _SWITCH,
    "userland_proxy": _SWITCH,
    "no_new_privileges": _SWITCH,
    "seccomp_profile": _TEXT,
    "hosts": _TEXTS,
    "config": _DICT,
    "hardening": {"type": "str", "choices": ["none", "baseline", "cis"], "default": "none"},
    "tls": {
        "type": "dict",
        "options": {
            "address": {"type": "str", "default": "0.0.0.0"},  # noqa: S104 - clients have to show a certificate
            "port": {"type": "int", "default": 2376},
            "ca": {"type": "path", "required": True},
            "cert": {"type": "path", "required": True},
            "key": {"type": "path", "required": True, "no_log": False},
            "renewed": {"type": "bool", "default": False},
        },
    },
    "runtimes": {"type": "list", "elements": "str", "choices": ["crun", "runsc", "kata"], "default": []},
    "runtime_arguments": _DICT,
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "version": _TEXT,
    "restart": {"type": "bool", "default": True},
    "started": {"type": "bool", "default": False},
    "socket": {"type": "path", "default": "/var/run/docker.sock"},
    "log": {"type": "path", "default": "/var/log/docker.log"},
    "timeout": {"type": "int", "default": 60},
}
