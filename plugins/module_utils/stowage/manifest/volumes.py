# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section ``volumes``: compose's keys of a volume. Ends at the body of ``POST /volumes/create``."""

from __future__ import annotations

from typing import Any, Dict, List, Set, Tuple

from ..model.desired import ABSENT, PRESENT, Volume
from .reader import Reader, check_name

KEYS = ("name", "driver", "driver_opts", "labels", "external", "recreate", "state")


def parse_volumes(reader: Reader) -> Tuple[Tuple[Volume, ...], Dict[str, str]]:
    """The volumes, and which name each key of the section stands for."""
    volumes: List[Volume] = []
    names: Dict[str, str] = {}
    taken: Set[str] = set()
    for key, _value in reader.items():
        entry = reader.reader(key)
        entry.only(KEYS)
        name = entry.text("name", key)
        check_name(name, entry.path, "volume", reader.problems)
        if name in taken:
            entry.problem(f"the volume {name} is declared twice")
        taken.add(name)
        names[key] = name
        volumes.append(_parse_volume(name, entry))
    return tuple(volumes), names


def _parse_volume(name: str, entry: Reader) -> Volume:
    external = entry.flag("external")
    if external:
        for key, value in entry.document.items():
            if value not in (None, "", {}, []) and key not in ("name", "external"):
                entry.problem("an external volume is used as it is: it takes no options", str(key))
    body: Dict[str, Any] = {"Name": name, "Driver": entry.text("driver", "local"), "Labels": entry.labels()}
    if entry.document.get("driver_opts"):
        body["DriverOpts"] = entry.texts("driver_opts")
    state = entry.text("state", PRESENT, (PRESENT, ABSENT))
    return Volume(name, entry.path, body, state, external, entry.flag("recreate"))
