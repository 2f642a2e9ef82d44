# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files around the engine: whose they are, how open they are, and which of them the kernel's audit has an eye on.

What of hardening is not the engine's own configuration. Two levels: ``baseline`` has owners and modes, ``cis`` has
audit rules as well. What was changed is remembered, and given back when hardening is not declared any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Tuple

from .auditing import LOCKED, REFUSED, WORKS, Auditing, find_watched, observe_auditing, render_rules
from .commands import Commands
from .dockerd import observe_dockerd
from .errors import ProvisionError
from .files import Files, Standing
from .memory import Memory
from .protected import Protection, find_protected, protections
from .steps import Step

LEVELS = ("none", "baseline", "cis")
RULES = "/etc/audit/rules.d/stowage-docker.rules"
_RULES_MODE = 0o640
# What nobody but the owner should ever have had is not given back: to write, and of private keys to read.
_WRITABLE_BY_OTHERS = 0o022
_OPEN_TO_OTHERS = 0o077
_PRIVATE = ("registry keys", "TLS key")


@dataclass(frozen=True)
class Found:
    """One host, as far as hardening goes."""

    standings: Mapping[str, Tuple[str, Standing]]  # path -> name in the table, and what is known of it
    protected: Mapping[str, Protection]  # by the name in the table
    auditing: Auditing
    rules: str  # our file of audit rules, "" where there is none
    watched: Mapping[str, List[str]]
    memory: Mapping[str, Any]


def observe_hardening(files: Files, commands: Commands) -> Found:
    """Look at this host."""
    standings = {}
    dockerd = observe_dockerd(files)
    for name, paths in find_protected(files, dockerd).items():
        for path in paths:
            standing = files.standing(path)
            if standing is not None:
                standings[path] = (name, standing)
    return Found(
        standings=standings,
        protected=protections(dockerd),
        auditing=observe_auditing(commands),
        rules=files.read(RULES) or "",
        watched=find_watched(files, dockerd),
        memory=Memory(files, "hardening").recall(),
    )


def plan_hardening(level: str, found: Found) -> List[Step]:
    """Return what is to be done, in order. Pure."""
    steps = []
    for path, (mode, owner, group, cause) in wanted_standings(level, found).items():
        steps.append(Step("ChangeFile", f"{path} {owner}:{group} {mode:04o}", cause))
    rules = wanted_rules(level, found)
    if rules != found.rules:
        verb = "WriteFile" if rules else "RemoveFile"
        cause = "is missing" if not found.rules else "differs" if rules else "auditing is not declared any more"
        steps.append(Step(verb, RULES, cause))
    if found.auditing.state == WORKS and (rules != found.rules or not _loaded(rules, found)):
        steps.append(Step("LoadAuditRules", RULES, "are not in force"))
    return steps


def wanted_standings(level: str, found: Found) -> Dict[str, Tuple[int, str, str, str]]:
    """Return mode, owner, group and the reason for each file that is to be changed."""
    if level == "none":
        return _given_back(found)
    wanted = {}
    for path, (name, standing) in found.standings.items():
        protection = found.protected[name]
        causes = []
        if not protection.owned(standing):
            causes.append(f"is {standing.owner}:{standing.group}")
        if not protection.closed(standing):
            causes.append(f"is {standing.mode:04o}")
        if causes:
            mode = standing.mode & protection.mode
            wanted[path] = (mode, protection.owner, protection.group, ", ".join(causes))
    return wanted


def wanted_rules(level: str, found: Found) -> str:
    """Return the text of our file of audit rules; "" where there is to be none."""
    return render_rules(found.watched) if level == "cis" and found.auditing.state != "absent" else ""


def warnings(level: str, found: Found) -> List[str]:
    """Return what people should know of auditing here."""
    if level != "cis":
        return []
    state = found.auditing.state
    if state == REFUSED:
        return ["the kernel takes no audit rules from this host (a container?): they are written, and not in force"]
    if state == LOCKED and not _loaded(wanted_rules(level, found), found):
        return ["audit rules are locked here (auditctl -e 2): those of the engine come into force with the next boot"]
    return []


def harden(level: str, found: Found, files: Files, commands: Commands) -> None:
    """Do what was planned, and see that it is so. Raises ProvisionError."""
    memory = Memory(files, "hardening")
    changes = wanted_standings(level, found)
    rules = wanted_rules(level, found)
    if level != "none":
        # Before the first change: what a killed run did is given back all the same.
        memory.keep(_remembered(found, changes, rules))
    for path, (mode, owner, group, _cause) in changes.items():
        files.change(path, mode, owner, group)
    if rules != found.rules:
        if rules:
            files.write(RULES, rules, _RULES_MODE, "root", "root")
        else:
            files.remove(RULES)
    if found.auditing.state == WORKS and (rules != found.rules or not _loaded(rules, found)):
        _load(commands)
    if level == "none":
        memory.keep({})
        return
    left = plan_hardening(level, observe_hardening(files, commands)) if plan_hardening(level, found) else []
    if left:
        raise ProvisionError(f"it was done, and is not so: {'; '.join(map(str, left))}. Does something else change it?")


def render_state(found: Found, changes: Mapping[str, Tuple[int, str, str, str]], rules: str) -> str:
    """Return the files to be changed, and the audit rules, as text for the diff; without changes as they are."""
    lines = []
    for path in sorted(found.standings):
        standing = found.standings[path][1]
        mode, owner, group = changes.get(path, (standing.mode, standing.owner, standing.group))[:3]
        lines.append(f"{path} {owner}:{group} {mode:04o}\n")
    return "".join(lines) + rules


def _given_back(found: Found) -> Dict[str, Tuple[int, str, str, str]]:
    """Files that still are as we set them, and were otherwise before, in a way that does no harm."""
    wanted = {}
    for path, former in found.memory.get("files", {}).items():
        if path not in found.standings:
            continue
        name, standing = found.standings[path]
        mode = int(former["mode"], 8)
        untouched = found.protected[name].owned(standing) and found.protected[name].closed(standing)
        harmful = _OPEN_TO_OTHERS if name in _PRIVATE else _WRITABLE_BY_OTHERS
        harmless = former["owner"] == "root" and not mode & harmful
        if untouched and harmless and (mode, former["group"]) != (standing.mode, standing.group):
            wanted[path] = (mode, former["owner"], former["group"], "hardening is not declared any more")
    return wanted


def _remembered(found: Found, changes: Mapping[str, Any], rules: str) -> Dict[str, Any]:
    """How files were before the first change of ours."""
    kept = dict(found.memory.get("files", {}))
    for path in changes:
        standing = found.standings[path][1]
        kept.setdefault(path, {"mode": f"{standing.mode:04o}", "owner": standing.owner, "group": standing.group})
    return {"files": kept, "rules": RULES if rules else ""}


def _loaded(rules: str, found: Found) -> bool:
    paths = [field.partition("=")[2] for field in rules.split() if field.startswith(("path=", "dir="))]
    return all(found.auditing.has(path) for path in paths)


def _load(commands: Commands) -> None:
    """Have the rules of all files loaded; what was loaded of ours before goes with that."""
    done = commands.run("augenrules", "--load", timeout=60)
    if done.code:
        raise ProvisionError(f"the audit rules are written to {RULES}, and could not be loaded: {done.output.strip()}")
