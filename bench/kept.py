# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is reported of the runtime on a host, and of a soak: the figures that targets are about, and the text.

Knows the documents of resident.py and soaking.py. Measures nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from . import resident
from .table import align, quantile, spread

Document = Mapping[str, Any]
Target = tuple[str, float, float, str, int]  # what, the target, what was reached, its unit, digits
MEGABYTE = 1e6
_PARTS = {
    "removed": "docker rm -f",
    "created": "until the next is created",
    "started": "until it runs",
    "all": "in all",
}


def targets_of_runtime(measured: Document) -> Iterator[Target]:
    """The figures that were to be reached."""
    yield "runtime: a removed container, beyond create and start", 1.0, resident.beyond(measured), " s", 2
    most = max(taken["resident_bytes"] for taken in _deployed(measured))
    yield f"runtime: resident memory, {resident.MANY} containers", 32, most / MEGABYTE, " MB", 1
    yield "runtime: CPU when nothing happens, of a core", 0.1, 100 * measured["idle"]["core_share"], " %", 3
    yield "runtime: nothing to change, playbook / ping playbook", 1.0, median(resident.ratios(measured["pairs"])), "", 2


def _deployed(measured: Document) -> list[Document]:
    """Memory from the moment on at which the containers are there."""
    return [taken for name, taken in measured["memory"].items() if name != resident.NOTHING]


def text_of_runtime(measured: Document) -> str:
    """Repairs step by step, memory, CPU, and pairs of playbooks."""
    parts = list(_PARTS)
    rows = [
        [f"{len(measured['repairs'])} removed containers, ms, median (least-most)", *_PARTS.values()],
        ["by the runtime", *(spread([each[part] for each in measured["repairs"]], 1000, 0) for part in parts)],
        ["create and start by the raw API, beside each"]
        + [spread([each[part] for each in measured["beside"]], 1000, 0) if part != "removed" else "" for part in parts],
    ]
    memory = [["the runtime's process, MB", "resident", "of it its own", "most so far", "CPU s so far"]]
    for name, taken in measured["memory"].items():
        sizes = [f"{taken[key] / MEGABYTE:.1f}" for key in ("resident_bytes", "anonymous_bytes", "peak_bytes")]
        memory.append([name, *sizes, f"{taken['cpu_seconds']:.2f}"])
    return "\n\n".join((align(rows), align(memory), _text_of_idle(measured["idle"]), _text_of_pairs(measured["pairs"])))


def _text_of_idle(idle: Document) -> str:
    share = f"{100 * idle['core_share']:.3f} % of a core with a resync each {resident.USUAL_RESYNC} s"
    return (
        f"nothing happens for {idle['seconds']:.0f} s: {1000 * idle['minute_seconds']:.1f} ms of CPU a minute between "
        f"looks, {1000 * idle['resync_seconds']:.1f} ms each resync ({idle['looks']} looks); {share}"
    )


def _text_of_pairs(pairs: Sequence[Mapping[str, float]]) -> str:
    rows = [[f"{len(pairs)} pairs of playbooks, nothing to change", "seconds", "/ ping"]]
    rows.append(["stowage.docker.host through the runtime", spread([pair["host"] for pair in pairs])])
    rows[-1].append(spread(resident.ratios(pairs)))
    rows.append(["ansible.builtin.ping", spread([pair["ping"] for pair in pairs]), ""])
    return align(rows)


# -- the soak -------------------------------------------------------------------------------------


def targets_of_soak(soak: Document) -> Iterator[Target]:
    """What must not be: spoils that stay, strangers that differ, objects that were given up."""
    yield "soak: spoilt and not repaired", 0, len(soak["open"]), "", 0
    yield "soak: touched of what is not declared", 0, len(soak["touched"]), "", 0
    yield "soak: objects held back", 0, soak["events"].get("held", 0), "", 0


def text_of_soak(soak: Document) -> str:
    """How long what was spoilt stayed so, by kind; how often runtime and engine went away; what it took."""
    healed = soak["healed"]
    calm = [entry for entry in healed if not entry["disturbed"]]
    head = f"soak of {soak['minutes']:g} minutes, {soak['containers']} containers, seconds until repaired"
    rows = [[head, "count", "median", "p95", "most"]]
    kinds = sorted({entry["kind"] for entry in calm})
    rows += [_row(kind, [entry["seconds"] for entry in calm if entry["kind"] == kind]) for kind in kinds]
    told = [entry["seconds"] for entry in calm if not is_unseen(entry["kind"])]
    rows.append(_row("all of these but files, of which nobody tells", told))
    rows.append(_row("meanwhile, runtime or engine went away", [e["seconds"] for e in healed if e["disturbed"]]))
    rows += [_row(f"{what}, until back and all well", seconds) for what, seconds in soak["away"].items()]
    events = ", ".join(f"{count} {kind}" for kind, count in sorted(soak["events"].items()))
    cpu = soak["cpu_seconds"] / (soak["minutes"] * 60)
    memory = [f"{soak[key] / MEGABYTE:.1f} MB" for key in ("resident_bytes", "peak_bytes")]
    lines = [
        align(rows),
        f"seed {soak['seed']}: {len(healed)} spoilt and repaired, {len(soak['open'])} not, {len(soak['refused'])} half",
        f"the engine, restarted, answered again after {soak['restart_seconds']:.1f} s",
        f"the runtime: {memory[0]} at the end, {memory[1]} the most of any of its processes, {cpu:.1%} of a core",
        f"audit log: {events}",
        *(f"not repaired: {entry}" for entry in soak["open"]),
        *(f"touched: {entry}" for entry in soak["touched"]),
        *(f"half done, {count} times: {words}" for words, count in _counted(Counter(soak["refused"]))),
        *(f"said {count} times: {words}" for words, count in _counted(soak["words"])),
    ]
    return "\n".join(lines)


def _counted(said: Mapping[str, int]) -> list[tuple[str, int]]:
    """How often each was said, of whichever containers and networks."""
    counts = Counter[str]()
    for words, count in said.items():
        counts[re.sub(r"\b[0-9a-f]{64}\b", "...", words).strip()] += count
    return counts.most_common()


def is_unseen(kind: str) -> bool:
    """Whether nobody tells the runtime: it is seen at the next look, whatever that is for."""
    return kind.startswith("file ")


def _row(name: str, seconds: Sequence[float]) -> list[str]:
    if not seconds:
        return [name, "0", "", "", ""]
    shown = (median(seconds), quantile(seconds, 0.95), max(seconds))
    return [name, str(len(seconds)), *(f"{value:.2f}" for value in shown)]
