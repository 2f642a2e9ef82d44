# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How images come to be on the host: pulled, built, loaded, tagged, pushed."""

from __future__ import annotations

import pytest

from tests.unit.stowage.support.golden import Case, app, cases, check, containers
from tests.unit.stowage.support.hosts import Host

ONE, TWO = "sha256:" + "ab" * 32, "sha256:" + "cd" * 32


@pytest.fixture
def files(tmp_path):
    """What the controller brought: a context of two states, an archive."""
    for digest in (ONE, TWO):
        (tmp_path / digest[7:]).write_text("loaded:1 sha256:1,sha256:2")
    return {digest: str(tmp_path / digest[7:]) for digest in (ONE, TWO)}


def shop(digest=ONE, **options):
    return {"images": {"shop:1": {"build": {"context": "x", "digest": digest, **options}}}}


WEB = containers(web={"image": "shop:1"})


def offered(host):
    host.engine.images.offer("app:1")


def pulled(host):
    offered(host)
    host.engine.images.pull("app:1")


def outdated(host):
    pulled(host)
    offered(host)


ALWAYS = {"images": {"app:1": {"pull": "always"}}}
MINE = {"images": {"mine:1": {"tag_of": "app:1"}}, **containers(web={"image": "mine:1"})}


@cases(
    Case("missing", None, {"images": {"new:1": {}}}, """
            #1 PullImage new:1 (image is missing)
        """, lambda host: host.engine.images.offer("new:1")),
    Case("named by a container alone", None, containers(web={"image": "new"}), """
            #1 PullImage new:latest (image is missing)
            #2 CreateContainer web <- #1 (container is missing)
            #3 StartContainer web <- #2 (it was created)
            #4 WaitContainer web ready <- #3 (it was started)
        """, lambda host: host.engine.images.offer("new:latest")),
    Case("there, and that is enough", None, {"images": {"app:1": {"pull": "never"}, "app:2": {"pull": "missing"}}}, "", outdated),
    Case("always, and the registry has the same", None, ALWAYS, "", pulled),
    Case("always, and the registry has another", None, {**ALWAYS, **containers(web=app())}, """
            #1 PullImage app:1 (the registry holds sha256:9a85dd8d6ba9 now)
            #2 CreateContainer web <- #1 (container is missing)
            #3 StartContainer web <- #2 (it was created)
            #4 WaitContainer web ready <- #3 (it was started)
        """, outdated),
    Case("always, and nobody knows where it is from", None, ALWAYS, """
            #1 PullImage app:1 (the registry holds sha256:6ea0b675f7cf now)
        """, offered),
    Case("always, says the container", None, containers(web=app(pull_policy="always")), """
            #1 PullImage app:1 (the registry holds sha256:9a85dd8d6ba9 now)
            #2 CreateContainer web <- #1 (container is missing)
            #3 StartContainer web <- #2 (it was created)
            #4 WaitContainer web ready <- #3 (it was started)
        """, outdated),
    Case("this platform", None, {"images": {"app:1": {"platform": "linux/amd64"}}}, "", offered),
    Case("any of this platform's variants", None, {"images": {"app:1": {"platform": "linux/amd64/v3"}}}, "", offered),
    Case("another platform", None, {"images": {"app:1": {"platform": "linux/arm64"}}}, """
            #1 PullImage app:1 (platform linux/arm64 is wanted)
        """, offered, again=True),
    Case("another name", None, MINE, """
            #1 TagImage app:1 as mine:1 (image is missing)
            #2 CreateContainer web <- #1 (container is missing)
            #3 StartContainer web <- #2 (it was created)
            #4 WaitContainer web ready <- #3 (it was started)
        """),
    Case("another name has another image now", MINE, {"images": {"mine:1": {"tag_of": "app:2"}}, **containers(web={"image": "mine:1"})}, """
            #1 TagImage app:2 as mine:1 (names another image than app:2)
            #2 CreateContainer web.next <- #1 (image changed <app:1> -> <app:2>)
            #3 StopContainer web <- #2 (image changed <app:1> -> <app:2>)
            #4 StartContainer web.next <- #3 (takes over: image changed <app:1> -> <app:2>)
            #5 WaitContainer web.next ready <- #4 (it was started)
            #6 RemoveContainer web <- #5 (image changed <app:1> -> <app:2>)
            #7 RenameContainer web.next to web <- #6 (it takes over)
            undo #3, #4, #5: RemoveContainer web.next, StartContainer web
        """),
    Case("another name for what is pulled", None, {"images": {"mine:1": {"tag_of": "new:1"}, "new:1": {}}}, """
            #1 PullImage new:1 (image is missing)
            #2 TagImage new:1 as mine:1 <- #1 (image is missing)
        """,
         lambda host: host.engine.images.offer("new:1")),
    Case("pushed", None, {"images": {"app:1": {"push": True}}}, """
            #1 PushImage app:1 (the registry lacks it)
        """),
    Case("pushed already", {"images": {"app:1": {"push": True}}}, {"images": {"app:1": {"push": True}}}, ""),
    Case("pushed, but something else", {"images": {"app:1": {"push": True}}}, {"images": {"app:1": {"push": True}}}, """
            #1 PushImage app:1 (the registry holds another image)
        """, offered),
)  # fmt: skip
def test_images(case):
    check(case)


