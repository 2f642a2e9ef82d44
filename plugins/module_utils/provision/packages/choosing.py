# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides which packages come and go, in which version. Pure: from what is wanted, there, and offered.

In two steps, as offers cost a look at the lists: `lacking` and `is_settled` tell whether there is anything to do,
`choose` what. What follows from that (dependencies) is the package manager's; `steps_of` puts its answer into words.
"""

from __future__ import annotations

from typing import Collection, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..errors import ProvisionError
from ..steps import Step
from ..versions import compare, fits, upstream
from .catalogue import BUILDX, CLIENT, COMPOSE, ENGINE, PROGRAMS, Name, Recipe
from .model import AUTO, LATEST, OTHER, Change, Choice, Offer, Package, Wanted

ENGINES = ("docker.io", "docker-ce", "moby-engine")
_NICE_TO_HAVE = ("fuse-overlayfs",)
Installed = Mapping[str, Package]
Offers = Mapping[str, Offer]


class Lack(NamedTuple):
    """Something wanted that is not there."""

    part: str
    names: Tuple[Name, ...]
    required: bool


def lacking(recipe: Recipe, wanted: Wanted, installed: Installed, programs: Collection[str], source: str) -> List[Lack]:
    """Return what is not there. ``programs`` are those of interest that the host finds, whoever brought them."""
    lacks: List[Lack] = []
    for part in _parts(wanted):
        names = recipe.parts.get(part, ())
        if not names and part == BUILDX:  # podman builds by itself
            continue
        if not any(_is_there(name, installed) for name in names) and not _by_program(
            part, recipe, installed, programs, source
        ):
            lacks.append(Lack(part, names, part not in recipe.contained))
    single = [(package, package not in _NICE_TO_HAVE) for package in recipe.rootless if wanted.rootless]
    single += [(package, True) for package in wanted.packages]
    if any(lack.part == ENGINE for lack in lacks):
        single += [(package, False) for package in recipe.companions]
    for package, required in single:
        if not _is_there(Name(package), installed):
            lacks.append(Lack(package, (Name(package),), required))
    return lacks


def _parts(wanted: Wanted) -> List[str]:
    asked = ((CLIENT, wanted.client), (COMPOSE, wanted.compose), (BUILDX, wanted.buildx))
    return [ENGINE, *(part for part, is_asked in asked if is_asked), *wanted.runtimes]


def _is_there(name: Name, installed: Installed) -> bool:
    package = installed.get(name.package)
    return package is not None and package.whole and _is_meant(name, package.version)


def _is_meant(name: Name, version: str) -> bool:
    return not name.least or compare(upstream(version), name.least) >= 0


def is_part(recipe: Recipe, name: str, version: str) -> bool:
    """Tell whether a package is one of the engine's: a docker-compose of before 2 is another program."""
    known = [other for names in recipe.parts.values() for other in names if other.package == name]
    return all(_is_meant(other, version) for other in known)


def _by_program(part: str, recipe: Recipe, installed: Installed, programs: Collection[str], source: str) -> bool:
    """Tell whether a part is there without a package of its own."""
    if part in PROGRAMS:
        return PROGRAMS[part] in programs
    if source == OTHER and part == ENGINE:
        return True
    if part == CLIENT and "docker" in programs:
        return source == OTHER or (part in recipe.contained and recipe.engine in installed)
    return False


def conflicting(recipe: Recipe, wanted: Wanted, installed: Installed, source: str) -> List[str]:
    """Return the packages that cannot be there beside the engine. An engine of somebody else's has no enemies."""
    if source == OTHER:
        return []
    return [
        name.package
        for name in (*recipe.conflicts, *(recipe.conflicts_rootless if wanted.rootless else ()))
        if name.package in installed and _is_meant(name, installed[name.package].version)
    ]


def is_settled(recipe: Recipe, wanted: Wanted, installed: Installed, lacks: Sequence[Lack], source: str) -> bool:
    """Tell whether there is nothing to do, without a look at what is offered."""
    if lacks or (wanted.source != AUTO and conflicting(recipe, wanted, installed, source)):
        return False
    if _astray(wanted, installed):
        return False
    if source == OTHER or not wanted.version:
        return True
    if wanted.version == LATEST:
        return False
    if recipe.engine in wanted.versions:
        return True
    free = [name for name in recipe.together if name in installed and name not in wanted.versions]
    return all(fits(installed[name].version, wanted.version) for name in free)


