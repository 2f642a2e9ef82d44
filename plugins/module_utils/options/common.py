# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several modules share, and the two helpers all of them read options with."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

Spec = Dict[str, Dict[str, Any]]

# No defaults and no fallbacks here: an option that is not set is looked for in the environment of the
# host the engine is reached from, and options are also read on the controller, where that would lie.
CONNECTION: Spec = {
    "docker_host": {"type": "str", "aliases": ["docker_url"]},
    "tls": {"type": "bool"},
    "validate_certs": {"type": "bool", "aliases": ["tls_verify"]},
    "ca_path": {"type": "path", "aliases": ["ca_cert", "tls_ca_cert", "cacert_path"]},
    "client_cert": {"type": "path", "aliases": ["tls_client_cert", "cert_path"]},
    "client_key": {"type": "path", "aliases": ["tls_client_key", "key_path"], "no_log": False},
    "tls_hostname": {"type": "str"},
    "timeout": {"type": "float"},
}

LOCK: Spec = {"lock_timeout": {"type": "float", "default": 60.0}}

WAITING: Spec = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float", "default": 300.0, "aliases": ["healthy_wait_timeout"]},
    "monitor": {"type": "float", "default": 2.0},
}

# Objects declared one by one share a scope of their own, so that no declaration of a host prunes them.
OBJECT_SCOPE: Spec = {"scope": {"type": "str", "default": "object"}}

REGISTRIES: Spec = {"registries": {"type": "dict"}}

# Options of community.docker that are refused otherwise, with the words that ask for what is done anyway.
# Tasks that were written for it have many of them.
_SETTLED: Dict[str, str] = {
    "appends": "false",
    "auto_remove": "false",
    "cleanup": "false",
    "command_handling": "correct",
    "comparisons": "strict",
    "container_default_behavior": "no_defaults",
    "detach": "true",
    "force": "false",
    "force_absent": "false",
    "force_kill": "false",
    "force_source": "false",
    "force_tag": "false",
    "image_comparison": "desired-image",
    "image_label_mismatch": "ignore",
    "image_name_mismatch": "ignore",
    "networks_cli_compatible": "true",
    "output_logs": "false",
    "paused": "false",
    "publish_all_ports": "false",
    "pull_check_mode_behavior": "always",
    "purge_networks": "true",
}
_BOOLEANS = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}


class OptionError(Exception):
    """Options that cannot be what was meant; ``problems`` are all of them, one sentence each."""

    def __init__(self, problems: List[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def engine_of(params: Mapping[str, Any]) -> Dict[str, Any]:
    """The request's ``engine``: only what was set, since the rest comes from the host's environment."""
    found = {
        "host": params.get("docker_host"),
        "tls": params.get("tls"),
        "tls_verify": params.get("validate_certs"),
        "ca_path": params.get("ca_path"),
        "cert_path": params.get("client_cert"),
        "key_path": params.get("client_key"),
        "tls_hostname": params.get("tls_hostname"),
        "timeout": params.get("timeout"),
    }
    return given(found)


def given(document: Mapping[str, Any]) -> Dict[str, Any]:
    """What was set, in the order it was written."""
    return {key: value for key, value in document.items() if value is not None}


def own(section: Mapping[str, Any], spec: Spec) -> Dict[str, Any]:
    """What was set of a section under its own names; Ansible leaves aliases beside the options they set."""
    return {key: section[key] for key in spec if section.get(key) is not None}


def is_settled(key: str, value: Any) -> bool:
    """Whether an option that is refused otherwise asks for nothing but what is done anyway."""
    if value is None:
        return True
    words = value.values() if isinstance(value, Mapping) else [value]
    return all(_BOOLEANS.get(str(word).lower(), str(word).lower()) == _SETTLED.get(key) for word in words)


def refuse(document: Mapping[str, Any], reasons: Mapping[str, str], where: str, problems: List[str]) -> None:
    """Name each option that community.docker knows and this collection has no use for."""
    for key, reason in reasons.items():
        if not is_settled(key, document.get(key)):
            problems.append(f"{where}{key}: not supported: {reason}")