BUILT = """
    #1 BuildImage shop:1 ({cause})
    #2 CreateContainer web <- #1 (container is missing)
    #3 StartContainer web <- #2 (it was created)
    #4 WaitContainer web ready <- #3 (it was started)
"""


def deploy(host, document, files):
    report = host.carry_out(host.plan(document), files=files)
    assert not report.failures
    assert str(host.plan(document)) == ""
    host.engine.revive()


def text(plan):
    return [f"{step.operation.kind} {step.operation.target} ({step.operation.cause})" for step in plan]


def test_build(files):
    check(Case("build", None, {**shop(), **WEB}, BUILT.format(cause="image is missing"), files=files))


def test_a_name_somebody_else_gave(files):
    cause = "the image of that name was not built from this declaration"
    case = Case(
        "taken", None, {**shop(), **WEB}, BUILT.format(cause=cause), lambda host: host.engine.images.have("shop:1")
    )
    check(Case(**{**vars(case), "files": files}))


@pytest.mark.parametrize(
    ("after", "rebuilt"),
    [
        (shop(), False),
        (shop(context="elsewhere"), False),
        (shop(no_cache=True, pull=True, cache_from=["app:1"]), False),
        (shop(TWO), True),
        (shop(args={"A": "1"}), True),
        (shop(target="final"), True),
        (shop(tags=["shop:edge"]), True),
        ({"images": {"shop:1": {**shop()["images"]["shop:1"], "platform": "linux/arm64"}}}, True),
    ],
)
def test_a_build_follows_content_and_options(files, after, rebuilt):
    host = Host()
    deploy(host, shop(), files)
    assert text(host.plan(after))[:1] == ["BuildImage shop:1 (its context or build options changed)"] * rebuilt


def test_load(files):
    host = Host()
    document = {"images": {"loaded:1": {"load": {"path": "a.tar", "digest": ONE, "layers": ["sha256:1", "sha256:2"]}}}}
    assert text(host.plan(document)) == ["LoadImage loaded:1 (image is missing)"]
    deploy(host, document, files)
    document["images"]["loaded:1"]["load"]["layers"] = ["sha256:1", "sha256:3"]
    assert text(host.plan(document)) == ["LoadImage loaded:1 (the archive holds other layers)"]


def test_names_of_nothing():
    images = {"mine:1": {"tag_of": "nope:1"}, "aa:1": {"tag_of": "bb:1"}, "bb:1": {"tag_of": "aa:1"}}
    assert Host().refusals({"images": images}) == {
        '$.images["mine:1"].tag_of': "nope:1 is not on the host and not declared here",
        '$.images["bb:1"].tag_of': "aa:1 is not on the host and not declared here",
        '$.images["aa:1"].tag_of': "bb:1 is not on the host and not declared here",
    }


# -- what goes again -----------------------------------------------------------------------------


