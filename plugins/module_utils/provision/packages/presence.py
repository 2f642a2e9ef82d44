# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use case: an engine's packages are there, from one source, in one version, held or not.

Knows the order: look, refuse, plan by what apt says of the transaction, and unless it only checks, let that go on.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ..commands import Commands
from ..errors import ProvisionError
from ..files import Files
from ..memory import Memory, parts
from ..service import Service
from ..steps import Step
from ..system import APT, SYSTEMD, System, observe_system
from . import answers, choosing, policy, preflight, repository, stopping
from .apt import Apt, is_stale
from .catalogue import CONTAINERDS, PROGRAMS, RECIPES, Recipe
from .dnf import Dnf
from .drivers import Driver, FetchError, Transaction
from .model import ARCHIVE, AUTO, DOCKER, OTHER, PODMAN, Change, Choice, Offer, Package, Result, Wanted

_PROGRAMS = ("dockerd", "docker", "podman", *PROGRAMS.values())
_OFFERED = 20
_MEMORY = "packages"
_NOTHING = Choice({}, (), {})


@dataclass
class Host:
    """The host as far as its packages go."""

    files: Files
    commands: Commands
    system: System
    driver: Driver
    installed: Dict[str, Package]
    programs: List[str]
    held_by_us: List[str]  # as far as we remember

    @property
    def broken(self) -> List[str]:
        """The packages that dpkg was interrupted in."""
        return sorted(name for name, package in self.installed.items() if not package.whole)


@dataclass
class Plan:
    """What is to be done with packages."""

    choice: Choice
    changes: List[Change]
    steps: List[Step]
    release: str
    offered: List[str]
    returnable: Dict[str, str] = field(default_factory=dict)
    trouble: str = ""
    repair: bool = False
    begun: Optional[Transaction] = None  # the transaction itself, where it is not only simulated
    hold: List[str] = field(default_factory=list)
    keep: List[str] = field(default_factory=list)
    unhold: List[str] = field(default_factory=list)
    stops: List[str] = field(default_factory=list)  # services of an engine that gives way


def provide(wanted: Wanted, check: bool, files: Files, commands: Commands) -> Result:
    """Have the packages, or plan it. Raises ProvisionError before anything is changed, or with what a manager said."""
    host = look(wanted, files, commands)
    known = parts(files)
    if host is None:
        return Result([], OTHER, parts=known)
    source = preflight.source_of(wanted, host.installed, host.programs, host.system)
    recipe = preflight.recipe_of(wanted, source, host.system)
    preflight.refuse_beside(wanted, source, host.installed, host.programs)
    changes = _source_files(host, wanted, source, recipe)
    back = repository.plan_return(files, changes, "engine_source is not docker any more")
    with contextlib.ExitStack() as scratch:
        plan, driver = _prepare(host, wanted, source, recipe, changes, check, scratch)
        steps = [*(change.step for change in (*changes, *back)), *plan.steps]
        result = _result(steps, source, host, recipe, plan)
        result.parts = known
        if source == ARCHIVE and not check and wanted.archive and not wanted.archive.folder:
            names = {f"{change.name} {change.after}" for change in plan.changes}
            offers = wanted.archive.offers
            result.needed = [offer["Filename"] for offer in offers if f"{offer['Package']} {offer['Version']}" in names]
        if not check and not result.needed:
            repository.write(files, [*(change for change in changes if change.after is None), *back])
            _act(host, driver, plan)
    return result


def look(wanted: Wanted, files: Files, commands: Commands) -> Host | None:
    """Look at the host, and refuse what it cannot have; None where an engine is there that nobody can add to."""
    system = observe_system(files, commands)
    programs = [program for program in _PROGRAMS if commands.find(program)]
    extras = (*wanted.packages, *wanted.runtimes, wanted.version)
    if not system.packages and wanted.source == AUTO and "dockerd" in programs and not any(extras):
        return None
    preflight.refuse_host(system, os.geteuid() == 0, sys.platform)
    preflight.refuse(wanted, system)
    driver = driver_of(system, files, commands, wanted.lock_timeout)
    held = Memory(files, _MEMORY).recall().get("held") or []
    return Host(files, commands, system, driver, driver.installed(), programs, held)


def driver_of(system: System, files: Files, commands: Commands, lock_timeout: float) -> Driver:
    """Return the driver of a host's package manager."""
    return (Apt if system.packages == APT else Dnf)(files, commands, lock_timeout)


