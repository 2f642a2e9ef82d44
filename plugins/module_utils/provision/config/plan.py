# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to be done so that a host's engine is configured as declared. Pure.

Options become keys (declared.py), are laid over what is there (merge.py), and what the engine has to do about it
follows (in_force.py). Here these meet, with the files besides daemon.json, and all that has to be refused is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import AbstractSet, Any, Dict, List, Mapping, Optional, Tuple

from ..errors import ProvisionError
from ..memory import digest
from ..steps import Step
from . import document as documents
from . import in_force, keys, registries, unit
from .declared import SYSTEMD_SOCKET, Declared, Facts, Options, declare
from .document import Document, dotted
from .in_force import NOTHING, RELOAD, Need
from .merge import Merged, both, merge
from .observed import Notes, Observed
from .registries import Content
from .shapes import log_problems, problems

_CAUSES = {
    unit.DROP_IN: "says how the unit is to call dockerd",
    unit.PROXIES: "an engine this old reads proxies from its environment",
    unit.DEFAULTS: "is to read the proxies",
}


@dataclass(frozen=True)
class FileChange:
    """A file that gets another text, or goes."""

    path: str
    text: Optional[str]
    mode: int = 0o644


@dataclass(frozen=True)
class Plan:
    """Everything that is done, and nothing that has to be decided any more."""

    steps: Tuple[Step, ...]
    files: Tuple[FileChange, ...]  # besides daemon.json
    config: Optional[FileChange]  # daemon.json, where it changes
    need: Need
    before: Optional[str]  # daemon.json of before with another live-restore, taken up before the restart
    during: Optional[str]  # daemon.json while the engine reads it anew
    command: Tuple[str, ...]  # how the engine is called with all this
    started: Notes  # before anything is done: what we mean to set counts as ours already
    done: Notes  # after it, but for the engine's process
    document: Document
    before_text: str  # for people: without secrets
    after_text: str
    warnings: Tuple[str, ...]


def plan(options: Options, seen: Observed) -> Plan:
    """Decide. Raises ProvisionError for what cannot be, before anything is done."""
    present = options.get("state", "present") == "present"
    current, unread = _current(seen, present)
    declared = declare(options, _facts(options, seen, current)) if present else Declared({}, {}, {})
    merged = merge(current, seen.notes.claims, declared.declared, _unsaid(declared.suggested, seen))
    names = {path.partition("/")[0] for path in declared.declared}
    _refuse(merged, seen, names, current)
    files = _other_files(options if present else {}, declared, names, seen)
    changes, file_steps = _changes(files, seen)
    config, created = _config_change(merged, seen)
    running = in_force.runs_with(seen, current)
    need = in_force.need(
        seen,
        running,
        in_force.values(merged.document, _text(files, unit.DROP_IN), _text(files, unit.PROXIES), seen.contents),
        merged.document,
        {*merged.claims, *seen.notes.claims, *merged.changed},
        merged.changed,
        options.get("restart") is not False,
        bool((options.get("tls") or {}).get("renewed")),
    )
    need = _told(need, merged, declared)
    restore = in_force.restoring(seen, need)
    if restore is False and seen.flagged:
        raise ProvisionError(
            f"{in_force.names(in_force.moved(need))}: containers run, and would run on where no engine sees them, as "
            "dockerd is told --live-restore. Take that flag out, or stop the containers. Nothing was changed."
        )
    during = {**merged.document, **in_force.neutral(merged.document, running or {})} if need.how == RELOAD else {}
    done = Notes(
        merged.claims,
        {path: digest(content.text) for path, content in files.items() if content and path != unit.DEFAULTS},
        created,
        seen.process,
        need.runs_with,
    )
    return Plan(
        steps=(*merged.steps, *_mode_step(config, merged), *file_steps, *_engine_steps(need, restore, seen)),
        files=tuple(changes),
        config=config,
        need=need,
        before=None if restore is None else documents.render({**current, "live-restore": restore}, seen.text),
        during=documents.render(during, seen.text) if during and during != merged.document else None,
        command=_command(seen, names),
        started=_started(seen, merged, done, running),
        done=done,
        document=merged.document,
        before_text=documents.render(documents.masked(current)) if seen.text is not None else "",
        after_text=documents.render(documents.masked(merged.document)) if merged.document else "",
        warnings=(*unread, *declared.warnings, *_warnings(seen, merged, names, need)),
    )


