# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on every engine: a small shop declared in one task, checked, applied, drifted, repaired, removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.hosts import Host
from tests.integration import scene
from tests.integration.playbook import Playbook, operations


def shop(context: Path, **changes: Any) -> dict[str, Any]:
    web = {
        "image": "shop-web:3",
        "environment": {"MODE": "live"},
        "mem_limit": "128m",
        "ports": ["127.0.0.1:8080:80"],
        "networks": ["edge"],
        "volumes": ["data:/data"],
        "healthcheck": {"test": ["CMD", "wget", "-qO-", "http://127.0.0.1/"], "interval": "1s"},
        "depends_on": {"db": {"condition": "service_healthy"}},
        "stop_grace_period": "0s",
    }
    database = {
        "image": "stowage-test/web:1",
        "command": ["sleep", "1000"],
        "networks": {"edge": {"aliases": ["database"]}},
        "healthcheck": {"test": ["CMD", "true"], "interval": "1s"},
        "stop_grace_period": "0s",
    }
    return {
        "scope": "shop",
        "images": {"shop-web:3": {"build": {"context": str(context)}}},
        "networks": {"edge": {"driver": "bridge"}},
        "volumes": {"data": {}},
        "containers": {"web": {**web, **changes}, "db": database},
    }


def context_of(folder: Path, page: str) -> Path:
    (folder / "www").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM stowage-test/web:1\nCOPY www /www\n")
    (folder / "www" / "index.html").write_text(page)
    return folder


def test_shop(place: Host, tmp_path: Path) -> None:
    first = shop(context_of(tmp_path / "first", "first page\n"))
    second = shop(context_of(tmp_path / "second", "second page\n"))
    less = shop(tmp_path / "first", environment={}, ports=[])
    play = Playbook(place)
    play.converge("deploy", "host", first)
    play.task(
        "page",
        "ansible.builtin.raw",
        "python3 -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.1:8080/\").read().decode())'",
    )
    play.snapshot("deployed")
    play.engine("slow down", "POST", "/containers/web/update", {"Memory": 64 << 20, "MemorySwap": -1})
    play.engine("lose", "DELETE", "/containers/db?force=1")
    play.task("info", "host_info", {})
    play.converge("repair", "host", first)
    play.snapshot("repaired")
    play.converge("rebuild", "host", second)
    play.snapshot("rebuilt")
    play.converge("rebuild back, with less", "host", less)
    play.snapshot("less")
    play.converge("remove", "host", {"scope": "shop", "volumes": {"data": {"state": "absent"}}})
    play.snapshot("end")
    outcome = play.run()

    outcome.converged(
        "deploy", "BuildImage", "CreateVolume", "CreateNetwork", *["CreateContainer", "StartContainer"] * 2
    )
    assert "first page" in outcome.ok("page")["stdout"]
    before = outcome.json("deployed")
    assert outcome.ok("info")["drift"]["shop"]["drifted"] is True

    repair = outcome.converged("repair", "CreateContainer", "StartContainer", "UpdateContainer")
    assert "memory 64 MiB -> 128 MiB" in "".join(repair["plan"])
    after = outcome.json("repaired")
    assert scene.identity(before, "web") == scene.identity(after, "web")
    assert after["containers"]["web"]["HostConfig"]["Memory"] == 128 << 20
    assert after["containers"]["db"]["NetworkSettings"]["Networks"]["edge"]["Aliases"]

    replace = ["CreateContainer", "StopContainer", "StartContainer", "RemoveContainer", "RenameContainer"]
    outcome.converged("rebuild", "BuildImage", *replace, "RemoveImage")
    rebuilt = outcome.json("rebuilt")
    assert scene.identity(rebuilt, "db") == scene.identity(after, "db")
    assert rebuilt["containers"]["web"]["Image"] == rebuilt["images"]["shop-web:3"] != after["images"]["shop-web:3"]

    apply = outcome.converged("rebuild back, with less", "BuildImage", *replace, "RemoveImage")
    assert "environment MODE removed" in "".join(apply["plan"])
    web = outcome.json("less")["containers"]["web"]
    assert web["Config"]["Env"] == ["PATH=/usr/bin:/bin", "FROM_IMAGE=1"]
    assert not web["HostConfig"]["PortBindings"]

    remove = outcome.results["remove/apply"]
    outcome.converged("remove", *operations(remove))
    assert (
        sorted(operations(remove))
        == ["RemoveContainer"] * 2 + ["RemoveImage", "RemoveNetwork", "RemoveVolume"] + ["StopContainer"] * 2
    )
    end = outcome.json("end")
    assert not end["containers"]
    assert "edge" not in end["networks"]
    assert not end["volumes"]
    assert sorted(end["images"]) == ["stowage-test/web:1", "stowage-test/web:2"]
