# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use case: there is no engine, and nothing of the role's either. Data stays unless it is to be purged.

Containers are stopped first and in order: with live-restore they would outlive the engine, and nobody could stop them.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from typing import Collection, Dict, List, Sequence, Tuple

from ..commands import Commands
from ..errors import ProvisionError
from ..files import Files
from ..memory import Document, Memory, parts
from ..service import Service
from ..steps import Step
from ..system import SYSTEMD, System, observe_system
from . import choosing, data, policy, preflight, repository, stopping
from .catalogue import CONTAINERDS, RECIPES, Recipe
from .drivers import Driver
from .model import PODMAN, Change, Choice, Package, Result, Wanted
from .presence import driver_of

_CAUSE = "engine_state is absent"
_PURGE = "engine_purge"
_UNITS = {
    "docker": ("docker.socket", "docker.service", "containerd.service"),
    PODMAN: ("podman.socket", "podman.service", "podman-restart.service"),
}
# Parts of the memory: one is Podman's, one has packages of both, all others are Docker's where both are here.
_PACKAGES = "packages"
_PROGRAMS = {"docker": "dockerd", PODMAN: "podman"}


@dataclass
class Farewell:
    """All that goes, as it was found."""

    choice: Choice
    changes: List[Change]
    residues: List[str]
    containers: List[Tuple[str, str]]  # id and name
    units: List[str]  # of the role's own
    services: List[str]  # the engine's
    files: List[str]
    sources: List[repository.FileChange]  # of others, that we had switched off
    memories: Dict[str, Document]  # by part: what is remembered from then on
    data: List[str]
    group: str
    runs: bool
    warnings: List[str] = field(default_factory=list)

    def stops(self) -> List[Step]:
        """Say what ends."""
        steps = [Step("StopContainer", name, _CAUSE) for _id, name in self.containers]
        steps += [Step("StopService", unit, _CAUSE) for unit in self.services]
        steps += [Step("StopService", "dockerd", _CAUSE)] if self.runs and not self.services else []
        return steps

    def steps(self) -> List[Step]:
        """Say it."""
        steps = [Step("DisableUnit", unit, _CAUSE) for unit in self.units]
        steps += self.stops()
        steps += [
            Step("RemovePackage", f"{change.name} {change.before}", self.choice.causes.get(change.name, _CAUSE))
            for change in self.changes
        ]
        steps += [Step("PurgePackage", name, "its configuration files are left") for name in self.residues]
        steps += [Step("RemoveFile", path, _CAUSE) for path in self.files]
        steps += [change.step for change in self.sources]
        steps += [Step("RemoveData", path, _PURGE) for path in self.data]
        steps += [Step("RemoveGroup", self.group, _PURGE)] if self.group else []
        return steps


def remove(wanted: Wanted, check: bool, files: Files, commands: Commands, only_stop: bool = False) -> Result:
    """Have no engine, or plan it. Raises ProvisionError before anything is changed, or with what a program said.

    ``only_stop`` looks whether all of it can go, and has it stand still: others of the role may then take away what
    guarded it.
    """
    system = observe_system(files, commands)
    preflight.refuse_host(system, os.geteuid() == 0, sys.platform)
    driver = driver_of(system, files, commands, wanted.lock_timeout)
    installed = driver.installed()
    service = Service(files=files, commands=commands)
    farewell = _look(wanted, system, driver, installed, files, commands, service)
    if check and wanted.stopped:
        farewell = replace(farewell, containers=[], services=[], runs=False)
    result = Result(
        farewell.stops() if only_stop else farewell.steps(), wanted.source if wanted.source != "auto" else ""
    )
    result.parts = parts(files)
    if only_stop:
        if not check:
            _stop(farewell, files, commands, service)
        return result
    result.before = {change.name: change.before or "" for change in farewell.changes}
    result.warnings = farewell.warnings
    if result.plan and not check:
        _act(wanted, farewell, driver, files, commands, service)
    if not check:
        policy.restore(files)
    return result


