# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lifecycle hooks of a service as exec requests of the Engine API."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

POST_START = "post_start"
PRE_STOP = "pre_stop"


def hook_requests(service: Mapping[str, Any], key: str) -> List[Dict[str, Any]]:
    """The bodies of ``POST /containers/{id}/exec`` for each hook under ``post_start`` or ``pre_stop``."""
    return [_request(hook) for hook in service.get(key) or ()]


def _request(hook: Mapping[str, Any]) -> Dict[str, Any]:
    body: Dict[str, Any] = {"Cmd": list(hook["command"]), "AttachStdout": True, "AttachStderr": True}
    if hook.get("user"):
        body["User"] = hook["user"]
    if hook.get("privileged"):
        body["Privileged"] = True
    if hook.get("working_dir"):
        body["WorkingDir"] = hook["working_dir"]
    environment = hook.get("environment") or {}
    if environment:
        body["Env"] = [name if value is None else f"{name}={value}" for name, value in environment.items()]
    return body
