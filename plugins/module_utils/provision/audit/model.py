# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen of a host, what a check is, and what comes of it. Frozen values; knows no check."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, NamedTuple, Sequence, Tuple

from ..auditing import ABSENT, Auditing
from ..dockerd import Dockerd
from ..files import Standing

PASS = "pass"  # noqa: S105 - a result, no password
FAIL = "fail"
WAIVED = "waived"
NOT_APPLICABLE = "not applicable"
RESULTS = (FAIL, WAIVED, PASS, NOT_APPLICABLE)

BASELINE = "baseline"
CIS = "cis"


@dataclass(frozen=True)
class InForce:
    """Whether the engine that runs goes by daemon.json as it stands."""

    known: bool = True
    pending: FrozenSet[str] = frozenset()  # keys of which the file says another thing than what the engine read

    def doubt(self, *keys: str) -> str:
        """Say why what the file says of these keys proves nothing; "" where it does."""
        if not self.known:
            return "whether the engine read that shows once it is restarted"
        return "not in force until the engine is restarted" if self.pending.intersection(keys) else ""


@dataclass(frozen=True)
class Seen:
    """One host and its engine, as far as the benchmark goes."""

    info: Mapping[str, Any] = field(default_factory=dict)  # the engine's /info
    bridge: Mapping[str, Any] = field(default_factory=dict)  # its network "bridge"; {} where it has none
    dockerd: Dockerd = field(default_factory=Dockerd)
    in_force: InForce = field(default_factory=InForce)
    auditing: Auditing = field(default_factory=lambda: Auditing(ABSENT))
    watched: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by check, what there is to be watched
    # By its name in PROTECTED: each file that is there, and what is known of it.
    standings: Mapping[str, Sequence[Tuple[str, Standing]]] = field(default_factory=dict)
    mounts: FrozenSet[str] = frozenset()  # mount points
    members: Sequence[str] = ()  # of the engine's group
    trusted: FrozenSet[str] = frozenset()  # those that the operator names
    package: str = ""  # the engine's package; "" where it is not known
    installed: str = ""  # its version
    offered: str = ""  # the version that the package sources offer

    @property
    def security(self) -> List[str]:
        """The engine's security options, as name=seccomp,profile=builtin."""
        return [str(option) for option in self.info.get("SecurityOptions") or ()]

    def secured_by(self, name: str) -> bool:
        """Tell whether a security option is on."""
        return any(option.split(",")[0] == f"name={name}" for option in self.security)

    @property
    def major(self) -> int:
        """The engine's major version; that of the newest where it is not told."""
        number = str(self.info.get("ServerVersion", "")).partition(".")[0]
        return int(number) if number.isdigit() else sys.maxsize

    @property
    def in_swarm(self) -> bool:
        """Whether the engine is a node of a swarm."""
        return (self.info.get("Swarm") or {}).get("LocalNodeState") in ("active", "locked")


class Verdict(NamedTuple):
    """What a check says of a host, and what it found."""

    result: str
    why: str


Judge = Callable[[Seen], Verdict]


def goes_by(*keys: str) -> Callable[[Judge], Judge]:
    """Have a judge not be content with what daemon.json says of these keys as long as the engine does not go by it."""

    def wrap(judge: Judge) -> Judge:
        def judged(seen: Seen) -> Verdict:
            found, doubt = judge(seen), seen.in_force.doubt(*keys)
            return Verdict(FAIL, f"{found.why}, says daemon.json: {doubt}") if doubt and found.result != FAIL else found

        return judged

    return wrap


@dataclass(frozen=True)
class Check:
    """One recommendation of the benchmark."""

    id: str
    level: int  # the benchmark's profile
    title: str  # how it should be, in our words
    remedy: str  # what to do where it is not
    judge: Judge
    promised: str = ""  # the level of engine_hardening that sees to it; "" where none can


@dataclass(frozen=True)
class Finding:
    """One check on one host, waivers included."""

    check: Check
    result: str
    why: str

    def document(self) -> Dict[str, Any]:
        """Return it as data."""
        return {
            "id": self.check.id,
            "level": self.check.level,
            "title": self.check.title,
            "result": self.result,
            "why": self.why,
            "remedy": self.check.remedy if self.result in (FAIL, WAIVED) else "",
            "hardening": self.check.promised or "none",
        }


def verdict(good: object, why_good: str, why_bad: str) -> Verdict:
    """Return a pass or a failure, each with what was found."""
    return Verdict(PASS, why_good) if good else Verdict(FAIL, why_bad)