def _look(
    wanted: Wanted,
    system: System,
    driver: Driver,
    installed: Dict[str, Package],
    files: Files,
    commands: Commands,
    service: Service,
) -> Farewell:
    family = _family(wanted.kind, system)
    beside = next(kind for kind in _UNITS if kind != wanted.kind)
    if commands.find(_PROGRAMS[beside]) is None:
        beside = ""
    memories = {
        part: Memory(files, part).recall()
        for part in parts(files)
        if part not in wanted.leave and not (beside and _is_anothers(part, wanted.kind))
    }
    kept: Dict[str, Document] = {part: {} for part in memories}
    if beside and _PACKAGES in memories:
        names = _names(beside, system)
        memories[_PACKAGES], kept[_PACKAGES] = _parted(memories[_PACKAGES], names, wanted.kind == PODMAN)
    # What a run that was killed had no more time for: needed by nobody, and held by us.
    left = set(_listed(memories.get(_PACKAGES, {}), "held")) & driver.automatic()
    there = [name for name, package in installed.items() if name in left or _is_of(family, name, package.version)]
    choice, changes = _transaction(driver, there) if there else (Choice({}, (), {}), [])
    going = {change.name for change in changes}
    is_docker = wanted.kind != PODMAN
    foreign = is_docker and not there and commands.find("dockerd") is not None
    runs = is_docker and bool(there) and service.pid() is not None
    residues = driver.residues() if wanted.purge else []
    listed = [path for document in memories.values() for path in _listed(document, "files")]
    if is_docker or not beside:
        listed += [path for path in repository.OURS if path not in listed]
    units = [unit for document in memories.values() for unit in _listed(document, "units")]
    gone_with = {"containerd.service": set(CONTAINERDS)}
    services = [unit for unit in _UNITS[wanted.kind] if going & gone_with.get(unit, going)]
    farewell = Farewell(
        choice=choice,
        changes=changes,
        residues=[name for name in residues if name in family],
        containers=stopping.running(service.socket_path) if runs and service.answer() else [],
        units=[unit for unit in units if files.standing(f"/etc/systemd/system/{unit}")],
        services=[unit for unit in services if system.manager == SYSTEMD and stopping.is_active(commands, unit)],
        files=[path for path in listed if files.standing(path)],
        sources=repository.plan_return(
            files, [one for one in repository.plan_absence(files) if one.path in listed], _CAUSE
        ),
        memories=kept,
        data=data.roots(files, wanted.kind, "containerd" not in set(installed) - going) if wanted.purge else [],
        group="docker" if wanted.purge and is_docker and data.has_group(files, "docker") else "",
        runs=runs,
    )
    for path in farewell.data:
        if others := data.left(files, path):
            farewell.warnings.append(f"{path} stays, with what is not the engine's in it: {', '.join(others)}")
    if foreign:
        farewell.warnings.append("the engine here came without a package: it is not the role's to remove, and stays")
    return farewell


def _is_anothers(part: str, kind: str) -> bool:
    """Tell whether a part is about the other engine, where both are here."""
    return part != _PACKAGES and (part == PODMAN) != (kind == PODMAN)


def _parted(document: Document, names: Collection[str], with_files: bool) -> Tuple[Document, Document]:
    """Return what of the packages' part goes, and what stays: what these names hold, or also the files."""
    held = _listed(document, "held")
    going: Document = {"held": [name for name in held if name not in names]}
    staying: Document = {"held": [name for name in held if name in names]}
    (staying if with_files else going)["files"] = _listed(document, "files")
    return going, {key: value for key, value in staying.items() if value}


def _names(kind: str, system: System) -> Dict[str, Recipe]:
    """Return all names that packages of an engine have, whatever their source, with what they are part of."""
    sources = ("podman",) if kind == PODMAN else ("distro", "docker")
    recipes = [RECIPES[key] for key in ((system.packages, source) for source in sources) if key in RECIPES]
    return {name: recipe for recipe in recipes for name in (recipe.engine, *recipe.together, *recipe.held)}


def _family(kind: str, system: System) -> Dict[str, Recipe]:
    """Return the names of packages that go with an engine."""
    # Others run containers with containerd too: it goes where nobody needs it any more.
    return {name: recipe for name, recipe in _names(kind, system).items() if name != "containerd"}


def _is_of(family: Dict[str, Recipe], name: str, version: str) -> bool:
    return name in family and choosing.is_part(family[name], name, version)


def _transaction(driver: Driver, names: Sequence[str]) -> Tuple[Choice, List[Change]]:
    """Return the removal of packages, and of what only they needed. Raises ProvisionError where others need them."""
    engine = Choice({}, tuple(names), {})
    needless = driver.needless(engine)
    choice = Choice({}, (*names, *needless), dict.fromkeys(needless, "nobody needs it any more"))
    changes = driver.simulate(choice)
    others = [change.name for change in changes if change.name not in choice.removals]
    if others:
        raise ProvisionError(
            f"{', '.join(others)} cannot be there without {', '.join(names)}: remove them first, which is not"
            " the role's to do"
        )
    return choice, changes


def _listed(document: Dict[str, object], key: str) -> List[str]:
    """Return what a part has written down for its removal. What is no list has another meaning there."""
    found = document.get(key)
    return [str(entry) for entry in found] if isinstance(found, list) else []


def _stop(farewell: Farewell, files: Files, commands: Commands, service: Service) -> None:
    for container, _name in farewell.containers:
        stopping.stop(service.socket_path, container)
    stopping.stop_services(files, commands, farewell.services or (["dockerd"] if farewell.runs else []))


def _act(
    wanted: Wanted, farewell: Farewell, driver: Driver, files: Files, commands: Commands, service: Service
) -> None:
    for unit in farewell.units:
        commands.run("systemctl", "disable", "--now", unit)
    _stop(farewell, files, commands, service)
    leaving = [*farewell.choice.removals, *farewell.residues]
    if leaving:
        held = [name for name, package in driver.installed().items() if package.held and name in leaving]
        if held:
            driver.hold(held, held=False)
        with policy.services_left_alone(files):
            driver.act(Choice({}, tuple(leaving), {}), purge=wanted.purge)
    for path in farewell.files:
        files.remove(path)
    repository.write(files, farewell.sources)
    for part, document in farewell.memories.items():
        Memory(files, part).keep(document)
    if files.standing("/run/systemd/system"):
        commands.run("systemctl", "daemon-reload")
    for path in farewell.data:
        data.remove(files, commands, path)
    if farewell.group and data.has_group(files, farewell.group):
        commands.succeed("groupdel", farewell.group)
