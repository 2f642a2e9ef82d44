# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model engine's images, and the registry it pulls from and pushes to."""

from __future__ import annotations

import copy
from typing import Any, Dict, List, Mapping, Optional

from stowage.errors import Conflict, NotFound
from stowage.reference import repository


class Images:
    """``registry`` leads from a name to the Config of what a pull of it brings; changing it moves the tag."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.all: Dict[str, Dict[str, Any]] = {}  # by id
        self.registry: Dict[str, Dict[str, Any]] = {}
        self.remote: Dict[str, str] = {}  # name -> digest

    # -- what a test puts there ---------------------------------------------------------------

    def offer(self, name: str, config: Optional[Mapping[str, Any]] = None) -> str:
        """Put an image into the registry under a name, which may have meant another before."""
        self.registry[name] = dict(config or {})
        self.remote[name] = f"sha256:{self.engine.new_id('manifest')}"
        return self.remote[name]

    def have(self, name: str, config: Optional[Mapping[str, Any]] = None, **more: Any) -> str:
        """Put an image onto the host; the id."""
        identity = f"sha256:{self.engine.new_id('image')}"
        self.all[identity] = {
            "Id": identity,
            "RepoTags": [],
            "RepoDigests": [],
            "Config": {"Cmd": ["serve"], "Env": ["PATH=/bin"], **(config or {})},
            "RootFS": {"Type": "layers", "Layers": [f"sha256:{self.engine.new_id('layer')}"]},
            "Os": "linux",
            "Architecture": "amd64",
            **more,
        }
        self._name(identity, name)
        return identity

    # -- looking ------------------------------------------------------------------------------

    def list(self) -> List[Dict[str, Any]]:
        self.engine.read("GET /images/json")
        return [
            {
                "Id": image["Id"],
                "RepoTags": list(image["RepoTags"]) or None,
                "RepoDigests": list(image["RepoDigests"]) or None,
                "Labels": dict(image["Config"].get("Labels") or {}) or None,
            }
            for image in self.all.values()
        ]

    def inspect(self, ref: str) -> Dict[str, Any]:
        self.engine.read(f"GET /images/{ref}/json")
        return copy.deepcopy(self.get(ref))

    def distribution(self, ref: str, auth: Optional[Mapping[str, str]] = None) -> Dict[str, Any]:
        self.engine.read(f"GET /distribution/{ref}/json")
        if ref not in self.remote:
            raise NotFound(f"manifest for {ref} not found", status=404)
        return {"Descriptor": {"digest": self.remote[ref]}}

    def get(self, ref: str) -> Dict[str, Any]:
        for image in self.all.values():
            if ref == image["Id"] or ref in image["RepoTags"] or ref in image["RepoDigests"]:
                return image
        raise NotFound(f"No such image: {ref}", status=404)

    # -- changing -----------------------------------------------------------------------------

    def pull(self, ref: str, platform: str = "", auth: Any = None, progress: Any = None) -> str:
        def act() -> str:
            if ref not in self.registry:
                raise NotFound(f"pull access denied for {ref}, repository does not exist", status=404)
            digest = f"{repository(ref)}@{self.remote[ref]}"
            for image in self.all.values():
                if digest in image["RepoDigests"]:
                    self._name(image["Id"], ref)
                    return self.remote[ref]
            self.have(ref, self.registry[ref], RepoDigests=[digest])
            return self.remote[ref]

        return self.engine.change(f"POST /images/create {ref}", act)

    def build(self, context: Any, query: Mapping[str, Any], auths: Any = None, progress: Any = None) -> str:
        def act() -> str:
            identity = self.have(query["t"][0], {"Labels": dict(query["labels"])})
            for name in query["t"][1:]:
                self._name(identity, name)
            return identity

        return self.engine.change(f"POST /build {query['t'][0]}", act)

    def load(self, archive: Any, progress: Any = None) -> List[str]:
        name, _space, layers = archive.read().decode().partition(" ")

        def act() -> List[str]:
            self.have(name, RootFS={"Type": "layers", "Layers": layers.split(",")})
            return [name]

        return self.engine.change("POST /images/load", act)

    def tag(self, source: str, repo: str, tag: str = "") -> None:
        name = f"{repo}:{tag or 'latest'}"
        self.engine.change(f"POST /images/{source}/tag {name}", lambda: self._name(self.get(source)["Id"], name))

    def push(self, ref: str, auth: Any = None, progress: Any = None) -> str:
        def act() -> str:
            self.remote[ref] = f"sha256:{self.engine.new_id('manifest')}"
            self.get(ref)["RepoDigests"].append(f"{repository(ref)}@{self.remote[ref]}")
            return self.remote[ref]

        return self.engine.change(f"POST /images/{ref}/push", act)

    def remove(self, ref: str, force: bool = False) -> List[Dict[str, Any]]:
        def act() -> List[Dict[str, Any]]:
            image = self.get(ref)
            users = [c for c in self.engine.containers.all.values() if c["Image"] == image["Id"]]
            if users and (ref == image["Id"] or len(image["RepoTags"]) == 1):
                raise Conflict(f"conflict: unable to remove {ref}: container {users[0]['Id']} is using it", status=409)
            if ref in image["RepoTags"]:
                image["RepoTags"].remove(ref)
            if not image["RepoTags"]:
                del self.all[image["Id"]]
            return []

        return self.engine.change(f"DELETE /images/{ref}", act)

    def _name(self, identity: str, name: str) -> None:
        for image in self.all.values():
            if name in image["RepoTags"]:
                image["RepoTags"].remove(name)
        self.all[identity]["RepoTags"].append(name)