def _current(seen: Observed, present: bool) -> Tuple[Document, List[str]]:
    """Return the document in force, and what to say where it cannot be read and that keeps nobody from going."""
    try:
        return documents.parse(seen.text, seen.config), []
    except ProvisionError as error:
        if present:
            raise
        return {}, [f"nothing is taken back there: {error}"]


def _facts(options: Options, seen: Observed, current: Mapping[str, Any]) -> Facts:
    there = documents.flatten(current)
    claims = seen.notes.claims
    theirs = {path: value for path, value in there.items() if digest(value) not in claims.get(path, ())}
    said = unit.value_of([*(seen.words or ()), *seen.script], "--log-driver")
    return Facts(
        version=seen.version,
        systemd=seen.systemd,
        handed=seen.systemd and (seen.words is None or unit.value_of(seen.words, "-H") == SYSTEMD_SOCKET),
        socket=options.get("socket") or "/var/run/docker.sock",
        held=seen.held,
        remapped=there.get("userns-remap"),
        swarm=seen.swarm,
        log_driver=theirs.get("log-driver") or said or keys.DEFAULT_LOG_DRIVER,
        bounded=any(f"log-opts/{name}" in theirs for name in keys.LOG_BOUNDS),
        programs=seen.programs,
    )


def _unsaid(suggested: Mapping[str, Any], seen: Observed) -> Document:
    """Return suggestions without those that a flag speaks of: others decided, and dockerd refuses both."""
    tops = sorted({path.partition("/")[0] for path in suggested})
    said = {name for name, _flag, _place in unit.clashes(tops, {"": [*(seen.words or ()), *seen.script]})}
    return {path: value for path, value in suggested.items() if path.partition("/")[0] not in said}


def _told(need: Need, merged: Merged, declared: Declared) -> Need:
    """Return what the engine has to do, with what it is not asked to do as long as it holds something."""
    if "userns-remap" not in declared.suggested or "userns-remap" not in merged.claims:
        return need
    stays = (
        "userns-remap is not declared any more, and stays: images and containers would be out of sight. It goes once "
        'there are none, or now with userns-remap: "" in engine_config'
    )
    return replace(need, pending=(*need.pending, stays))


def _refuse(merged: Merged, seen: Observed, names: AbstractSet[str], current: Mapping[str, Any]) -> None:
    """Raise what would keep the engine from starting or lose what others wrote, as far as that shows in texts."""
    there = documents.flatten(current)
    found = [
        f"$.{top}: {top} in {seen.config}, written by others, has one name twice, or no names: nothing can be put "
        "beside that. Mend it there"
        for top in sorted({path.partition("/")[0] for path in merged.changed if "/" in path})
        if there.get(top)
    ]
    for path, wrong in log_problems(merged.document).items():
        if path in merged.claims:
            found.append(f"$.{dotted(path).replace('log-opts', 'log_options')}: {wrong}")
        elif "log-driver" in names:
            found.append(
                f"$.log_driver: {dotted(path)} in {seen.config}, written by others: {wrong}. Take it out there"
            )
    words = _command(seen, names)
    said = {unit.UNIT if seen.systemd else "the init script": words, f"DOCKER_OPTS in {unit.DEFAULTS}": seen.script}
    for name, option, place in unit.clashes(sorted(names), said):
        found.append(f"$.{name}: {place} says {option} too, and dockerd refuses both. Take it out there")
    if "hosts" in names and seen.late:
        found.append(
            f"$.hosts: {seen.late} sets ExecStart after {unit.DROP_IN}, which is to take -H out of it. "
            "Take -H out there, or give it a name that sorts before stowage.conf"
        )
    if found:
        raise ProvisionError("\n".join([*found, "Nothing was changed."]))


def _command(seen: Observed, names: AbstractSet[str]) -> Tuple[str, ...]:
    words = seen.words or ()
    return tuple(unit.without_hosts(words)) if "hosts" in names and seen.systemd else words


