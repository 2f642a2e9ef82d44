# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine answers to inspect for a create body: its merges and defaults, as real engines show them.

The round-trip tests on real engines hold this model to the truth; here it makes property tests quick.
"""

from __future__ import annotations

import copy
from typing import Any

ID = "0123456789ab" + "c" * 52
IMAGE: dict[str, Any] = {
    "Env": ["PATH=/bin", "BOTH=image"],
    "Cmd": ["serve"],
    "Entrypoint": None,
    "Labels": {"of.image": "1", "io.stowage.context": "sha256:1"},
    "Volumes": {"/of-image": {}},
    "ExposedPorts": {"9999/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 9_000_000_000, "Retries": 2},
    "StopSignal": "SIGINT",
    "User": "1000",
    "WorkingDir": "/srv",
}


def inspect(body: dict[str, Any], image: dict[str, Any], name: str = "web") -> dict[str, Any]:
    """The inspect answer of a container created with the body from an image with that Config."""
    body = copy.deepcopy(body)
    host = body.pop("HostConfig")
    wanted = body.pop("NetworkingConfig", {}).get("EndpointsConfig", {})
    config = body
    declared = {entry.partition("=")[0] for entry in config.get("Env", ())}
    config["Env"] = config.get("Env", []) + [
        one for one in image.get("Env", ()) if one.partition("=")[0] not in declared
    ]
    config["Labels"] = {**image.get("Labels", {}), **config.get("Labels", {})}
    config["ExposedPorts"] = {**image.get("ExposedPorts", {}), **config.get("ExposedPorts", {})}
    config["Volumes"] = image.get("Volumes")
    if not config.get("Entrypoint"):
        config["Cmd"] = config.get("Cmd") or image.get("Cmd")
        if config.get("Entrypoint") is None:
            config["Entrypoint"] = image.get("Entrypoint")
    config["Healthcheck"] = {
        **image.get("Healthcheck", {}),
        **{k: v for k, v in config.get("Healthcheck", {}).items() if v},
    }
    for key in ("StopSignal", "User", "WorkingDir"):
        config[key] = config.get(key) or image.get(key, "")
    config.setdefault("Hostname", ID[:12])

    memory = host.setdefault("Memory", 0)
    host.setdefault("MemorySwap", 2 * memory)
    host.setdefault("ShmSize", 64 << 20)
    host.setdefault("Runtime", "runc")
    host.setdefault("IpcMode", "private")
    host.setdefault("CgroupnsMode", "host")
    host.setdefault("RestartPolicy", {"Name": "", "MaximumRetryCount": 0})
    log = host.setdefault("LogConfig", {"Type": "", "Config": {}})
    log["Type"] = log["Type"] or "json-file"
    if host.get("Privileged") and not host.get("SecurityOpt"):
        host["SecurityOpt"] = ["label=disable"]
    for key in ("Binds", "Dns", "CapAdd", "Ulimits", "Devices", "PidsLimit", "Sysctls"):
        host.setdefault(key, None)

    networks: dict[str, Any] = {}
    for network in wanted or (["bridge"] if host["NetworkMode"] == "default" else []):
        networks[network] = {
            "IPAMConfig": None,
            "Links": None,
            "Aliases": None,
            "DriverOpts": None,
            **(wanted.get(network) or {}),
        }
        if network != "bridge":
            networks[network]["Aliases"] = [*(networks[network]["Aliases"] or ()), ID[:12]]
    return {
        "Id": ID,
        "Name": f"/{name}",
        "Config": config,
        "HostConfig": host,
        "NetworkSettings": {"Networks": networks},
        "Mounts": [],
    }
