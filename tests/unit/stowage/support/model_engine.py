# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine in memory that quacks like engine.client.Engine, and can fail or die at the n-th change.

It keeps what decides about a plan: names and their conflicts, id prefixes, running state, health,
ports and addresses that are taken, endpoints, named and anonymous volumes with their contents, images
by name and id, what cannot be removed while it is in use. Shapes are those of the Engine API as
20.10 and 28.5 answer. How a container fares is told by BEHAVE in its environment: ``crash`` ends
with code 1 at once, ``done`` with code 0, ``sick`` never gets healthy.
"""

from __future__ import annotations

import copy
import hashlib
import re
import threading
from typing import Any, Callable, Dict, List, Mapping, Optional, Set, Tuple

from stowage.errors import Conflict, EngineTimeout, EngineUnreachable, InvalidRequest, NotFound, ServerFault
from tests.unit.stowage.support.model_images import Images

ANONYMOUS = re.compile(r"[0-9a-f]{64}\Z")
UP = ("running", "paused", "restarting")
HOST_DEFAULTS: Mapping[str, Any] = {
    "NetworkMode": "default",
    "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
    "LogConfig": {"Type": "json-file", "Config": {}},
    "IpcMode": "private",
    "ShmSize": 67108864,
    "Runtime": "runc",
    "CgroupnsMode": "private",
    "MaskedPaths": ["/proc/asound"],
    "ReadonlyPaths": ["/proc/bus"],
    "PortBindings": {},
}


class ModelEngine:
    """The engine. ``changes`` lists the calls that changed something; the n-th counts from 1."""

    def __init__(self, api_version: Tuple[int, int] = (1, 45)) -> None:
        self.api_version = api_version
        self.address = "unix:///model"
        self.fail_at: Optional[int] = None
        self.die_at: Optional[int] = None
        self.dead = False
        self.changes: List[str] = []
        self.reads: List[str] = []
        self.contents: Dict[str, str] = {}  # volume name -> what was written there first
        self._serial = 0
        self._lock = threading.RLock()
        self.images = Images(self)
        self.networks = Networks(self)
        self.volumes = Volumes(self)
        self.containers = Containers(self)

    def __enter__(self) -> ModelEngine:  # noqa: PYI034  typing.Self came with 3.11
        return self

    def __exit__(self, *_exc: object) -> None:
        """Nothing to close."""

    def new_id(self, kind: str) -> str:
        self._serial += 1
        return hashlib.sha256(f"{kind} {self._serial}".encode()).hexdigest()

    def read(self, call: str) -> None:
        if self.dead:
            raise EngineUnreachable("the connection was closed", call=call)
        self.reads.append(call)

    def change(self, call: str, act: Callable[[], Any]) -> Any:
        """Carry out a call that changes something, unless it is this one's turn to go wrong."""
        with self._lock:
            if self.dead or len(self.changes) + 1 == self.die_at:
                self.dead = True
                raise EngineUnreachable("the connection was closed", call=call)
            self.changes.append(call)
            if len(self.changes) == self.fail_at:
                raise ServerFault("injected by the test", status=500, call=call)
            return act()

    def revive(self) -> None:
        """What a next run meets: the same engine, alive, its calls counted anew."""
        self.fail_at = self.die_at = None
        self.dead = False
        self.changes.clear()
        self.reads.clear()


class Volumes:
    def __init__(self, engine: ModelEngine) -> None:
        self.engine = engine
        self.all: Dict[str, Dict[str, Any]] = {}

    def list(self) -> List[Dict[str, Any]]:
        self.engine.read("GET /volumes")
        return copy.deepcopy(list(self.all.values()))

    def create(self, name: str, body: Optional[Mapping[str, Any]] = None) -> Dict[str, Any]:
        return self.engine.change(f"POST /volumes/create {name}", lambda: self.make(name, body or {}))

    def make(self, name: str, body: Mapping[str, Any]) -> Dict[str, Any]:
        volume = {
            "Name": name,
            "Driver": body.get("Driver") or "local",
            "Labels": dict(body.get("Labels") or {}) or None,
            "Options": dict(body.get("DriverOpts") or {}) or None,
            "Mountpoint": f"/var/lib/docker/volumes/{name}/_data",
            "Scope": "local",
        }
        self.engine.contents.setdefault(name, f"{name} of {self.engine.new_id('content')[:8]}")
        return copy.deepcopy(self.all.setdefault(name, volume))

    def remove(self, name: str, force: bool = False) -> None:
        def act() -> None:
            if name not in self.all:
                raise NotFound(f"get {name}: no such volume", status=404)
            users = [c for c in self.engine.containers.all.values() if any(m.get("Name") == name for m in c["Mounts"])]
            if users:
                raise Conflict(f"volume is in use - [{users[0]['Id']}]", status=409)
            del self.all[name]
            del self.engine.contents[name]

        self.engine.change(f"DELETE /volumes/{name}", act)