def theirs(host):
    """Somebody builds on our image, names it anew, and runs both."""
    labels = dict(host.engine.images.get("shop:1")["Config"]["Labels"])
    host.engine.images.have("theirs:1", {"Labels": labels})
    host.engine.images.tag("shop:1", "kept", "1")
    host.engine.containers.make("byhand", {"Image": "theirs:1"})
    host.engine.containers.make("another", {"Image": "kept:1"})
    host.engine.containers.start("byhand")
    host.engine.revive()


@pytest.mark.parametrize(
    ("after", "removed"),
    [
        (shop(), []),
        ({}, ["RemoveImage shop:1 (not declared any more)"]),
        ({"prune": False}, []),
        (shop(TWO), ["RemoveImage <shop:1> (an earlier build)"]),
        ({"images": {"shop:2": shop()["images"]["shop:1"]}}, ["RemoveImage shop:1 (not declared any more)"]),
        ({"images": {"shop:1": {"state": "absent"}}}, ["RemoveImage shop:1 (declared absent)"]),
        ({"scope": "other"}, []),
    ],
)
def test_builds_that_nobody_needs_go(files, after, removed):
    host = Host()
    deploy(host, shop(), files)
    identity = host.engine.images.get("shop:1")["Id"]
    found = [line.replace(identity, "<shop:1>") for line in text(host.plan(after)) if line.startswith("RemoveImage")]
    assert found == removed
    deploy(host, after, files)


@pytest.mark.parametrize("after", [{**shop(TWO), **WEB}, {}])
def test_what_others_made_of_our_images_is_theirs(files, after):
    host = Host()
    deploy(host, {**shop(), **WEB}, files)
    theirs(host)
    deploy(host, after, files)
    assert {"byhand", "another"} <= set(host.names())
    tags = {tag for image in host.engine.images.all.values() for tag in image["RepoTags"]}
    assert {"theirs:1", "kept:1"} <= tags


def test_a_container_made_from_a_copy_of_ours_is_not_ours():
    """docker commit hands all labels of a container on to the image, and from there to whatever runs it."""
    host = Host()
    host.deploy(containers(web=app()))
    host.engine.images.have("copy:1", {"Labels": dict(host.container("web")["Config"]["Labels"])})
    host.engine.containers.make("copy", {"Image": "copy:1"})
    host.engine.revive()
    host.deploy(containers(web=app()))
    host.deploy({})
    assert host.names() == ("copy",)
    host.deploy(containers(own={"image": "copy:1"}))
    host.deploy({})
    assert host.names() == ("copy",)


def test_more_names_of_a_build_come_and_go_with_it(files):
    host = Host()
    deploy(host, shop(tags=["shop:edge", "shop"]), files)
    assert sorted(host.engine.images.get("shop:1")["RepoTags"]) == ["shop:1", "shop:edge", "shop:latest"]
    deploy(host, shop(TWO, tags=["shop:edge", "shop"]), files)
    assert sorted(host.engine.images.get("shop:1")["RepoTags"]) == ["shop:1", "shop:edge", "shop:latest"]
    deploy(host, {}, files)
    assert "shop:edge" not in {tag for image in host.engine.images.all.values() for tag in image["RepoTags"]}


def test_an_image_in_use_stays():
    host = Host()
    host.deploy(containers(web=app()))
    absent = {"prune": False, "images": {"app:1": {"state": "absent"}}}
    assert host.refusals(absent) == {'$.images["app:1"]': "the image app:1 is in use by web"}
    # Not by what goes in the same run, nor by what will run another image then.
    host.deploy({"images": {"app:1": {"state": "absent"}}, **containers(web={"image": "app:2"})})


def test_another_name_of_an_image_in_use_goes():
    host = Host()
    host.deploy({"images": {"copy:1": {"tag_of": "app:1"}}, **containers(web=app())})
    host.deploy({"prune": False, "images": {"copy:1": {"state": "absent"}}})
    assert "copy:1" not in {tag for image in host.engine.images.all.values() for tag in image["RepoTags"]}
    both = {"prune": False, "images": {"app:1": {"state": "absent"}, "copy:1": {"state": "absent"}}}
    assert list(host.refusals(both)) == ['$.images["app:1"]']