def _source_files(host: Host, wanted: Wanted, source: str, recipe: Recipe) -> List[repository.FileChange]:
    """Return how the source files have to change. Who did not ask for a source keeps what is there."""
    if source == DOCKER and wanted.source == AUTO and recipe.engine in host.installed:
        return []
    if wanted.kind == PODMAN and RECIPES[host.system.packages, DOCKER].engine in host.installed:
        # Docker's engine stays beside it, and is upgraded from there.
        return []
    if source != DOCKER:
        return repository.plan_absence(host.files)
    release = repository.observe_os_release(host.files)
    place = repository.place_of(wanted, host.system, release)
    architecture = host.driver.architecture()
    repository.refuse_architecture(host.system, release, architecture)
    return repository.plan_presence(host.files, wanted, place, host.system, architecture)


def _prepare(
    host: Host,
    wanted: Wanted,
    source: str,
    recipe: Recipe,
    changes: List[repository.FileChange],
    check: bool,
    scratch: contextlib.ExitStack,
) -> Tuple[Plan, Driver]:
    """Know what can be had, and plan. Where that fails, the source files are as they were."""
    lacks = choosing.lacking(recipe, wanted, host.installed, host.programs, source)
    settled = choosing.is_settled(recipe, wanted, host.installed, lacks, source)
    adds = [change for change in changes if change.after is not None]
    if settled and not adds:
        return _planned(host, wanted, recipe, source, host.driver, None), host.driver
    driver = host.driver
    if source == ARCHIVE:
        driver = scratch.enter_context(driver.of_archive(wanted.archive.offers, wanted.archive.folder))  # type: ignore[union-attr]
        plan = _planned(host, wanted, recipe, source, driver, lacks)
        driver.see_that_it_fits(plan.changes)
        return plan, driver
    stale = not settled and is_stale(driver.fetched(), driver.sources_changed(), wanted.cache_valid)
    if check and (stale or adds):
        driver = scratch.enter_context(driver.of_sources(changes))
    if not check:
        repository.write(host.files, adds)
    try:
        trouble = _fetch(driver, adds, stale)
        # What dpkg has to mend first is not there to begin with.
        begins = None if check or host.broken else scratch
        plan = _planned(host, wanted, recipe, source, driver, None if settled else lacks, trouble, begins)
        driver.see_that_it_fits(plan.changes, fetched=plan.begun is not None)
    except ProvisionError:
        if not check:
            repository.put_back(host.files, adds)
        raise
    return plan, driver


def _fetch(driver: Driver, adds: Sequence[repository.FileChange], stale: bool) -> str:
    """Fetch what is new by itself, and strictly: its failure is ours. All else as well as it goes.

    Returns what did not go well.
    """
    if adds:
        done = driver.update_ours()
        if done.code:
            raise ProvisionError(
                "the repository cannot be used, and the host's sources are as they were:"
                f" {answers.complaints(done.output)}"
            )
    if stale and (done := driver.update()).code:
        return f"not all lists of packages could be fetched: {answers.complaints(done.output)}"
    return ""


def _planned(
    host: Host,
    wanted: Wanted,
    recipe: Recipe,
    source: str,
    driver: Driver,
    lacks: Sequence[choosing.Lack] | None,
    trouble: str = "",
    begins: Optional[contextlib.ExitStack] = None,
) -> Plan:
    """Plan. ``lacks`` is None where nothing has to come or go; ``trouble`` is what may be the reason for a failure.

    ``begins`` is given where the transaction may begin, up to its first change; it is given up where that is left.
    """
    plan = Plan(_NOTHING, [], [], wanted.release, [], trouble=trouble)
    if lacks is not None:
        names = {name.package for lack in lacks for name in lack.names}
        names |= {*recipe.together, *recipe.held, *recipe.needs}
        offers = driver.offers(names, wanted.release)
        if recipe.engine in offers:
            plan.offered = list(offers[recipe.engine].versions[:_OFFERED])
        plan.returnable = choosing.returnable(host.installed, offers)
        try:
            plan.choice = choosing.choose(recipe, wanted, host.installed, lacks, offers, source)
            if plan.choice.requests or plan.choice.removals:
                _work_out(driver, plan, offers, recipe, begins)
        except ProvisionError as error:
            raise ProvisionError(f"{error}\n{trouble}".rstrip()) from error
        automatic = driver.automatic()
        plan.steps = choosing.steps_of(plan.changes, plan.choice, recipe, host.installed, automatic, host.held_by_us)
    _plan_stops(host, recipe, plan)
    _plan_repair(host, plan)
    _plan_holds(host, wanted, recipe, source, plan)
    return plan