class Networks:
    def __init__(self, engine: ModelEngine) -> None:
        self.engine = engine
        self.all: Dict[str, Dict[str, Any]] = {}
        for name, driver in (("bridge", "bridge"), ("host", "host"), ("none", "null")):
            self.make(name, {"Driver": driver})

    def list(self) -> List[Dict[str, Any]]:
        self.engine.read("GET /networks")
        return copy.deepcopy(list(self.all.values()))

    def inspect(self, network: str) -> Dict[str, Any]:
        self.engine.read(f"GET /networks/{network}")
        return copy.deepcopy(self._get(network))

    def create(self, name: str, body: Mapping[str, Any]) -> Dict[str, Any]:
        def act() -> Dict[str, Any]:
            if name in self.all:
                raise Conflict(f"network with name {name} already exists", status=409)
            return self.make(name, body)

        return self.engine.change(f"POST /networks/create {name}", act)

    def make(self, name: str, body: Mapping[str, Any]) -> Dict[str, Any]:
        ipam = dict(body.get("IPAM") or {})
        self.all[name] = {
            "Name": name,
            "Id": self.engine.new_id("network"),
            "Driver": body.get("Driver") or "bridge",
            "Scope": body.get("Scope") or "local",
            "EnableIPv6": bool(body.get("EnableIPv6")),
            "IPAM": {
                "Driver": ipam.get("Driver") or "default",
                "Options": ipam.get("Options"),
                "Config": copy.deepcopy(ipam.get("Config")) or [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}],
            },
            "Internal": bool(body.get("Internal")),
            "Attachable": bool(body.get("Attachable")),
            "Ingress": bool(body.get("Ingress")),
            "ConfigFrom": {"Network": ""},
            "ConfigOnly": bool(body.get("ConfigOnly")),
            "Containers": {},
            "Options": dict(body.get("Options") or {}),
            "Labels": dict(body.get("Labels") or {}),
        }
        return {"Id": self.all[name]["Id"], "Warning": ""}

    def remove(self, network: str) -> None:
        def act() -> None:
            name = self._get(network)["Name"]
            for container in self.engine.containers.all.values():
                if name in container["NetworkSettings"]["Networks"] and container["State"]["Status"] in UP:
                    raise Conflict(f"error while removing network: network {name} has active endpoints", status=403)
            del self.all[name]

        self.engine.change(f"DELETE /networks/{network}", act)

    def connect(self, network: str, container: str, endpoint: Optional[Mapping[str, Any]] = None) -> None:
        def act() -> None:
            name = self._get(network)["Name"]
            found = self.engine.containers.get(container)
            networks = found["NetworkSettings"]["Networks"]
            if name in networks:
                raise Conflict(f"endpoint with name {container} already exists in network {name}", status=403)
            if found["HostConfig"]["NetworkMode"].startswith(("container:", "host", "none")):
                raise InvalidRequest("container sharing network namespace cannot be connected", status=400)
            networks[name] = self.engine.containers.endpoint(found, name, endpoint or {})
            if found["State"]["Status"] in UP:
                self.engine.containers.plug(found)

        self.engine.change(f"POST /networks/{network}/connect {container}", act)

    def disconnect(self, network: str, container: str, force: bool = False) -> None:
        def act() -> None:
            name = self._get(network)["Name"]
            found = self.engine.containers.get(container)
            if name not in found["NetworkSettings"]["Networks"]:
                raise ServerFault(f"container {found['Id']} is not connected to network {name}", status=500)
            del found["NetworkSettings"]["Networks"][name]

        self.engine.change(f"POST /networks/{network}/disconnect {container}", act)

    def _get(self, name: str) -> Dict[str, Any]:
        """By name, or by prefix of an id, as the engine does it."""
        if name in self.all:
            return self.all[name]
        matches = [network for network in self.all.values() if network["Id"].startswith(name)]
        if len(matches) == 1:
            return matches[0]
        raise NotFound(f"network {name} not found", status=404)