def _other_files(
    options: Options, declared: Declared, names: AbstractSet[str], seen: Observed
) -> Dict[str, Optional[Content]]:
    """Return what other files are to hold, by path; None for none."""
    found: Dict[str, Optional[Content]] = dict.fromkeys([*seen.notes.files, unit.DROP_IN, unit.PROXIES])
    found.update(registries.wanted(options.get("registry_certificates") or {}))
    environment = unit.proxies_file(declared.proxies)
    found[unit.PROXIES] = Content(environment, 0o600) if environment else None
    if seen.systemd:
        called = seen.words or ("dockerd", "-H", "fd://")
        words = unit.without_hosts(called) if "hosts" in names and unit.says_hosts(called) else None
        text = unit.drop_in(words, bool(environment))
        found[unit.DROP_IN] = Content(text, 0o644) if text else None
    text = unit.defaults_file(seen.texts.get(unit.DEFAULTS), bool(environment) and not seen.systemd)
    if text is not None:
        found[unit.DEFAULTS] = Content(text, 0o644)
    return found


def _changes(wanted: Mapping[str, Optional[Content]], seen: Observed) -> Tuple[List[FileChange], List[Step]]:
    changes: List[FileChange] = []
    steps: List[Step] = []
    for path in sorted(wanted):
        content, there = wanted[path], seen.texts.get(path)
        if content is None:
            # One that others changed since is theirs.
            ours = there is not None and (there.startswith(unit.HEAD) or digest(there) == seen.notes.files.get(path))
            if ours:
                changes.append(FileChange(path, None))
                steps.append(Step("RemoveFile", path, "is not declared any more"))
        elif there != content.text:
            changes.append(FileChange(path, content.text, content.mode))
            cause = _CAUSES.get(path, "is missing" if there is None else "has other content")
            steps.append(Step("WriteFile", path, cause))
    return changes, steps


def _config_change(merged: Merged, seen: Observed) -> Tuple[Optional[FileChange], bool]:
    """Return the change of daemon.json, and whether it is a file of ours alone."""
    mode = seen.mode & 0o600 if documents.has_secrets(merged.document) else seen.mode
    created = seen.notes.created or (seen.text is None and bool(merged.claims))
    if merged.changed:
        text = documents.render(merged.document, seen.text) if merged.document or not created else None
        return FileChange(seen.config, text, mode), created and text is not None
    if seen.text is not None and mode != seen.mode and merged.claims:
        return FileChange(seen.config, seen.text, mode), created
    return None, created and seen.text is not None


def _started(seen: Observed, merged: Merged, done: Notes, running: Optional[Mapping[str, str]]) -> Notes:
    """Return the notes for the time in between: killed there, both what was and what is to be may be found."""
    # Values as good as none stand in the file while it is read anew.
    neutral = in_force.neutral(merged.document, running or {})
    claims = both(both(seen.notes.claims, merged.claims), {path: [digest(value)] for path, value in neutral.items()})
    return replace(done, claims=claims, files={**seen.notes.files, **done.files}, running=dict(running or {}))


def _mode_step(config: Optional[FileChange], merged: Merged) -> List[Step]:
    return [Step("SetMode", config.path, "it has passwords")] if config and not merged.changed else []


def _engine_steps(need: Need, restore: Optional[bool], seen: Observed) -> List[Step]:
    if need.how == NOTHING:
        return []
    why = in_force.names(need.causes)
    if need.how == RELOAD:
        return [Step("ReloadEngine", "docker", why)]
    if seen.containers:
        why += "; containers run on" if need.keeps else "; containers stop, and those that ran are started again"
    steps = [Step("RestartEngine", "docker", why)]
    if restore is not None:
        cause = "containers are to run on through the restart" if restore else "no container is to run on unseen"
        steps.insert(0, Step("ReloadEngine", "docker", f"live-restore {'on' if restore else 'off'}: {cause}"))
    return steps


def _warnings(seen: Observed, merged: Merged, names: AbstractSet[str], need: Need) -> List[str]:
    theirs = {name: value for name, value in merged.document.items() if name not in names}
    found = [f"{wrong} ({seen.config}, written by others)" for wrong in problems(theirs, seen.version)]
    found += [f"is not in force yet: {text}" for text in need.pending]
    out_of_sight = in_force.moved(need)
    if out_of_sight and seen.held:
        found.append(
            f"{', '.join(out_of_sight)}: images, containers and volumes of before stay on the disk and are out of "
            "sight; the former setting brings them back"
        )
    hosts = merged.document.get("hosts", []) if "hosts" in names else []
    open_to = [host for host in hosts if host.startswith("tcp://")]
    if open_to and not merged.document.get("tlsverify"):
        found.append(f"{', '.join(open_to)}: whoever reaches it is root here, as no certificate is asked for")
    return found


def _text(files: Mapping[str, Optional[Content]], path: str) -> Optional[str]:
    content = files.get(path)
    return content.text if content else None
