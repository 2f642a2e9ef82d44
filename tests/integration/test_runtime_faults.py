# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime under faults: killed at any point, its engine killed, two applies at once. Nothing is lost."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import Host
from tests.integration import scene
from tests.integration.resident import Resident
from tests.integration.test_containers import SLEEP

STRANGER = "somebodys"


@pytest.fixture
def resident(place: Host, tmp_path: Path) -> Iterator[Resident]:
    """A runtime for the host's engine, not started yet; a container of somebody else's is there too."""
    body = {"Image": f"{scene.WEB}:1", "Cmd": ["sleep", "1000"]}
    place.engine("POST", f"/containers/create?name={STRANGER}", body)
    place.engine("POST", f"/containers/{STRANGER}/start")
    with place.docker_socket_forward() as socket:
        found = Resident(tmp_path, socket)
        yield found
        found.kill()


def declared(version: int) -> dict[str, Any]:
    """What takes more than one write and call: a container that is replaced, one that comes and one that goes."""
    containers = {"app": {**SLEEP, "environment": {"VERSION": version}, "volumes": ["/data"]}}
    containers["odd" if version % 2 else "even"] = SLEEP
    return {"scope": "kill", "monitor": 0, "networks": {f"net{version % 2}": {}}, "containers": containers}


def holds(place: Host, version: int) -> bool:
    """Whether the host is as that version says."""
    seen = scene.snapshot(place)
    other = "odd" if version % 2 else "even"
    return (
        sorted(seen["containers"]) == sorted(["app", other, STRANGER])
        and all(entry["State"]["Status"] == "running" for entry in seen["containers"].values())
        and f"VERSION={version}" in seen["containers"]["app"]["Config"]["Env"]
    )


@pytest.mark.flavour_in_turn
def test_killed_at_any_write_or_call_of_an_apply_it_ends_with_what_was_declared(
    place: Host, resident: Resident
) -> None:
    before = scene.identity(scene.snapshot(place), STRANGER)
    resident.start()
    version = 1
    for version in (1, 2, 3):  # the first time round may have more to do
        resident.stop() if version > 1 else None
        resident.start() if version > 1 else None
        answer = resident.apply(declared(version))
        assert answer is not None
        assert not answer["failed"], answer
        points = resident.count()
    resident.stop()
    assert points >= 10
    # What is there after a change is what is there before the next one.
    for number, phase in [*((number, "before") for number in range(1, points + 1)), (points, "after")]:
        version += 1
        point = f"{phase} change {number} of {points}"
        resident.start(number, phase)
        resident.apply(declared(version))
        resident.kill()
        resident.start(armed=False)
        resident.until(lambda: resident.state("kill") == "as declared")
        found = resident.get("/v1/status")["scopes"]["kill"]
        # Killed before it was on the disk, a declaration was never made; after that, it holds.
        kept = version if holds(place, version) else version - 1
        assert holds(place, kept), f"{point}: {sorted(scene.snapshot(place)['containers'])}"
        assert found["outcome"] == "done", f"{point}: {found}"
        answer = resident.apply(declared(version))
        assert answer is not None
        assert not answer["failed"], f"{point}: {answer}"
        assert answer["changed"] is (kept != version), f"{point}: {answer['plan']}"
        assert holds(place, version), point
        resident.stop()
    assert scene.identity(scene.snapshot(place), STRANGER) == before


@pytest.mark.flavour_in_turn
def test_an_engine_killed_in_the_middle_of_an_apply_is_waited_for(place: Host, resident: Resident) -> None:
    resident.start()
    resident.apply(declared(1))
    answers: list[Any] = []
    slow = {**declared(2), "monitor": 2}
    applying = threading.Thread(target=lambda: answers.append(resident.apply(slow)))
    applying.start()
    time.sleep(1.0)
    place.run("pkill -KILL -x dockerd; systemctl reset-failed docker || true; systemctl start docker")
    applying.join(60)
    assert answers
    resident.until(lambda: resident.get("/v1/status")["engine"]["reachable"])
    if answers[0]["failed"]:
        assert resident.apply(declared(2))["failed"] is False  # type: ignore[index]
    resident.until(lambda: resident.state("kill") == "as declared")
    resident.until(lambda: "app" in scene.snapshot(place)["containers"])
    assert "VERSION=2" in scene.snapshot(place)["containers"]["app"]["Config"]["Env"]