def choose(
    recipe: Recipe, wanted: Wanted, installed: Installed, lacks: Sequence[Lack], offers: Offers, source: str
) -> Choice:
    """Return what to ask for. Raises ProvisionError where something cannot be had, and tells what can."""
    requests: Dict[str, str] = {}
    causes: Dict[str, str] = {}
    target = "" if source == OTHER else _target(recipe, wanted, installed, offers)
    for lack in lacks:
        name = _available(lack, recipe, wanted, offers)
        if name is not None:
            requests[name] = _version_of(name, recipe, wanted, target, offers)
            causes[name] = "is missing"
        elif lack.required:
            raise ProvisionError(_not_offered(lack, recipe))
    if source != OTHER:
        for name, cause in _moving(recipe, wanted, installed, requests, target, offers).items():
            requests[name] = _version_of(name, recipe, wanted, target, offers)
            causes[name] = cause
    named = _astray(wanted, installed)
    if recipe.engine in requests:
        named.update({n: v for n, v in wanted.versions.items() if n in recipe.needs and n not in installed})
    enemies = conflicting(recipe, wanted, installed, source)
    for name, version in named.items():
        if name not in enemies:
            requests[name] = version
            causes[name] = "this very version is asked for"
    removals = enemies if requests or wanted.source != AUTO else []
    return Choice(requests, tuple(removals), {**causes, **dict.fromkeys(removals, f"conflicts with {recipe.engine}")})


def _astray(wanted: Wanted, installed: Installed) -> Dict[str, str]:
    """Return the packages that are there in another version than the one that is named for them alone."""
    return {n: v for n, v in wanted.versions.items() if n in installed and installed[n].version != v}


def returnable(installed: Installed, offers: Offers) -> Dict[str, str]:
    """Return the packages that are there and can be had in the very same version."""
    there = {name: installed[name].version for name in offers if name in installed}
    return {name: version for name, version in there.items() if version in offers[name].versions}


def _target(recipe: Recipe, wanted: Wanted, installed: Installed, offers: Offers) -> str:
    """Return the version that the engine is to have."""
    offer = offers.get(recipe.engine)
    present = installed.get(recipe.engine)
    asked = wanted.versions.get(recipe.engine, wanted.version)
    if present is not None and present.whole and _keeps(present.version, asked):
        return present.version
    if offer is None:
        raise ProvisionError(_nowhere(recipe.engine))
    known = ", ".join(offer.versions[:20])
    if asked not in ("", LATEST):
        target = next((version for version in offer.versions if fits(version, asked)), "")
    elif not (target := offer.candidate):
        raise ProvisionError(
            f"{recipe.engine} cannot be had: this host's pins (apt_preferences) let no version of it be taken by"
            f" itself. Name one in engine_version, or change the pins; there are {known}"
        )
    if not target:
        raise ProvisionError(f"{recipe.engine} cannot be had in version {asked}; what can be: {known}")
    if recipe.engine not in wanted.versions:
        _refuse_downgrade(recipe, wanted, installed, target)
    return target


def _keeps(version: str, asked: str) -> bool:
    return not asked or (asked != LATEST and fits(version, asked))


def _refuse_downgrade(recipe: Recipe, wanted: Wanted, installed: Installed, target: str) -> None:
    if wanted.allow_downgrade:
        return
    # Engines that share their data count as one, whoever made the package.
    for name in ENGINES if recipe.engine in ENGINES else (recipe.engine,):
        present = installed.get(name)
        if present is None:
            continue
        # Packages of different makers number their revisions each in its own way.
        pair = (target, present.version) if name == recipe.engine else (upstream(target), upstream(present.version))
        if compare(*pair) < 0:
            raise ProvisionError(
                f"{recipe.engine} {target} is older than what is installed ({name} {present.version}): set"
                " engine_allow_downgrade where that is meant"
            )


def _available(lack: Lack, recipe: Recipe, wanted: Wanted, offers: Offers) -> Optional[str]:
    for name in lack.names:
        offer = offers.get(name.package)
        if offer is None:
            continue
        version = wanted.versions.get(name.package, offer.candidate)
        if not version and name.package in recipe.together and wanted.version not in ("", LATEST):
            version = offer.versions[0]  # a version that is named can be had in spite of pins
        if version and _is_meant(name, version):
            return name.package
    return None


