# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the host: spoils what is declared time and again, and times how long each takes to be as declared.

Usage: ``python3 soak.py SECONDS SEED < SCENE.json`` with a scene as spoiling.py has it, and the ``strangers`` that
nobody may touch. Now and then the runtime is killed, and once the engine is started anew. Prints JSON.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import meters  # type: ignore[import-not-found]  # this and the next two lie beside this on the host
from calls import Refused, ask_runtime  # type: ignore[import-not-found]
from spoiling import Spoil, Spoiler  # type: ignore[import-not-found]

PAUSES = (0.5, 3.0)  # seconds between two spoils
KILLS = (30.0, 60.0)  # seconds between two kills of the runtime
LASTING = 12.0  # seconds that an object is left alone once it is repaired: sooner, it counts as not repaired
TICK = 0.05  # seconds between two looks whether something was repaired
PATIENCE = 120.0  # seconds for all to be repaired at the end
SOON = 30.0  # seconds for strangers to run again after the engine was started anew
AUDIT = Path("/var/log/stowage/audit.jsonl")
# What the runtime repaired before it was done: a network that had a member again before it could be removed.
HALF_DONE = "network emptied"
# While it is started anew, the engine does not answer.
AWAY = (OSError, http.client.HTTPException)


@dataclass
class Wound:
    """Something that was spoilt and is not repaired yet. ``disturbed``: runtime or engine went away meanwhile."""

    spoil: Spoil
    at: float
    is_healed: Callable[[], bool]
    disturbed: bool = False


class Process:
    """The runtime's processes, one after the other: what they took in all."""

    def __init__(self) -> None:
        self.pid = meters.process()
        self.peak_bytes = 0
        self._done = 0.0
        self._first = self._last = meters.cpu_seconds(self.pid)

    def look(self) -> None:
        """Note what the one that runs has taken so far."""
        with contextlib.suppress(OSError, ValueError, KeyError):  # between two of them there is none
            pid = meters.process()
            used, memory = meters.cpu_seconds(pid), meters.memory(pid)
            if pid != self.pid:
                self.pid, self._done, self._last = pid, self._done + self._last, 0.0
            self._last = max(used, self._last)
            self.peak_bytes = max(self.peak_bytes, memory["peak_bytes"])

    @property
    def cpu_seconds(self) -> float:
        """Of all of them, since the first look."""
        total: float = self._done + self._last - self._first
        return total