@pytest.mark.flavour_in_turn
def test_two_applies_at_once_are_one_after_the_other(place: Host, resident: Resident) -> None:
    resident.start()
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda version=version: answers.append(resident.apply(declared(version))))
        for version in (1, 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [answer["failed"] for answer in answers] == [False, False]
    resident.until(lambda: resident.state("kill") == "as declared")
    current = max(resident.get("/v1/history")["scopes"]["kill"], key=lambda version: version["number"])
    assert current["current"]
    assert holds(place, 1) or holds(place, 2)


@pytest.mark.flavour_in_turn
def test_a_lost_or_damaged_store_costs_nobody_a_container(place: Host, resident: Resident) -> None:
    resident.start()
    resident.apply(declared(1))
    before = scene.identity(scene.snapshot(place), "app", "odd", STRANGER)
    for damage in ("truncate", "empty", "remove"):
        resident.stop()
        for path in sorted((resident.folder / "state").rglob("*")):
            if path.is_file() and damage == "remove":
                path.unlink()
            elif path.is_file():
                path.write_bytes(path.read_bytes()[:20] if damage == "truncate" else b"")
        resident.start(armed=False)
        resident.until(lambda: resident.state("kill") in ("damaged", "unknown"))
        time.sleep(1.0)
        assert scene.identity(scene.snapshot(place), "app", "odd", STRANGER) == before, damage
        told = resident.get("/v1/status")["scopes"]["kill"]
        assert "run its playbook" in told["message"], told
        answer = resident.apply(declared(1))
        assert answer is not None
        assert not answer["failed"], answer
        assert scene.identity(scene.snapshot(place), "app", "odd", STRANGER) == before, damage
        resident.until(lambda: resident.state("kill") == "as declared")


@pytest.mark.flavour_in_turn
def test_a_full_disk_keeps_new_declarations_out_and_the_old_ones_kept(place: Host, resident: Resident) -> None:
    state = resident.folder / "state"
    state.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", state], check=True)
    try:
        resident.start(armed=False)
        assert resident.apply(declared(1))["changed"]  # type: ignore[index]
        before = scene.identity(scene.snapshot(place), "app", "odd", STRANGER)
        filler = state / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        answer = resident.apply(declared(2))
        assert answer is not None
        assert (answer["failed"], answer["changed"]) == (True, False)
        assert "No space left on device" in answer["msg"]
        assert scene.identity(scene.snapshot(place), "app", "odd", STRANGER) == before
        place.engine("DELETE", "/containers/odd?force=1")
        resident.until(lambda: "odd" in scene.snapshot(place)["containers"], 10.0)
        filler.unlink()
        answer = resident.apply(declared(2))
        assert answer is not None
        assert not answer["failed"], answer
        assert holds(place, 2)
        resident.stop()
    finally:
        resident.kill()
        subprocess.run(["umount", state], check=True)


@pytest.mark.flavour_in_turn
def test_what_comes_by_the_sockets_can_be_anything(place: Host, resident: Resident) -> None:
    """The sockets' own tests have all kinds of it; here it must not disturb what is kept."""
    resident.start()
    resident.apply(declared(1))
    for body in ("[" * 1_000_000, '{"manifest": {}, "manifest": {}}', '{"manifest": {"wait_timeout": NaN}}', "\xff"):
        status, _text = resident.raw_text("POST", "/v1/apply", body)
        assert status == 400, body[:40]
    status, _text = resident.raw_text("POST", "/v1/apply", "", length=1 << 30)
    assert status == 413
    place.engine("DELETE", "/containers/app?force=1")
    resident.until(lambda: "app" in scene.snapshot(place)["containers"], 10.0)
