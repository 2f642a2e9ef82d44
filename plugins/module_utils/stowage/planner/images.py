# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides how each image comes to be on the host, and what a name will stand for then.

Knows pulls, builds, archives and tags as causes. Knows nothing of the containers that will run them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Mapping, Optional, Sequence

from ..model.desired import ABSENT, Desired, Image
from ..model.observed import Observed, ObservedImage
from ..model.operations import BuildImage, LoadImage, Operation, PullImage, PushImage, TagImage
from ..service.digest import build_digest
from ..service.labels import BUILT, CONTEXT, SCOPE
from .draft import Draft


@dataclass(frozen=True)
class Standing:
    """What a name stands for once the plan has run.

    ``image_id`` is empty where only the run will tell; ``step`` brings it about, if any;
    ``cause`` says what changes about it.
    """

    image_id: str
    step: Optional[int] = None
    cause: str = ""


def plan_images(scopes: Sequence[Desired], observed: Observed, draft: Draft, standing: Dict[str, Standing]) -> None:
    """Add the steps for every declared image and note in ``standing`` what each name will stand for.

    Where several scopes name one image, the one that says most of how it is come by decides.
    """
    images: Dict[str, Image] = {}
    owners: Dict[str, str] = {}
    for desired in scopes:
        for image in desired.images:
            if image.state != ABSENT and _rank(image) > _rank(images.get(image.reference)):
                images[image.reference] = image
                owners[image.reference] = desired.scope
    for image in images.values():
        _plan_image(image, images, owners, observed, draft, standing)
    for image in images.values():
        if image.push:
            _plan_push(image, standing[image.reference], observed, draft)


def _rank(image: Optional[Image]) -> int:
    """How much a declaration says of how to come by the image."""
    if image is None:
        return -1
    if image.build is not None or image.load is not None or image.tag_of:
        return 3
    return {"missing": 0, "never": 1, "always": 2}[image.pull]


def _plan_image(
    image: Image,
    images: Mapping[str, Image],
    owners: Mapping[str, str],
    observed: Observed,
    draft: Draft,
    standing: Dict[str, Standing],
) -> None:
    if image.reference in standing:
        return
    local = _local(image.reference, observed)
    if image.tag_of:
        _plan_tag(image, images, owners, observed, draft, standing)
        return
    operation: Optional[Operation]
    if image.build is not None:
        operation = _build(image, local, owners[image.reference], observed)
    elif image.load is not None:
        operation = _load(image, local, observed)
    else:
        operation = _pull(image, local, observed, draft)
    if operation is None:
        standing[image.reference] = Standing(local.id if local else "")
        return
    standing[image.reference] = Standing("", draft.add(operation), operation.cause)


def _plan_tag(
    image: Image,
    images: Mapping[str, Image],
    owners: Mapping[str, str],
    observed: Observed,
    draft: Draft,
    standing: Dict[str, Standing],
) -> None:
    source = image.tag_of
    # Stands in for this image meanwhile, so that two names tagging each other end here.
    standing[image.reference] = Standing("")
    if source in images:
        _plan_image(images[source], images, owners, observed, draft, standing)
    origin = standing.get(source) or Standing(observed.image_ids.get(source, ""))
    if not origin.image_id and origin.step is None:
        draft.refuse(f"{image.path}.tag_of", f"{source} is not on the host and not declared here")
        return
    if origin.image_id and observed.image_ids.get(image.reference) == origin.image_id:
        standing[image.reference] = origin
        return
    cause = f"{source} changes" if origin.step is not None else f"names another image than {source}"
    if image.reference not in observed.image_ids:
        cause = "image is missing"
    step = draft.add(TagImage(image.reference, cause, source=source), [origin.step])
    standing[image.reference] = Standing(origin.image_id, step, cause)


def _local(reference: str, observed: Observed) -> Optional[ObservedImage]:
    image_id = observed.image_ids.get(reference)
    return observed.images.get(image_id) if image_id else None


def _build(image: Image, local: Optional[ObservedImage], scope: str, observed: Observed) -> Optional[Operation]:
    build = image.build
    if build is None:
        return None
    files = build.digest or observed.content_digests.get(image.reference, "")
    wanted = build_digest(build.options, files, build.builder, image.platform)
    if local is not None and local.labels.get(CONTEXT) == wanted:
        return None
    cause = "image is missing" if local is None else "its context or build options changed"
    if local is not None and CONTEXT not in local.labels:
        cause = "the image of that name was not built from this declaration"
    return BuildImage(
        image.reference,
        cause,
        options=build.options,
        labels={CONTEXT: wanted, SCOPE: scope, BUILT: " ".join([image.reference, *build.options.get("tags", ())])},
        builder=build.builder,
        platform=image.platform,
        archive=build.archive,
    )


def _load(image: Image, local: Optional[ObservedImage], observed: Observed) -> Optional[Operation]:
    archive = image.load
    if archive is None:
        return None
    layers = archive.layers if archive.layers is not None else observed.archive_layers.get(archive.path)
    if local is not None:
        root = (local.inspect or {}).get("RootFS") or {}
        if layers is not None and tuple(root.get("Layers") or ()) == tuple(layers):
            return None
    cause = "image is missing" if local is None else "the archive holds other layers"
    return LoadImage(image.reference, cause, archive=archive.digest or archive.path)


def _pull(image: Image, local: Optional[ObservedImage], observed: Observed, draft: Draft) -> Optional[Operation]:
    digest = observed.registry_digests.get(image.reference, "")
    if local is None:
        if image.pull == "never":
            draft.refuse(image.path, f"{image.reference} is not on the host, and pull is never")
            return None
        return PullImage(image.reference, "image is missing", platform=image.platform, digest=digest)
    if image.platform and not _runs_on(local, image.platform):
        return PullImage(image.reference, f"platform {image.platform} is wanted", image.platform, digest)
    if image.pull != "always" or not digest:
        return None
    if _has_digest(local, digest):
        return None
    return PullImage(image.reference, f"the registry holds {digest[:19]} now", image.platform, digest)


def _has_digest(local: ObservedImage, digest: str) -> bool:
    """Whether the registry's digest is this image's, under whatever name.

    The containerd image store has that digest for an id, and lists it for one of the names only.
    """
    return local.id == digest or any(held.endswith("@" + digest) for held in local.digests)


def _runs_on(local: ObservedImage, platform: str) -> bool:
    """``os/architecture[/variant]`` against the image's own; what it does not say fits anything."""
    about = local.inspect or {}
    if not about.get("Os"):
        return True
    held = [str(about.get(key) or "") for key in ("Os", "Architecture", "Variant")]
    wanted = platform.split("/") if "/" in platform else [platform]
    return all(not have or have == want for have, want in zip(held, wanted))


def _plan_push(image: Image, standing: Standing, observed: Observed, draft: Draft) -> None:
    remote = observed.registry_digests.get(image.reference, "")
    local = _local(image.reference, observed)
    if remote and standing.step is None and local is not None and _has_digest(local, remote):
        return
    cause = "the registry lacks it" if not remote else "the registry holds another image"
    draft.add(PushImage(image.reference, cause), [standing.step])
