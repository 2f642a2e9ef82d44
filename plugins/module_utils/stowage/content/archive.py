# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image archive holds, read without the engine.

Knows both layouts of ``docker save``: ``manifest.json`` (image spec 1.2 of docker, still written by
every engine) and the OCI layout (``index.json``), alone where an archive comes from other tools.
Nothing is unpacked; of a foreign file only small JSON documents are read.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from . import ContentError

MAX_DOCUMENT = 8 << 20
MAX_MEMBERS = 100_000
_MAX_DEPTH = 4


class ArchivedImage(NamedTuple):
    """One image: its configuration's digest (the classic store's id), diff ids in order, names."""

    id: str
    layers: Tuple[str, ...]
    tags: Tuple[str, ...]


class Archive(NamedTuple):
    """All images of one archive. ``digest`` identifies them and their names, not the bytes of the file."""

    images: Tuple[ArchivedImage, ...]
    digest: str

    @property
    def tags(self) -> Tuple[str, ...]:
        """Every name in the archive."""
        return tuple(tag for image in self.images for tag in image.tags)

    def image(self, reference: str) -> ArchivedImage:
        """The image of that name, or the only one. Raises ContentError where neither is there."""
        for image in self.images:
            if reference in image.tags:
                return image
        if len(self.images) == 1:
            return self.images[0]
        raise ContentError(
            f"the archive holds no image named {reference}; it holds {', '.join(self.tags) or 'no names'}"
        )


def read_archive(path: str) -> Archive:
    """Read an archive made by ``docker save`` (plain, or compressed with gzip, bzip2 or xz)."""
    import tarfile

    try:
        with tarfile.open(path, "r:*") as tar:
            members = _Members(tar, path)
            images = _docker_images(members) if "manifest.json" in members else _oci_images(members)
    except (OSError, EOFError, tarfile.TarError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ContentError(f"{path}: no readable image archive: {reason}") from error
    if not images:
        raise ContentError(f"{path}: the archive holds no image")
    record = json.dumps(sorted(images), separators=(",", ":"))
    return Archive(tuple(images), "sha256:" + hashlib.sha256(record.encode()).hexdigest())


class _Members:
    """The archive's JSON documents, by name."""

    def __init__(self, tar: Any, path: str) -> None:
        self._tar = tar
        self.path = path
        self._members: Dict[str, Any] = {}
        for member in tar:
            name = member.name.removeprefix("./")
            self._members[name] = member
            if len(self._members) > MAX_MEMBERS:
                raise ContentError(f"{path}: more than {MAX_MEMBERS} files; this is no image archive")

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def content(self, name: str) -> bytes:
        member = self._members.get(name)
        if member is None or not member.isfile():
            raise ContentError(f"{self.path}: not a complete image archive: {name} is missing")
        if member.size > MAX_DOCUMENT:
            raise ContentError(f"{self.path}: {name} is too large for an image's description")
        return bytes(self._tar.extractfile(member).read())

    def document(self, name: str) -> Any:
        try:
            return json.loads(self.content(name))
        except ValueError as error:
            raise ContentError(f"{self.path}: {name} is no JSON document") from error

    def blob(self, digest: str) -> str:
        algorithm, _colon, value = digest.partition(":")
        return f"blobs/{algorithm}/{value}"


def _docker_images(members: _Members) -> List[ArchivedImage]:
    images: List[ArchivedImage] = []
    for entry in _mappings(members.document("manifest.json")):
        tags = tuple(str(tag) for tag in entry.get("RepoTags") or ())
        images.append(_image(members, str(entry.get("Config") or ""), tags))
    return images


def _oci_images(members: _Members) -> List[ArchivedImage]:
    if "index.json" not in members:
        raise ContentError(f"{members.path}: neither manifest.json nor index.json: this is no image archive")
    images: Dict[str, ArchivedImage] = {}
    for descriptor in _mappings(_mapping(members.document("index.json")).get("manifests")):
        notes = _mapping(descriptor.get("annotations"))
        name = notes.get("io.containerd.image.name") or notes.get("org.opencontainers.image.ref.name")
        config = _config_of(members, descriptor, _MAX_DEPTH)
        if config is None:
            continue
        image = _image(members, members.blob(config), (str(name),) if name else ())
        before = images.get(image.id)
        tags = (before.tags if before else ()) + image.tags
        images[image.id] = image._replace(tags=tags)
    return list(images.values())


def _config_of(members: _Members, descriptor: Mapping[str, Any], depth: int) -> Optional[str]:
    """The digest of the configuration a descriptor leads to; the first platform whose blobs are there."""
    name = members.blob(str(descriptor.get("digest") or ""))
    if depth == 0 or name not in members:
        return None  # `docker save` of one platform keeps the others in the index, without their blobs
    document = _mapping(members.document(name))
    if "config" in document:
        return str(_mapping(document["config"]).get("digest") or "")
    for child in _mappings(document.get("manifests")):
        if _mapping(child.get("platform")).get("architecture") == "unknown":
            continue  # an attestation
        config = _config_of(members, child, depth - 1)
        if config is not None:
            return config
    return None


def _image(members: _Members, config: str, tags: Tuple[str, ...]) -> ArchivedImage:
    content = members.content(config)
    layers = _mapping(_mapping(members.document(config)).get("rootfs")).get("diff_ids")
    if not isinstance(layers, list):
        raise ContentError(f"{members.path}: {config} names no layers")
    return ArchivedImage("sha256:" + hashlib.sha256(content).hexdigest(), tuple(str(layer) for layer in layers), tags)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> List[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