def _not_offered(lack: Lack, recipe: Recipe) -> str:
    if lack.part == ENGINE:
        return _nowhere(recipe.engine)
    names = " or ".join(name.package + (f" (from {name.least} on)" if name.least else "") for name in lack.names)
    advice = recipe.advice.get(lack.part) or "add a source that has it, or do not ask for it"
    return (
        f"{lack.part} cannot be had: no package {names or lack.part} in this host's sources, or none that its pins let"
        f" be taken. What to do: {advice}"
    )


def _nowhere(engine: str) -> str:
    return f"{engine} cannot be had: no such package in this host's sources. Check them, and engine_source"


def _version_of(name: str, recipe: Recipe, wanted: Wanted, target: str, offers: Offers) -> str:
    """Return the version to take of a package, given the engine's."""
    if name == recipe.engine or name in wanted.versions:
        return wanted.versions.get(name, target)
    offer = offers[name]
    if name not in recipe.together:
        return offer.candidate
    if target in offer.versions:
        return target
    akin = [version for version in offer.versions if upstream(version) == upstream(target)]
    if akin or wanted.version in ("", LATEST):
        return akin[0] if akin else offer.candidate
    raise ProvisionError(
        f"{name} cannot be had in the engine's version {target}; what can be: {', '.join(offer.versions[:20])}"
    )


def _moving(
    recipe: Recipe, wanted: Wanted, installed: Installed, requests: Mapping[str, str], target: str, offers: Offers
) -> Dict[str, str]:
    """Return the packages that are there and have to be of another version, with the reason.

    Those of which an exact version is named go by that alone.
    """
    moving: Dict[str, str] = {}
    present = {name: package.version for name, package in installed.items() if name not in requests}
    asked = "the newest is asked for" if wanted.version == LATEST else f"version {wanted.version} is asked for"
    asked_for = wanted.versions.get(recipe.engine, wanted.version)
    engine_moves = recipe.engine in requests or present.get(recipe.engine) not in (None, target)
    if present.get(recipe.engine) not in (None, target):
        moving[recipe.engine] = asked
    for name in recipe.together[1:]:
        if name not in present or name not in offers or name in wanted.versions:
            continue
        drifted = asked_for not in ("", LATEST) and not fits(present[name], asked_for)
        if (engine_moves or drifted) and _version_of(name, recipe, wanted, target, offers) not in ("", present[name]):
            moving[name] = f"goes with {recipe.engine} {target}"
    if wanted.version == LATEST:
        for name in (*recipe.held, *recipe.together):
            offer = offers.get(name)
            if name not in present or name in {*moving, *wanted.versions, recipe.engine}:
                continue
            if not (offer and offer.candidate):
                continue
            if compare(offer.candidate, present[name]) > 0:
                moving[name] = asked
    return moving


def steps_of(
    changes: Sequence[Change],
    choice: Choice,
    recipe: Recipe,
    installed: Installed,
    automatic: Collection[str],
    ours: Collection[str],
) -> List[Step]:
    """Put a transaction into words. Raises ProvisionError where it would take away what nobody spoke of.

    ``automatic`` are packages that are there only because others need them: these may give way. ``ours`` are those that
    we hold.
    """
    steps: List[Step] = []
    enemies = {name.package for name in recipe.conflicts} | set(choice.removals)
    unasked = [
        change.name for change in changes if change.after is None and change.name not in enemies | set(automatic)
    ]
    if unasked:
        raise ProvisionError(
            f"to have {', '.join(choice.requests) or 'no conflicts'} the host would lose {', '.join(unasked)}, which is"
            " not the role's to remove: remove it yourself where you can do without, or choose another engine_source"
        )
    held = [
        change.name
        for change in changes
        if change.name in installed
        and installed[change.name].held
        and change.name not in {*enemies, *ours, *choice.requests}
    ]
    if held:
        raise ProvisionError(f"{', '.join(held)} would have to change, and somebody holds it: apt-mark unhold it first")
    for change in sorted(changes, key=lambda one: (one.after is not None, one.name not in choice.requests, one.name)):
        cause = choice.causes.get(change.name, "gives way" if change.after is None else "is needed")
        if change.after is None:
            steps.append(Step("RemovePackage", f"{change.name} {change.before}", cause))
        elif change.before is None:
            steps.append(Step("InstallPackage", f"{change.name} {change.after}", cause))
        else:
            order = compare(change.after, change.before)
            verb = "UpgradePackage" if order > 0 else "DowngradePackage" if order < 0 else "ReinstallPackage"
            steps.append(Step(verb, f"{change.name} {change.before} -> {change.after}", cause))
    return steps