class Soak:
    """One soak, from the first spoil to the last repair."""

    def __init__(self, scene: dict[str, Any], seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311  nothing has to be kept from anybody
        self.spoiler = Spoiler(scene, self.chance)
        self.strangers = scene["strangers"]
        self.process = Process()
        self.open: list[Wound] = []
        self.healed: list[dict[str, Any]] = []
        self.refused: list[str] = []
        self.away: dict[str, list[float]] = {"runtime killed": [], "engine restarted": []}
        self.restart_seconds = 0.0
        self.touched: list[str] = []
        self._free_at: dict[str, float] = {}

    def run(self, seconds: float) -> None:
        """Spoil for so long, and wait until all is repaired."""
        began = time.monotonic()
        end, half = began + seconds, began + seconds / 2
        spoil_at, kill_at, look_at = began, began + self.chance.uniform(*KILLS), began
        before = self.picture()
        while (now := time.monotonic()) < end:
            if half and now >= half:
                half = 0.0
                self._compare(before, self.picture())
                self._restart_engine()
                before = self._picture_anew(before)
            elif now >= kill_at:
                self._kill_runtime()
                kill_at = now + self.chance.uniform(*KILLS)
            elif now >= spoil_at:
                self._spoil()
                spoil_at = now + self.chance.uniform(*PAUSES)
            if now >= look_at:
                self.process.look()
                look_at = now + 1.0
            self._look()
            time.sleep(TICK)
        while self.open and time.monotonic() < end + PATIENCE:
            self._look()
            time.sleep(TICK)
        self.spoiler.clear_away()
        self._compare(before, self.picture())

    # -- what is done to the host ---------------------------------------------------------------

    def _spoil(self) -> None:
        now = time.monotonic()
        spoil = self.spoiler.choose(lambda name: self._free_at.get(name, 0.0) <= now)
        if spoil is None:
            return
        self._free_at.update(dict.fromkeys(spoil.touched, float("inf")))
        try:
            is_healed = self.spoiler.spoil(spoil)
        except Refused as error:
            self.refused.append(f"{spoil.kind} {spoil.target}: {error}")
            names = [name for name in spoil.touched if name in self.spoiler.scene["containers"]]
            spoil = Spoil(HALF_DONE, spoil.target, spoil.touched)
            self.open.append(Wound(spoil, now, lambda: all(map(self.spoiler.is_well, names))))
            return
        self.open.append(Wound(spoil, now, is_healed))

    def _kill_runtime(self) -> None:
        self.process.look()
        began, pid = time.monotonic(), self.process.pid
        os.kill(pid, signal.SIGKILL)
        self._disturb()

        def is_back() -> bool:
            return meters.process() != pid and bool(ask_runtime("/v1/status"))

        self.open.append(Wound(Spoil("runtime killed", str(pid), ()), began, is_back))

    def _restart_engine(self) -> None:
        began = time.monotonic()
        subprocess.run(["systemctl", "restart", "docker.service"], check=True)
        self.restart_seconds = time.monotonic() - began
        self.spoiler.engine.close()  # to the one that is gone
        self._disturb()
        names = list(self.spoiler.scene["containers"])
        self.open.append(
            Wound(Spoil("engine restarted", "docker", ()), began, lambda: all(map(self.spoiler.is_well, names)))
        )

    def _disturb(self) -> None:
        for wound in self.open:
            wound.disturbed = True

    # -- what is seen of it ---------------------------------------------------------------------

    def _look(self) -> None:
        for wound in list(self.open):
            try:
                if not wound.is_healed():
                    continue
                if wound.spoil.kind == "renamed":
                    self.spoiler.clear_away()
            except (*AWAY, Refused, ValueError):
                continue
            now = time.monotonic()
            self.open.remove(wound)
            self._free_at.update(dict.fromkeys(wound.spoil.touched, now + LASTING))
            if wound.spoil.kind in self.away:
                self.away[wound.spoil.kind].append(now - wound.at)
            else:
                self.healed.append({"kind": wound.spoil.kind, "seconds": now - wound.at, "disturbed": wound.disturbed})

    def picture(self) -> dict[str, Any]:
        """How the strangers are."""
        call, strangers = self.spoiler.engine.call, self.strangers
        seen: dict[str, Any] = {}
        for name in strangers["containers"]:
            found = call("GET", f"/containers/{name}/json") or {}
            seen[name] = {key: found.get(key) for key in ("Id", "Created", "HostConfig", "Config", "Mounts")}
            state = found.get("State") or {}
            seen[name]["State"] = {key: state.get(key) for key in ("Status", "StartedAt", "FinishedAt")}
            seen[name]["Networks"] = sorted((found.get("NetworkSettings") or {}).get("Networks") or {})
        for name in strangers["networks"]:
            seen[f"network {name}"] = (call("GET", f"/networks/{name}") or {}).get("Id")
        for name in strangers["volumes"]:
            seen[f"volume {name}"] = call("GET", f"/volumes/{name}")
        return seen

    def _picture_anew(self, before: dict[str, Any]) -> dict[str, Any]:
        """How they are once the engine has started them again: but for that, as before."""
        deadline = time.monotonic() + SOON
        while True:
            after = self.picture()
            if _without_times(before) == _without_times(after) or time.monotonic() > deadline:
                self._compare(_without_times(before), _without_times(after))
                return after
            time.sleep(TICK)

    def _compare(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        for name, seen in before.items():
            if seen != after[name]:
                self.touched.append(f"{name}: {_difference(seen, after[name])}")

    def told(self) -> dict[str, Any]:
        """All figures."""
        self.process.look()
        kinds = Counter[str]()
        words = Counter[str]()
        for line in AUDIT.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            kinds[event["kind"]] += 1
            if event["kind"] in ("failure", "held", "damaged"):
                words[event["text"]] += 1
        return {
            "healed": self.healed,
            "open": [f"{wound.spoil.kind} {wound.spoil.target}" for wound in self.open],
            "refused": self.refused,
            "away": self.away,
            "restart_seconds": self.restart_seconds,
            "touched": self.touched,
            "cpu_seconds": self.process.cpu_seconds,
            **meters.memory(self.process.pid),
            "peak_bytes": self.process.peak_bytes,
            "events": dict(kinds),
            "words": dict(words.most_common(20)),
        }


def _difference(before: Any, after: Any) -> str:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return f"{before} -> {after}"
    differing = [key for key in before if before[key] != after.get(key)]
    return ", ".join(f"{key} {_difference(before[key], after.get(key))}" for key in differing)


def _without_times(seen: dict[str, Any]) -> dict[str, Any]:
    """Without when they were started, and what the engine fills up with nothing when it reads it from the disk."""

    def without(entry: Any) -> Any:
        if not isinstance(entry, dict) or "State" not in entry:
            return entry
        said = {key: value for key, value in entry["HostConfig"].items() if value not in (None, [], {})}
        return {**entry, "State": entry["State"]["Status"], "HostConfig": said}

    return {name: without(entry) for name, entry in seen.items()}


def main() -> None:
    """Soak, and print what came of it."""
    soak = Soak(json.load(sys.stdin), int(sys.argv[2]))
    soak.run(float(sys.argv[1]))
    print(json.dumps(soak.told()))


if __name__ == "__main__":
    main()