def _work_out(
    driver: Driver, plan: Plan, offers: Mapping[str, Offer], recipe: Recipe, begins: Optional[contextlib.ExitStack]
) -> None:
    """Know what a transaction does, and of which release what it needs is. Where it may, it begins."""

    def attempt() -> None:
        begun = driver.begin(plan.choice, plan.release) if begins else None
        if begins is None or begun is None:
            plan.changes = driver.simulate(plan.choice, plan.release)
            return
        begins.callback(begun.give_up)
        plan.begun, plan.changes = begun, list(begun.changes)

    try:
        attempt()
    except FetchError:
        raise
    except ProvisionError:
        # A version of a release that is no source of usual installations: what it needs comes from there too.
        version = plan.choice.requests.get(recipe.engine, "")
        other = offers[recipe.engine].releases.get(version, "") if version else ""
        if plan.release or not other:
            raise
        plan.release = other
        attempt()


def _plan_stops(host: Host, recipe: Recipe, plan: Plan) -> None:
    """An engine that gives way to another is stopped first: its units would vanish below it, and its sockets with them.

    With live-restore its containers run on, and the next engine finds them.
    """
    going = {change.name for change in plan.changes if change.after is None}
    if not going & {*choosing.ENGINES}:
        return
    if host.system.manager == SYSTEMD:
        units = ["docker.socket", "docker.service", *(["containerd.service"] if going & set(CONTAINERDS) else [])]
        plan.stops = [unit for unit in units if stopping.is_active(host.commands, unit)]
    elif Service(files=host.files, commands=host.commands).pid() is not None:
        plan.stops = ["dockerd"]
    plan.steps[:0] = [Step("StopService", name, f"{recipe.engine} takes its place") for name in plan.stops]


def _plan_repair(host: Host, plan: Plan) -> None:
    """What dpkg was interrupted in is finished first, where there is anything to do with packages."""
    if host.broken and plan.steps:
        plan.repair = True
        plan.steps.insert(0, Step("RepairPackages", ", ".join(host.broken), "their installation was interrupted"))


def _plan_holds(host: Host, wanted: Wanted, recipe: Recipe, source: str, plan: Plan) -> None:
    """Which packages are to be held at their version, or let go again where we held them."""
    versions: Dict[str, Optional[str]] = {name: package.version for name, package in host.installed.items()}
    versions.update({change.name: change.after for change in plan.changes})
    there = {name for name, version in versions.items() if version and choosing.is_part(recipe, name, version)}
    held = {name for name, package in host.installed.items() if package.held}
    if source == OTHER:
        return
    if wanted.hold:
        plan.hold = [name for name in recipe.held if name in there and name not in held]
        # A hold may get lost where a held package is changed; it is set anew without a word.
        plan.keep = [name for name in recipe.held if name in there and name in held]
    else:
        plan.unhold = [name for name in host.held_by_us if name in there and name in held]
        plan.keep = [name for name in recipe.held if name in there and name in held and name not in host.held_by_us]
    plan.steps += [Step("HoldPackage", name, "engine_hold") for name in plan.hold]
    plan.steps += [Step("UnholdPackage", name, "engine_hold is off") for name in plan.unhold]


def _act(host: Host, driver: Driver, plan: Plan) -> None:
    """Do what was planned."""
    if plan.choice.requests or plan.choice.removals:
        stopping.stop_services(host.files, host.commands, plan.stops)
        try:
            with policy.services_left_alone(host.files):
                if plan.begun is not None:
                    plan.begun.go()
                else:
                    driver.act(plan.choice, plan.release, repair=plan.repair)
        except ProvisionError:
            stopping.start_services(host.files, host.commands, plan.stops)
            raise
    elif policy.is_left_over(host.files):
        policy.restore(host.files)
    hold = [*plan.hold, *(plan.keep if plan.changes else ())]
    ours = [name for name in {*host.held_by_us, *plan.hold} if name not in plan.unhold]
    # Noted first: a hold that nobody remembers would never be lifted.
    files = [path for path in repository.OURS if host.files.standing(path)]
    Memory(host.files, _MEMORY).keep({key: value for key, value in (("held", sorted(ours)), ("files", files)) if value})
    if hold:
        host.driver.hold(hold, held=True)
    if plan.unhold:
        host.driver.hold(plan.unhold, held=False)


def _result(steps: List[Step], source: str, host: Host, recipe: Recipe, plan: Plan) -> Result:
    versions = {name: package.version for name, package in host.installed.items()}
    before = {change.name: change.before for change in plan.changes if change.before}
    after = {change.name: change.after for change in plan.changes if change.after}
    for change in plan.changes:
        versions.pop(change.name, None)
    versions.update(after)
    ours = {*recipe.held, *recipe.together, recipe.engine, *plan.choice.requests}
    packages = {name: version for name, version in sorted(versions.items()) if name in ours}
    warnings = [plan.trouble] if plan.trouble else []
    return Result(steps, source, before, after, packages, plan.offered, plan.returnable, [], warnings)
