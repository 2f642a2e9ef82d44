# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images on real engines: made, moved, and exchanged with a real registry that wants a password."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest

from stowage import errors
from stowage.engine.client import Engine
from tests.hosts import images as test_images

from .conftest import IMAGE, LABELS
from .registries import PASSWORD, Registry

NAME = "stowage-test/engine-client-built"


def context(dockerfile: str, **files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in {"Dockerfile": dockerfile.encode(), **files}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_an_image_is_built_from_bytes_files_and_pieces(engine: Engine) -> None:
    dockerfile = f"FROM {IMAGE}\nARG SAID=nothing\nCOPY big /big\nRUN echo $SAID; test -s /big\n"
    data = context(dockerfile, big=b"\x07" * 3_000_000)
    events: list[dict[str, Any]] = []
    query = {"t": (f"{NAME}:1", f"{NAME}:2"), "buildargs": {"SAID": "a & b"}, "labels": LABELS, "forcerm": True}
    first = engine.images.build(data, query, progress=events.append)
    assert first.startswith("sha256:")
    assert "a & b\n" in "".join(event.get("stream", "") for event in events)
    again = engine.images.build(io.BytesIO(data), query)
    pieces = [data[at : at + 70000] for at in range(0, len(data), 70000)]
    assert engine.images.build(iter(pieces), query) == again
    shown = engine.images.inspect(f"{NAME}:2")
    assert shown["Id"] == again
    assert sorted(shown["RepoTags"]) == [f"{NAME}:1", f"{NAME}:2"]
    assert shown["Config"]["Labels"].items() >= LABELS.items()
    assert len(engine.images.history(f"{NAME}:1")) >= 3


@pytest.mark.parametrize(
    ("dockerfile", "query", "kind", "words"),
    [
        (f"FROM {IMAGE}\nRUN echo last words; exit 9\n", {}, errors.ServerFault, "9"),
        (f"FROM {IMAGE}\nCOPY is-not-there /\n", {}, errors.ServerFault, "is-not-there"),
        ("FORM scratch\n", {}, errors.InvalidRequest, "(?i)unknown instruction: form"),
        (f"FROM {IMAGE}\n", {"dockerfile": "Other"}, errors.EngineError, "Other"),
        (f"FROM {IMAGE}\n", {"t": "Not A Name"}, errors.EngineError, "invalid reference|invalid tag"),
    ],
)
def test_builds_that_fail(
    engine: Engine, dockerfile: str, query: dict[str, Any], kind: type[errors.EngineError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        engine.images.build(context(dockerfile), {"rm": True, "forcerm": True, "labels": LABELS, **query})


def test_a_context_that_is_none(engine: Engine) -> None:
    with pytest.raises(errors.EngineError):
        engine.images.build(b"not a tar archive, but quite some bytes" * 1000, {})


def test_an_archive_goes_in_and_out(engine: Engine) -> None:
    data = test_images.busybox_tar(f"{NAME}:loaded", config={"Labels": LABELS}, files={"version": "one"})
    events: list[dict[str, Any]] = []
    assert engine.images.load(io.BytesIO(data), progress=events.append) == [f"{NAME}:loaded"]
    assert events
    oid = engine.images.inspect(f"{NAME}:loaded")["Id"]
    with engine.images.save([f"{NAME}:loaded"]) as answer:
        saved = b"".join(answer)
    engine.images.remove(f"{NAME}:loaded")
    with pytest.raises(errors.NotFound):
        engine.images.inspect(f"{NAME}:loaded")
    assert engine.images.load(saved) == [f"{NAME}:loaded"]
    assert engine.images.inspect(f"{NAME}:loaded")["Id"] == oid


def test_a_broken_archive_is_refused(engine: Engine) -> None:
    with pytest.raises(errors.EngineError):
        engine.images.load(b"\x1f\x8b" + b"x" * 5000)


def test_names_are_given_and_taken(engine: Engine) -> None:
    engine.images.tag(IMAGE, NAME, "tagged")
    oid = engine.images.inspect(IMAGE)["Id"]
    assert engine.images.inspect(f"{NAME}:tagged")["Id"] == oid
    listed = engine.images.list(filters={"reference": [f"{NAME}:tagged"]})
    assert [image["RepoTags"] for image in listed if f"{NAME}:tagged" in image["RepoTags"]]
    gone = engine.images.remove(f"{NAME}:tagged")
    assert [list(step) for step in gone] == [["Untagged"]]
    with pytest.raises(errors.NotFound):
        engine.images.remove(f"{NAME}:tagged")
    with pytest.raises(errors.EngineError):
        engine.images.tag(IMAGE, "Not A Name")


def test_an_image_in_use_stays(engine: Engine) -> None:
    engine.containers.create("engine-client-user", {"Image": IMAGE, "Labels": LABELS})
    with pytest.raises(errors.Conflict):
        engine.images.remove(engine.images.inspect(IMAGE)["Id"])


def test_push_look_and_pull(engine: Engine, registry: Registry) -> None:
    name = f"{registry.address}/team/app"
    credential = registry.credential
    engine.images.tag(IMAGE, name, "1")
    events: list[dict[str, Any]] = []
    digest = engine.images.push(f"{name}:1", credential, progress=events.append)
    assert digest.startswith("sha256:"), events
    assert events
    assert engine.images.distribution(f"{name}:1", credential)["Descriptor"]["digest"] == digest
    oid = engine.images.inspect(IMAGE)["Id"]
    engine.images.remove(f"{name}:1")
    for reference in (f"{name}:1", f"{name}@{digest}"):
        assert engine.images.pull(reference, auth=credential) == digest
        assert engine.images.inspect(reference)["Id"] == oid
        engine.images.remove(reference)


def test_a_registry_that_wants_a_password(engine: Engine, registry: Registry) -> None:
    name = f"{registry.address}/team/app"
    engine.images.tag(IMAGE, name, "2")
    wrong = {**registry.credential, "password": "wrong"}
    for call in (
        lambda: engine.images.push(f"{name}:2"),
        lambda: engine.images.push(f"{name}:2", wrong),
        lambda: engine.images.pull(f"{name}:2", auth=wrong),
        lambda: engine.images.pull(f"{name}:2"),
        lambda: engine.images.distribution(f"{name}:2"),
    ):
        with pytest.raises(
            errors.EngineError, match=r"(?i)unauthorized|no basic auth|authorization failed|authentication"
        ):
            call()
    engine.images.push(f"{name}:2", registry.credential)
    with pytest.raises(errors.EngineError, match=r"(?i)not found|manifest unknown"):
        engine.images.pull(f"{name}:is-not-there", auth=registry.credential)
    engine.images.remove(f"{name}:2")


def test_a_build_takes_its_base_from_the_registry(engine: Engine, registry: Registry) -> None:
    name = f"{registry.address}/team/base"
    engine.images.tag(IMAGE, name, "1")
    engine.images.push(f"{name}:1", registry.credential)
    engine.images.remove(f"{name}:1")
    query = {"pull": True, "labels": LABELS, "rm": True}
    with pytest.raises(errors.EngineError) as caught:
        engine.images.build(context(f"FROM {name}:1\n"), query)
    assert PASSWORD not in str(caught.value)
    auths = {registry.address: registry.credential}
    assert engine.images.build(context(f"FROM {name}:1\n"), query, auths).startswith("sha256:")
    engine.images.remove(f"{name}:1")


def test_a_registry_that_is_not_there(engine: Engine) -> None:
    with pytest.raises(errors.EngineError, match=r"127.0.0.1:9"):
        engine.images.pull("127.0.0.1:9/app:1")
    with pytest.raises(errors.EngineError, match=r"127.0.0.1:9"):
        engine.images.distribution("127.0.0.1:9/app:1")
