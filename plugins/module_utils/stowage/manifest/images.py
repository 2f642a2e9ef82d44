# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section ``images``: names, and for each at most one way to come by it.

Knows the keys of an image entry. What a context holds was hashed by whoever read it.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import BadReference, Problem
from ..model.desired import ABSENT, PRESENT, Archive, Build, Container, Image
from ..reference import familiar
from ..service.devices import ulimits
from ..service.process import extra_hosts
from ..service.shapes import BAD, boolean, list_of, name, refuse, size, strings, text
from ..service.shapes import Reader as Shape
from ..service.units import parse_duration
from .reader import Reader, join

WAYS = ("build", "load", "tag_of")
KEYS = ("state", "pull", "platform", "push", *WAYS)
PULLS = ("missing", "always", "never")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


def _tag(value: Any, path: str, problems: List[Problem]) -> Any:
    found = name(value, path, problems)
    try:
        return BAD if found is BAD else familiar(found)
    except BadReference as error:
        return refuse(path, str(error), problems)


# compose's build section; docs: compose-spec, build.md.
_texts = list_of(name)
_BUILD_READERS: Mapping[str, Shape] = {
    "context": name,
    "dockerfile": name,
    "dockerfile_inline": text,
    "args": strings(absent=None),
    "labels": strings(),
    "target": name,
    "network": name,
    "cache_from": _texts,
    "extra_hosts": extra_hosts,
    "shm_size": size(),
    "no_cache": boolean,
    "no_cache_filter": _texts,
    "pull": boolean,
    "isolation": name,
    "ulimits": ulimits,
    "secrets": _texts,
    "ssh": _texts,
    "cache_to": _texts,
    "tags": list_of(_tag),
    "platforms": _texts,
    "privileged": boolean,
    "additional_contexts": strings(),
    "entitlements": _texts,
}
ONLY_BUILDKIT = ("secrets", "ssh", "cache_to", "platforms", "additional_contexts", "entitlements", "no_cache_filter")
OURS = ("builder", "remote_src", "digest", "archive")


def parse_images(reader: Reader) -> Tuple[Image, ...]:
    """Each entry as an Image, under its familiar name with a tag."""
    images: Dict[str, Image] = {}
    for key, _value in reader.items():
        entry = reader.reader(key)
        name = _name(key, entry)
        if name in images:
            entry.problem(f"names the same image as {images[name].path}")
        images[name] = _parse_image(name, entry)
    return tuple(images.values())


def implied_images(
    containers: Sequence[Container], declared: Sequence[Image], problems: List[Problem]
) -> Tuple[Image, ...]:
    """An Image for each name that only containers mention; the eagerest pull policy wins.

    What a container says of an image that is declared on its own must not say otherwise than that.
    """
    known = {image.reference: image for image in declared}
    implied: Dict[str, Image] = {}
    for container in containers:
        name = str(container.definition.get("image") or "")
        if container.state == ABSENT or not name:
            continue
        platform = str(container.definition.get("platform") or "")
        other = known.get(name) or implied.get(name)
        if other is not None and platform != other.platform and (platform or name in implied):
            words = f"{other.path} wants the same name for {other.platform or 'the platform of the host'}"
            problems.append(Problem(f"{container.path}.platform", words))
        if name in known:
            if not _agrees(container.definition.get("pull_policy"), known[name]):
                words = f"{name} is declared at {known[name].path}; say there how it is come by"
                problems.append(Problem(f"{container.path}.pull_policy", words))
            continue
        pull, every = _pull_policy(container, problems)
        if other is not None and (PULL_RANK[other.pull], -other.every) >= (PULL_RANK[pull], -every):
            continue
        implied[name] = Image(name, f"{container.path}.image", pull=pull, every=every, platform=platform)
    return tuple(implied.values())


def _agrees(policy: Optional[str], image: Image) -> bool:
    """Whether a container's pull policy, if it has one, is what the image's own declaration comes to."""
    if policy == "build":
        return image.build is not None
    return policy is None or {"if_not_present": "missing"}.get(policy, policy) == image.pull


PULL_RANK = {"missing": 0, "never": 1, "always": 2}


