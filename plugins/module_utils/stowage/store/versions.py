# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stored, as values, and the same as documents.

Knows what belongs into a record and what makes one unfit; knows neither files nor the manifest's own rules. Documents
that are not as they were rendered raise ValueError.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Mapping, Optional, Tuple, Type, TypeVar, Union

PENDING = "pending"
OUTCOMES = (PENDING, "done", "failed")
DEEPEST = 200  # levels of a manifest: less than what JSON takes from any depth of calls

_SECTIONS = ("images", "networks", "volumes", "containers")
_T = TypeVar("_T")


@dataclass(frozen=True)
class KeptImage:
    """What a reference stood for. ``brought``: this host got it by a plan of ours."""

    id: str
    brought: bool


@dataclass(frozen=True)
class Version:
    """One declaration of one scope, and what came of it.

    ``manifest`` is the scope's part alone, without logins; ``files`` the digests of the contents it needs; ``plan`` the
    lines carried out; ``finished_at`` when its outcome was noted.
    """

    scope: str
    number: int
    manifest: Mapping[str, Any]
    declared_at: float
    by: str
    images: Mapping[str, KeptImage] = field(default_factory=dict)
    files: Tuple[str, ...] = ()
    plan: Tuple[str, ...] = ()
    outcome: str = PENDING
    message: str = ""
    seconds: float = 0.0
    finished_at: float = 0.0


@dataclass(frozen=True)
class Pause:
    """A scope is left alone until then."""

    until: float
    by: str
    reason: str = ""
    since: float = 0.0


@dataclass(frozen=True)
class Standing:
    """What the store knows of one scope. ``version`` is None where it is damaged, and ``damage`` says why."""

    scope: str
    version: Optional[Version]
    damage: str = ""
    pause: Optional[Pause] = None


@dataclass(frozen=True)
class Index:
    """Which version of a scope is the current one, and the checksums of the files of all that are kept."""

    scope: str
    number: int
    checksums: Mapping[int, str]
    pause: Optional[Pause] = None


def render_version(version: Version) -> Dict[str, Any]:
    """Return the record's document."""
    images = {name: {"id": image.id, "brought": image.brought} for name, image in version.images.items()}
    return {
        "scope": version.scope,
        "number": version.number,
        "declared_at": version.declared_at,
        "by": version.by,
        "outcome": version.outcome,
        "message": version.message,
        "seconds": version.seconds,
        "finished_at": version.finished_at,
        "plan": list(version.plan),
        "images": images,
        "files": list(version.files),
        "manifest": version.manifest,
    }


def parse_version(document: Any) -> Version:
    """Read a record's document."""
    outcome = _get(document, "outcome", str)
    if outcome not in OUTCOMES:
        raise _unfit("outcome")
    return Version(
        scope=_get(document, "scope", str),
        number=_number(_get(document, "number", int)),
        manifest=_get(document, "manifest", dict),
        declared_at=_time(document, "declared_at"),
        by=_get(document, "by", str),
        images={
            name: KeptImage(_get(image, "id", str), _get(image, "brought", bool))
            for name, image in _get(document, "images", dict).items()
        },
        files=_texts(document, "files"),
        plan=_texts(document, "plan"),
        outcome=outcome,
        message=_get(document, "message", str),
        seconds=_time(document, "seconds"),
        finished_at=_time(document, "finished_at"),
    )


def render_index(index: Index) -> Dict[str, Any]:
    """Return the index's document."""
    pause = index.pause
    return {
        "scope": index.scope,
        "number": index.number,
        "versions": {str(number): index.checksums[number] for number in sorted(index.checksums)},
        "pause": None
        if pause is None
        else {"until": pause.until, "by": pause.by, "reason": pause.reason, "since": pause.since},
    }


def parse_index(document: Any) -> Index:
    """Read an index's document."""
    number = _number(_get(document, "number", int))
    versions = _get(document, "versions", dict)
    checksums = {_number(int(key)): _get(versions, key, str) for key in versions}
    if number not in checksums:
        raise _unfit("versions")
    pause = document.get("pause")
    if pause is not None:
        pause = Pause(
            until=_time(pause, "until"),
            by=_get(pause, "by", str),
            reason=_get(pause, "reason", str),
            since=_time(pause, "since"),
        )
    return Index(_get(document, "scope", str), number, checksums, pause)


def without_logins(manifest: Mapping[str, Any]) -> Dict[str, Any]:
    """The manifest as it may be kept. Raises ValueError for one that could not be read again."""
    kept = {key: value for key, value in manifest.items() if key != "registries"}
    level: List[Any] = [kept]
    for _depth in range(DEEPEST):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return kept
    raise ValueError(f"it is nested deeper than {DEEPEST} levels")


def merged(before: Mapping[str, Any], manifest: Mapping[str, Any]) -> Dict[str, Any]:
    """The later declaration of an object takes the place of the earlier one; one of its state alone, that state's."""
    result = {**before, **manifest}
    for section in _SECTIONS:
        objects = dict(_mapping(before.get(section)))
        for name, later in _mapping(manifest.get(section)).items():
            known = objects.get(name)
            state_only = isinstance(later, dict) and set(later) == {"state"} and later["state"] != "absent"
            objects[name] = {**known, **later} if state_only and isinstance(known, dict) else later
        if objects:
            result[section] = objects
    return result


def finished_alike(version: Version, other: Version) -> bool:
    """Whether the same came of both, at whatever time."""
    return replace(version, finished_at=0.0) == replace(other, finished_at=0.0)


def says_nothing_new(wanted: Version, current: Version) -> bool:
    """Whether a declaration is what holds already. Images count where it names what they are to be."""
    images = {name: image.id for name, image in wanted.images.items()}
    return (
        wanted.files == current.files
        and (not images or images == {name: image.id for name, image in current.images.items()})
        and _in_order(wanted.manifest) == _in_order(current.manifest)
    )


def _in_order(manifest: Mapping[str, Any]) -> str:
    """As text, since True and 1 are equal as values."""
    return json.dumps(manifest, sort_keys=True)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _inside(value: Any) -> List[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple)) else []


def _get(document: Any, key: str, kind: Type[_T]) -> _T:
    value = document.get(key) if isinstance(document, dict) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _unfit(key)
    return value


def _time(document: Any, key: str) -> float:
    value: Union[int, float, None] = document.get(key) if isinstance(document, dict) else None
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _unfit(key)
    return value


def _texts(document: Any, key: str) -> Tuple[str, ...]:
    values = tuple(_get(document, key, list))
    if not all(isinstance(value, str) for value in values):
        raise _unfit(key)
    return values


def _number(value: int) -> int:
    if value < 1:
        raise _unfit("number")
    return value


def _unfit(key: str) -> ValueError:
    return ValueError(f"its {key} is not what stowage writes")
