# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine itself: version, info, events, and many threads on one client."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from stowage.engine.client import Engine

from .conftest import IMAGE, LABEL, LABELS
from .places import Place
from .test_containers import make


def test_the_newest_common_version_is_spoken(engine: Engine) -> None:
    newest = engine.system.version()["ApiVersion"]
    assert engine.system.ping()["api-version"] == newest
    assert engine.api_version == min(tuple(int(part) for part in newest.split(".")), (1, 54))
    assert engine.system.info()["ServerVersion"] == engine.system.version()["Version"]
    assert "Images" in engine.system.df() or "ImageUsage" in engine.system.df()


def test_events_as_they_happen_and_those_that_were(engine: Engine) -> None:
    seen: list[dict[str, Any]] = []
    with engine.system.events(labels=[LABEL], filters={"type": ["container"]}) as events:
        thread = threading.Thread(target=lambda: seen.extend(events))
        thread.start()
        start = time.time()
        oid = make(engine, "events")
        engine.containers.remove(oid)
        for _turn in range(100):
            if len(seen) >= 2:
                break
            time.sleep(0.05)
    thread.join(5)
    assert not thread.is_alive()
    assert [event["Action"] for event in seen] == ["create", "destroy"]
    assert {event["Actor"]["ID"] for event in seen} == {oid}
    with engine.system.events(since=start - 5, until=time.time() + 1, labels=[LABEL]) as events:
        actions = [event["Action"] for event in events if event["Actor"]["ID"] == oid]
    assert actions == ["create", "destroy"]


def test_many_threads_share_few_connections(engine: Engine, place: Place) -> None:
    ids = [make(engine, f"many-{number}") for number in range(8)]
    with Engine.connect(place.address, place.tls, pool_size=4) as client, ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda oid: client.containers.inspect(oid)["Id"], ids * 20))
    assert found == ids * 20


def test_every_call_is_told_to_the_hook(engine: Engine, place: Place) -> None:
    calls: list[tuple[str, str, str]] = []
    with Engine.connect(place.address, place.tls) as client:
        body = {"Image": IMAGE, "Cmd": ["sleep", "60"], "Labels": LABELS}
        client.on_call = lambda *call: calls.append(call)
        oid = client.containers.create("engine-client-hook", body)["Id"]
        client.containers.start(oid)
        client.containers.exec_run(oid, {"Cmd": ["true"]})
    before = [call[1:] for call in calls if call[0] == "before"]
    after = [call[1:] for call in calls if call[0] == "after"]
    assert before == after
    assert before[:4] == [
        ("GET", "/_ping"),
        ("POST", "/containers/create"),
        ("POST", f"/containers/{oid}/start"),
        ("POST", f"/containers/{oid}/exec"),
    ]
    assert [path.rpartition("/")[2] for _method, path in before[4:6]] == ["start", "json"]
