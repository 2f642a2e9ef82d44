# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of one task ``stack``: ``python -m bench.controlling FOLDER`` prints it as JSON.

Does once what the action plugin does between its start and the connection, with a clock in between, and prints
the request as well. Needs the collection where Ansible finds it. Knows nothing of hosts.
"""

from __future__ import annotations

import json
import sys
import time
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins import action
from ansible.plugins.loader import action_loader, init_plugin_loader

from .runtime import BOOTSTRAP

PLUGINS = "ansible_collections.stowage.docker.plugins"


def _figures(folder: str) -> dict[str, Any]:
    init_plugin_loader()
    marks = [("start", time.perf_counter())]

    def mark(name: str) -> None:
        marks.append((name, time.perf_counter()))

    action_loader.get("stowage.docker.stack", class_only=True)
    bridge, projects = (
        import_module(f"{PLUGINS}.module_utils.bridge"),
        import_module(f"{PLUGINS}.plugin_utils.projects"),
    )
    sources, zipapp = import_module(f"{PLUGINS}.plugin_utils.sources"), import_module(f"{PLUGINS}.plugin_utils.zipapp")
    mark("import")
    checked = ArgumentSpecValidator(bridge.argument_spec("stack")).validate({"src": folder})
    request = bridge.request_from("stack", checked.validated_parameters, check=False)
    mark("options")
    controller = projects.Controller(str, Path.read_text, Path.read_bytes, lambda _name: None)
    stacks = projects.Stacks(request["manifest"], controller)
    if stacks.problems:
        raise SystemExit(f"the project cannot be loaded: {stacks.problems}")
    sources.Sources(request["manifest"], str, stacks.contents)
    mark("load")
    bootstrap = zipapp.strip(BOOTSTRAP.read_text(encoding="utf-8"))
    home = Path(str(constants.config.get_config_value("ANSIBLE_HOME"))).expanduser() / "stowage"
    runtime = zipapp.squeeze_runtime(home)
    mark("runtime")
    body = zlib.compress(json.dumps(request).encode())
    mark("request")
    return {
        "seconds": {name: at - before for (name, at), (_, before) in zip(marks[1:], marks[:-1], strict=True)},
        "bytes": {"bootstrap": len(bootstrap), "runtime": len(runtime.content), "request": len(body)},
        "request": request,
    }


if __name__ == "__main__":
    action.ActionBase  # noqa: B018  what every action plugin has loaded already is not ours to pay
    print(json.dumps(_figures(sys.argv[1])))