class Containers:
    def __init__(self, engine: ModelEngine) -> None:
        self.engine = engine
        self.all: Dict[str, Dict[str, Any]] = {}  # by id

    # -- looking ------------------------------------------------------------------------------

    def list(self, *, all: bool = False) -> List[Dict[str, Any]]:  # noqa: A002  as the client has it
        self.engine.read("GET /containers/json")
        return [self._entry(container) for container in list(self.all.values())]

    def _entry(self, container: Mapping[str, Any]) -> Dict[str, Any]:
        ports = [
            {"IP": address, "PrivatePort": int(target.split("/")[0]), "PublicPort": port, "Type": target.split("/")[1]}
            for target, address, port in container["_ports"]
        ]
        return copy.deepcopy(
            {
                "Id": container["Id"],
                "Names": [container["Name"]],
                "Image": container["Config"]["Image"],
                "ImageID": container["Image"],
                "Labels": container["Config"]["Labels"],
                "State": container["State"]["Status"],
                "Ports": ports,
                "NetworkSettings": {"Networks": container["NetworkSettings"]["Networks"]},
                "Mounts": container["Mounts"],
            }
        )

    def inspect(self, container: str) -> Dict[str, Any]:
        self.engine.read(f"GET /containers/{container}/json")
        return {key: copy.deepcopy(value) for key, value in self.get(container).items() if not key.startswith("_")}

    def logs(self, container: str, *, tail: str = "all") -> Tuple[bytes, bytes]:
        self.engine.read(f"GET /containers/{container}/logs")
        self.get(container)
        return b"", b""

    def get(self, name: str) -> Dict[str, Any]:
        """By id, by name, by prefix of an id: in this order, as the engine does it."""
        if name in self.all:
            return self.all[name]
        for container in list(self.all.values()):
            if container["Name"] == "/" + name:
                return container
        matches = [container for identity, container in list(self.all.items()) if identity.startswith(name)]
        if len(matches) == 1:
            return matches[0]
        raise NotFound(f"No such container: {name}", status=404)

    def named(self, name: str) -> Optional[Dict[str, Any]]:
        return next((c for c in list(self.all.values()) if c["Name"] == "/" + name), None)

    # -- making and removing ------------------------------------------------------------------

    def create(self, name: str, body: Mapping[str, Any], platform: str = "") -> Dict[str, Any]:
        return self.engine.change(f"POST /containers/create {name}", lambda: self.make(name, body))

    def make(self, name: str, body: Mapping[str, Any]) -> Dict[str, Any]:
        body = copy.deepcopy(dict(body))
        if self.named(name):
            raise Conflict(f'Conflict. The container name "/{name}" is already in use', status=409)
        image = self.engine.images.get(body["Image"])
        endpoints = (body.pop("NetworkingConfig", None) or {}).get("EndpointsConfig") or {}
        if len(endpoints) > 1 and self.engine.api_version < (1, 44):
            raise InvalidRequest("Container cannot be connected to network endpoints: more than one", status=400)
        host = {**copy.deepcopy(dict(HOST_DEFAULTS)), **(body.pop("HostConfig", None) or {})}
        if host.get("Memory") and not host.get("MemorySwap"):
            host["MemorySwap"] = 2 * host["Memory"]
        for key in ("NetworkMode", "IpcMode", "PidMode"):
            if str(host.get(key) or "").startswith("container:"):
                host[key] = f"container:{self.get(host[key].partition(':')[2])['Id']}"
        given = image["Config"]
        config = {**given, **body}
        env = {entry.partition("=")[0]: entry for entry in [*(given.get("Env") or ()), *(body.get("Env") or ())]}
        config["Env"] = [entry for entry in env.values() if "=" in entry]
        config["Labels"] = {**(given.get("Labels") or {}), **(body.get("Labels") or {})}
        config["ExposedPorts"] = {**(given.get("ExposedPorts") or {}), **(body.get("ExposedPorts") or {})}
        if body.get("Entrypoint") and not body.get("Cmd"):
            config["Cmd"] = None
        identity = self.engine.new_id("container")
        config.setdefault("Hostname", identity[:12])
        container = {
            "Id": identity,
            "Name": "/" + name,
            "Image": image["Id"],
            "RestartCount": 0,
            "State": {"Status": "created", "ExitCode": 0, **self._health(config, "starting")},
            "Config": config,
            "HostConfig": host,
            "Mounts": self._mounts(config, host),
            "NetworkSettings": {"Networks": {}},
            "_ports": [],
        }
        mode = host["NetworkMode"]
        if not mode.startswith("container:"):
            wanted = endpoints or {"bridge" if mode == "default" else mode: {}}
            container["NetworkSettings"]["Networks"] = {
                network: self.endpoint(container, network, settings) for network, settings in wanted.items()
            }
        self.all[identity] = container
        return {"Id": identity, "Warnings": []}

    def endpoint(self, container: Mapping[str, Any], network: str, settings: Mapping[str, Any]) -> Dict[str, Any]:
        aliases = list(settings.get("Aliases") or ())
        if self.engine.api_version < (1, 45) and network not in ("bridge", "host", "none"):
            aliases.append(container["Id"][:12])
        return {**settings, "IPAMConfig": settings.get("IPAMConfig"), "Aliases": aliases or None, "IPAddress": ""}

    def _mounts(self, config: Mapping[str, Any], host: Mapping[str, Any]) -> List[Dict[str, Any]]:
        points: Dict[str, Dict[str, Any]] = {}
        for source in host.get("VolumesFrom") or ():
            for point in self.get(source.split(":")[0])["Mounts"]:
                points[point["Destination"]] = dict(point)
        for mount in host.get("Mounts") or ():
            if mount["Type"] == "volume":
                points[mount["Target"]] = self._volume(mount.get("Source") or "", mount["Target"])
            else:
                points[mount["Target"]] = {
                    "Type": mount["Type"],
                    "Destination": mount["Target"],
                    "Source": mount.get("Source"),
                }
        for text in host.get("Binds") or ():
            source, target = text.split(":")[:2]
            points[target] = {"Type": "bind", "Source": source, "Destination": target}
        for target in config.get("Volumes") or ():
            if target not in points and target not in (host.get("Tmpfs") or {}):
                points[target] = self._volume("", target)
        return list(points.values())

    def _volume(self, name: str, target: str) -> Dict[str, Any]:
        anonymous = not name
        name = name or self.engine.new_id("volume")
        volume = self.engine.volumes.make(name, {})
        return {
            "Type": "volume",
            "Name": name,
            "Source": volume["Mountpoint"],
            "Destination": target,
            "Driver": "local",
            "RW": True,
            "_anonymous": anonymous,
        }

    def remove(self, container: str, force: bool = False, volumes: bool = False) -> None:
        def act() -> None:
            found = self.get(container)
            if found["State"]["Status"] in UP and not force:
                raise Conflict("You cannot remove a running container", status=409)
            del self.all[found["Id"]]
            for point in found["Mounts"] if volumes else ():
                used = any(m.get("Name") == point.get("Name") for c in list(self.all.values()) for m in c["Mounts"])
                if point.get("_anonymous") and not used:
                    del self.engine.volumes.all[point["Name"]]
                    del self.engine.contents[point["Name"]]

        self.engine.change(f"DELETE /containers/{container}", act)

    def rename(self, container: str, name: str) -> None:
        def act() -> None:
            found = self.get(container)
            if self.named(name):
                raise Conflict(f'Conflict. The container name "/{name}" is already in use', status=409)
            found["Name"] = "/" + name

        self.engine.change(f"POST /containers/{container}/rename {name}", act)

    def update(self, container: str, body: Mapping[str, Any]) -> List[str]:
        def act() -> List[str]:
            self.get(container)["HostConfig"].update(copy.deepcopy(dict(body)))
            return []

        return self.engine.change(f"POST /containers/{container}/update", act)

    # -- running ------------------------------------------------------------------------------

    def start(self, container: str) -> None:
        def act() -> None:
            found = self.get(container)
            if found["State"]["Status"] in UP:
                return
            self.plug(found)
            behave = self._behaviour(found)
            found["State"] = {"Status": "running", "ExitCode": 0}
            if behave in ("crash", "done"):
                found["State"] = {"Status": "exited", "ExitCode": int(behave == "crash")}
                found["_ports"] = []
            health = "unhealthy" if behave in ("crash", "done", "sick") else "healthy"
            found["State"].update(self._health(found["Config"], health))

        self.engine.change(f"POST /containers/{container}/start", act)

    def plug(self, found: Dict[str, Any]) -> None:
        """Take up networks and ports, or fail as the engine would."""
        networks = found["NetworkSettings"]["Networks"]
        for network in networks:
            if network not in self.engine.networks.all:
                raise NotFound(f"network {network} not found", status=404)
        mode = found["HostConfig"]["NetworkMode"]
        if mode.startswith("container:"):
            other = self.get(mode.partition(":")[2])
            if other["State"]["Status"] not in UP:
                raise Conflict(f"cannot join network of a non running container: {other['Id']}", status=409)
        for network, settings in networks.items():
            address = (settings.get("IPAMConfig") or {}).get("IPv4Address")
            for other in self._others(found) if address else ():
                theirs = (other["NetworkSettings"]["Networks"].get(network) or {}).get("IPAMConfig") or {}
                if theirs.get("IPv4Address") == address:
                    raise ServerFault("Address already in use", status=403)
        taken: Set[Tuple[int, str]] = {
            (port, target.split("/")[1]) for other in self._others(found) for target, _ip, port in other["_ports"]
        }
        ports: List[Tuple[str, str, int]] = []
        for target, bindings in (found["HostConfig"].get("PortBindings") or {}).items():
            for binding in bindings:
                protocol = target.split("/")[1]
                wanted = int(binding.get("HostPort") or 0)
                port = wanted or next(p for p in range(32768, 60999) if (p, protocol) not in taken)
                if (port, protocol) in taken:
                    raise ServerFault(f"Bind for 0.0.0.0:{port} failed: port is already allocated", status=500)
                taken.add((port, protocol))
                ports.append((target, binding.get("HostIp") or "0.0.0.0", port))
        found["_ports"] = ports

    def _others(self, found: Mapping[str, Any]) -> List[Dict[str, Any]]:
        return [c for c in list(self.all.values()) if c is not found and c["State"]["Status"] in UP]

    def stop(self, container: str, timeout: Optional[int] = None) -> None:
        def act() -> None:
            found = self.get(container)
            if found["State"]["Status"] in UP:
                found["State"] = {"Status": "exited", "ExitCode": 143, **self._health(found["Config"], "unhealthy")}
                found["_ports"] = []

        self.engine.change(f"POST /containers/{container}/stop", act)

    def restart(self, container: str) -> None:
        def act() -> None:
            found = self.get(container)
            found["State"] = {"Status": "running", "ExitCode": 0, **self._health(found["Config"], "healthy")}

        self.engine.change(f"POST /containers/{container}/restart", act)

    def unpause(self, container: str) -> None:
        def act() -> None:
            found = self.get(container)
            if found["State"]["Status"] != "paused":
                raise Conflict("Container is not paused", status=409)
            found["State"]["Status"] = "running"

        self.engine.change(f"POST /containers/{container}/unpause", act)

    def exec_run(self, container: str, body: Mapping[str, Any], timeout: Optional[float] = None) -> Tuple[int, bytes]:
        def act() -> Tuple[int, bytes]:
            if body["Cmd"] == ["hang"]:
                assert timeout, "would wait for ever"
                raise EngineTimeout(f"the engine did not answer within {timeout:g} s")
            if self.get(container)["State"]["Status"] != "running":
                raise Conflict("Container is not running", status=409)
            return (1, b"refused") if body["Cmd"] == ["false"] else (0, b"")

        return self.engine.change(f"POST /containers/{container}/exec", act)

    def _behaviour(self, container: Mapping[str, Any]) -> str:
        env = dict(entry.partition("=")[::2] for entry in container["Config"].get("Env") or ())
        return env.get("BEHAVE", "")

    def _health(self, config: Mapping[str, Any], status: str) -> Dict[str, Any]:
        test = (config.get("Healthcheck") or {}).get("Test") or ["NONE"]
        streak = 1000 if status == "unhealthy" else 0  # more than any declaration's retries
        return {} if test[0] == "NONE" else {"Health": {"Status": status, "FailingStreak": streak, "Log": []}}