def _pull_policy(container: Container, problems: List[Problem]) -> Tuple[str, float]:
    """How to pull, and for how many seconds the registry need not be asked again (compose spec, "pull_policy")."""
    policy = str(container.definition.get("pull_policy") or "missing")
    if policy in ("if_not_present", "missing"):
        return "missing", 0.0
    if policy in PULLS:
        return policy, 0.0
    if policy == "refresh":
        after = container.definition.get("pull_refresh_after")
        return "always", parse_duration(str(after)) / 1e9 if after else 0.0
    if policy in _EVERY or policy.startswith("every_"):
        return "always", _EVERY.get(policy) or _seconds(policy[len("every_") :])
    problems.append(Problem(f"{container.path}.pull_policy", f"{policy!r} is none of: {', '.join(PULLS)}"))
    return "missing", 0.0


def _seconds(duration: str) -> float:
    """Compose's own durations, which know days and weeks: ``1w2d``, ``12h30m``."""
    return float(sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([wdhms])", duration)))


_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_EVERY = {"daily": 86400.0, "weekly": 604800.0}


def _name(key: str, entry: Reader) -> str:
    try:
        return familiar(key)
    except BadReference as error:
        entry.problem(str(error))
        return key


def _parse_image(name: str, entry: Reader) -> Image:
    entry.only(KEYS)
    ways = [way for way in WAYS if entry.document.get(way) is not None]
    if len(ways) > 1:
        entry.problem(f"{' and '.join(ways)} exclude each other: an image comes from one place")
    if ways and entry.document.get("pull") is not None:
        entry.problem(f"pull and {ways[0]} exclude each other", "pull")
    state = entry.text("state", PRESENT, (PRESENT, ABSENT))
    if state == ABSENT:
        return Image(name, entry.path, state)  # the rest may stay in place, unread
    tag_of = entry.text("tag_of")
    return Image(
        reference=name,
        path=entry.path,
        pull=entry.text("pull", "missing", PULLS),
        platform=entry.text("platform"),
        build=_parse_build(entry.reader("build")) if "build" in ways else None,
        load=_parse_load(entry.reader("load")) if "load" in ways else None,
        tag_of=_name(tag_of, entry) if tag_of else "",
        push=entry.flag("push"),
    )


def _parse_build(entry: Reader) -> Build:
    document: Mapping[str, Any] = entry.document
    entry.only((*_BUILD_READERS, *OURS))
    builder = entry.text("builder", "classic", ("classic", "buildkit"))
    if builder == "classic":
        for key in ONLY_BUILDKIT:
            if document.get(key):
                entry.problem("needs builder: buildkit", key)
    if not document.get("context"):
        entry.problem("a build needs its context: a folder")
    if document.get("dockerfile") and document.get("dockerfile_inline"):
        entry.problem("dockerfile and dockerfile_inline exclude each other", "dockerfile_inline")
    options: Dict[str, Any] = {}
    for key, read in _BUILD_READERS.items():
        value = read(document[key], join(entry.path, key), entry.problems) if document.get(key) is not None else BAD
        if value is not BAD:
            options[key] = value
    if "args" in options:
        # A name alone takes its value from where the build is started; nothing is there to take it from.
        options["args"] = {key: value for key, value in options["args"].items() if value is not None}
    remote_src = entry.flag("remote_src")
    digest = _digest(entry)
    if document.get("context") and not remote_src and digest is None:
        entry.problem("a context on the controller comes with the digest of its files; is it meant to be remote_src?")
    return Build(options, builder, remote_src, digest, digest)


def _parse_load(entry: Reader) -> Archive:
    entry.only(("path", "remote_src", "digest", "layers"))
    if not entry.text("path"):
        entry.problem("an archive to load needs its path")
    layers: Optional[Tuple[str, ...]] = None
    if entry.document.get("layers") is not None:
        found = _texts(entry.document["layers"], join(entry.path, "layers"), entry.problems)
        layers = () if found is BAD else tuple(found)
    remote_src = entry.flag("remote_src")
    digest = _digest(entry)
    if entry.text("path") and not remote_src and (digest is None or layers is None):
        entry.problem("an archive on the controller comes with its digest and layers; is it meant to be remote_src?")
    return Archive(entry.text("path"), remote_src, digest, layers)


def _digest(entry: Reader) -> Optional[str]:
    digest = entry.text("digest")
    if digest and not DIGEST.match(digest):
        entry.problem("expected sha256: and 64 digits", "digest")
    return digest or None
