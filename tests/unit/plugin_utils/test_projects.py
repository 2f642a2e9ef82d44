# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real projects on this machine to the stacks of a manifest, and what is said of those that cannot be."""

from __future__ import annotations

import hashlib
import textwrap
from pathlib import Path

import pytest

from plugins.module_utils.options import stack as options
from plugins.module_utils.stowage.content import ContentError
from plugins.module_utils.stowage.manifest import parse_manifest
from plugins.plugin_utils.projects import ROOT, Controller, Stacks

MARKS = {
    "com.docker.compose.project": "shop",
    "com.docker.compose.service": "web",
    "com.docker.compose.version": "5.6.1",
}


def digest(text):
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@pytest.fixture
def project(tmp_path):
    """Write files of the project directory ``shop``."""

    def write(text, **more):
        folder = tmp_path / "shop"
        for path, content in {"compose.yaml": textwrap.dedent(text), **more}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)
            (folder / path).chmod(0o644)
        return folder

    return write


@pytest.fixture
def load(tmp_path):
    """Load stacks, given by the options of each, as a task would."""

    def load(given=None, /, *, inventory=None, read=Path.read_text, decrypt=Path.read_bytes, **named):
        def find(path):
            if not (tmp_path / path).exists():
                raise ContentError(f"could not find {path}")
            return str(tmp_path / path)

        stacks = named or {"": {"src": "shop", **(given or {})}}
        defaults = {key: option["default"] for key, option in options.PROJECT.items() if "default" in option}
        manifest = {"version": 1, "stacks": {name: {**defaults, **keys} for name, keys in stacks.items()}}
        found = Stacks(manifest, Controller(find, read, decrypt, (inventory or {}).get))
        if not found.problems:
            parse_manifest({key: value for key, value in manifest.items() if not digests_later(manifest)})
        return manifest["stacks"], found

    return load


def digests_later(manifest):
    """Whether contexts have no digests yet, without which a host takes no manifest."""
    return any(stack.get("images") for stack in manifest["stacks"].values())


def problems(found):
    return [f"{problem['path']}: {problem['message']}" for problem in found.problems]


WEB = """
    services:
      web:
        image: app:${TAG:-1}
        volumes: [./www:/www]
"""


def test_a_project(project, load):
    project(WEB, **{"www/index.html": "hi"})
    stacks, found = load()
    assert stacks == {
        "shop": {
            "state": "present",
            "prune": True,
            "recreate": False,
            "remove_volumes": False,
            "remove_images": False,
            "directory": f"{ROOT}/shop",
            "config_files": [f"{ROOT}/shop/compose.yaml"],
            "services": {
                "web": {
                    "command": None,
                    "entrypoint": None,
                    "image": "app:1",
                    "networks": {"default": None},
                    "volumes": [{"type": "bind", "source": f"{ROOT}/shop/www", "target": "/www", "bind": {}}],
                }
            },
            "images": {},
            "networks": {"default": {"name": "shop_default", "ipam": {}}},
            "volumes": {},
            "left": [],
            "named_volumes": [],
            "configs": {},
            "secrets": {},
            "files": {"www/index.html": {"digest": digest("hi"), "mode": 0o644}},
        }
    }
    assert set(found.contents) == {digest("hi")}
    assert (found.problems, found.warnings) == ([], [])


@pytest.mark.parametrize(
    ("given", "name", "directory"),
    [
        ({}, "shop", f"{ROOT}/shop"),
        ({"directory": "/srv/app"}, "shop", "/srv/app"),
    ],
)
def test_where_it_lies_on_the_host(project, load, given, name, directory):
    project(WEB, **{"www/index.html": "hi"})
    stacks, _found = load(given)
    assert stacks[name]["directory"] == directory
    (mount,) = stacks[name]["services"]["web"]["volumes"]
    assert mount["source"] == f"{directory}/www"


def test_the_name_may_stand_in_the_files_and_the_task_has_the_last_word(project, load):
    project(f"name: other\n{textwrap.dedent(WEB)}", **{"www/index.html": "hi"})
    stacks, _found = load()
    assert stacks["other"]["services"]["web"]["volumes"][0]["source"] == f"{ROOT}/other/www"
    stacks, _found = load(mine={"src": "shop"})
    assert stacks["mine"]["services"]["web"]["volumes"][0]["source"] == f"{ROOT}/mine/www"
    assert stacks["mine"]["networks"]["default"]["name"] == "mine_default"


def test_several_at_once(project, load):
    project(WEB)
    definition = {"services": {"web": {"image": "blog:1", "volumes": ["./data:/data"]}}}
    stacks, _found = load(shop={"src": "shop"}, blog={"definition": definition})
    assert list(stacks) == ["shop", "blog"]
    assert stacks["blog"]["services"]["web"]["volumes"][0]["source"] == f"{ROOT}/blog/data"
    assert (stacks["blog"]["files"], stacks["blog"]["config_files"]) == ({}, [])


def test_who_says_what_a_variable_is(project, load):
    project(WEB, **{".env": "TAG=file\n", "other.env": "TAG=other\n"})

    def image(*arguments, **more):
        stacks, _found = load(*arguments, **more)
        return stacks["shop"]["services"]["web"]["image"]

    assert image() == "app:file"
    assert image({"env_files": ["other.env"]}) == "app:other"
    assert image(inventory={"TAG": "inventory"}) == "app:inventory"
    assert image({"env": {"TAG": 5}}, inventory={"TAG": "inventory"}) == "app:5"
    assert image({"env": {"TAG": True}}) == "app:true"
    assert image({"env": {"TAG": None}}) == "app:1"


def test_files_are_read_as_the_task_reads_them(project, load):
    project(WEB)
    stacks, _found = load(read=lambda path: path.read_text().replace("app:", "rendered:"))
    assert stacks["shop"]["services"]["web"]["image"] == "rendered:1"


def test_warnings_are_handed_on(project, load):
    project("services: {web: {image: 'app:1${NOWHERE}'}}")
    _stacks, found = load()
    assert len(found.warnings) == 1
    assert "NOWHERE" in found.warnings[0]


# -- options -----------------------------------------------------------------------------------------

THREE = """
    services:
      web: {image: app, depends_on: [db]}
      db: {image: db, network_mode: "service:net"}
      net: {image: pause}
      job: {image: job, deploy: {replicas: 2}}
      debug: {image: tool, profiles: [debug]}
"""


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        ([], []),
        (["web"], ["job"]),
        (["db"], ["job", "web"]),
        (["job"], ["db", "net", "web"]),
        (["job", "net"], ["db", "web"]),
    ],
)
def test_services_come_with_what_they_need(project, load, chosen, left):
    project(THREE)
    stacks, _found = load({"services": chosen})
    assert stacks["shop"]["left"] == left
    assert set(stacks["shop"]["services"]) == {"web", "db", "net", "job"}


@pytest.mark.parametrize("number", [0, 3, "3"])
def test_scale(project, load, number):
    project(THREE)
    stacks, _found = load({"scale": {"job": number, "net": 1}})
    job = stacks["shop"]["services"]["job"]
    assert (job["scale"], job["deploy"]["replicas"]) == (int(number), int(number))
    assert stacks["shop"]["services"]["net"]["scale"] == 1
    assert "scale" not in stacks["shop"]["services"]["web"]


@pytest.mark.parametrize("pull", ["always", "missing", "never"])
def test_pull(project, load, pull):
    project("services: {a: {image: x}, b: {image: y, pull_policy: daily}}")
    stacks, _found = load({"pull": pull})
    assert [service["pull_policy"] for service in stacks["shop"]["services"].values()] == [pull, pull]
    stacks, _found = load({"pull": "policy"})
    assert [service.get("pull_policy") for service in stacks["shop"]["services"].values()] == [None, "daily"]


def test_profiles(project, load):
    project(THREE)
    stacks, _found = load({"profiles": ["debug"]})
    assert "debug" in stacks["shop"]["services"]


def test_how_to_go_about_it(project, load):
    project(WEB)
    given = {"state": "stopped", "prune": False, "recreate": True, "remove_volumes": True, "remove_images": "all"}
    stacks, _found = load({**given, "wait": False, "wait_timeout": 5, "monitor": 1})
    assert {key: stacks["shop"][key] for key in (*given, "wait", "wait_timeout", "monitor")} == {
        **given, "remove_images": True, "wait": False, "wait_timeout": 5, "monitor": 1,
    }  # fmt: skip


def test_what_shall_go_needs_no_files(project, load):
    project(f"name: other\n{textwrap.dedent(WEB)}")
    gone = {"state": "absent", "prune": True, "recreate": False, "remove_volumes": False, "remove_images": False}
    assert load(shop={"state": "absent"})[0] == {"shop": {**gone, "directory": f"{ROOT}/shop"}}
    assert load({"state": "absent"})[0] == {"other": {**gone, "directory": f"{ROOT}/other"}}
    assert load(shop={"state": "absent", "directory": "/srv/x"})[0] == {"shop": {**gone, "directory": "/srv/x"}}


# -- images ------------------------------------------------------------------------------------------


def test_builds(project, load):
    folder = project(
        """
        services:
          web:
            build: {context: web, args: {A: b}, labels: {mine: "1"}}
            platform: linux/arm64
          api: {build: web, image: "registry.example/api:2"}
          left: {build: web}
        """,
        **{"web/Dockerfile": "FROM scratch"},
    )
    stacks, _found = load({"services": ["web", "api"]})
    images = stacks["shop"]["images"]
    assert images["shop-web"] == {
        "build": {
            "context": str(folder / "web"),
            "dockerfile": "Dockerfile",
            "args": {"A": "b"},
            "labels": {"mine": "1", **MARKS},
        },
        "platform": "linux/arm64",
    }
    assert set(images) == {"shop-web", "registry.example/api:2"}
    assert load({"build": False})[0]["shop"]["images"] == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ssh", ["default"]),
        ("cache_to", ["type=inline"]),
        ("platforms", ["linux/amd64"]),
        ("entitlements", ["network.host"]),
        ("no_cache_filter", ["build"]),
    ],
)
def test_what_only_another_builder_can_do_is_left_to_it(load, key, value):
    build = {"context": "/x", key: value}
    stacks, _found = load(shop={"definition": {"services": {"web": {"build": build}}}})
    assert stacks["shop"]["images"]["shop-web"]["build"]["builder"] == "buildkit"


# -- configs and secrets -----------------------------------------------------------------------------

GRANTED = """
    services:
      web:
        image: app
        configs: [conf, {source: inline, target: /etc/inline, mode: 0400}]
        secrets: [pw, {source: token, uid: "1000", gid: "2", mode: 0440}]
    configs:
      conf: {file: ./app.conf}
      inline: {content: "a $$ b"}
      unused: {file: ./nowhere}
    secrets:
      pw: {environment: PASSWORD}
      token: {external: true}
"""


def test_configs_and_secrets(project, load):
    folder = project(GRANTED, **{"app.conf": "conf"})
    stacks, found = load({"env": {"PASSWORD": "s3cret"}, "secrets": {"token": "t0ken"}})
    shop = stacks["shop"]
    assert shop["configs"] == {"conf": {"path": ".stowage/configs/conf"}, "inline": {"path": ".stowage/configs/inline"}}
    assert shop["secrets"] == {"pw": {"path": ".stowage/secrets/pw"}, "token": {"path": ".stowage/secrets/token"}}
    assert shop["files"] == {
        ".stowage/configs/conf": {"digest": digest("conf"), "mode": 0o644},
        ".stowage/configs/inline": {"digest": digest("a $ b"), "mode": 0o444},
        ".stowage/configs/inline@0-0-0400": {"digest": digest("a $ b"), "mode": 0o400, "uid": 0, "gid": 0},
        ".stowage/secrets/pw": {"digest": digest("s3cret"), "mode": 0o444},
        ".stowage/secrets/token": {"digest": digest("t0ken"), "mode": 0o444},
        ".stowage/secrets/token@1000-2-0440": {"digest": digest("t0ken"), "mode": 0o440, "uid": 1000, "gid": 2},
    }
    assert found.contents == {
        digest("conf"): folder / "app.conf",
        digest("a $ b"): b"a $ b",
        digest("s3cret"): b"s3cret",
        digest("t0ken"): b"t0ken",
    }


def test_the_manifest_holds_no_content_of_a_secret(project, load):
    project(GRANTED, **{"app.conf": "conf"})
    stacks, _found = load({"env": {"PASSWORD": "s3cret"}, "secrets": {"token": "t0ken"}})
    assert "s3cret" not in str(stacks["shop"]["services"])
    assert "t0ken" not in str(stacks)


def test_a_vault_among_the_files_is_opened(project, load):
    project(WEB, **{"www/key": "$ANSIBLE_VAULT;1.1;AES256\n616263"})
    stacks, _found = load(decrypt=lambda path: b"opened")
    assert stacks["shop"]["files"]["www/key"]["digest"] == digest("opened")


# -- what is refused ---------------------------------------------------------------------------------


def test_places_are_named_with_file_and_line(project, load):
    project("services:\n  web:\n    image: app\n    nonsense: 1\n    restart: sometimes\n")
    _stacks, found = load()
    assert [problem["path"] for problem in found.problems] == [
        "compose.yaml:4: services.web.nonsense",
        "compose.yaml:5: services.web.restart",
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"services": ["web", "nope"]}, ["services: nope is no service of the project"]),
        ({"services": ["debug"]}, ["services: debug is not enabled by a profile"]),
        ({"scale": {"nope": 2}}, ["scale: nope is no service of the project"]),
        ({"scale": {"web": -1}}, ["scale.web: must be a whole number not below 0"]),
        ({"scale": {"web": "many"}}, ["scale.web: must be a whole number not below 0"]),
        ({"scale": {"web": 1.5}}, ["scale.web: must be a whole number not below 0"]),
        ({"scale": {"web": None}}, ["scale.web: must be a whole number not below 0"]),
        ({"configs": {"x": "y"}}, ["configs.x: is not among the external configs of the project"]),
        ({"secrets": {"x": "y"}, "services": ["nope"]},
         ["services: nope is no service of the project", "secrets.x: is not among the external secrets of the project"]),
    ],
)  # fmt: skip
def test_options_that_name_nothing(project, load, given, expected):
    project(THREE)
    _stacks, found = load(given)
    assert [line.rpartition("compose.yaml")[2].partition(" ")[2] if "compose.yaml" in line else line
            for line in problems(found)] == expected  # fmt: skip


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("secrets: {pw: {external: true}}", "secrets.pw", "is external: give its content by the task's option secrets"),
        ("secrets: {pw: {environment: NOT_SET}}", "secrets.pw", "NOT_SET"),
        ("secrets: {pw: {file: ./nowhere}}", "secrets.pw.file", "there is no file nowhere in the project"),
        ("secrets: {pw: {file: ../outside}}", "secrets.pw.file", "leads out of the project"),
    ],
)
def test_contents_that_cannot_be_had(project, load, text, path, words):
    project(f"services: {{web: {{image: app, secrets: [pw]}}}}\n{text}\n")
    _stacks, found = load()
    (problem,) = found.problems
    assert path in problem["path"]
    assert words in problem["message"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("secrets", ["a"]),
        ("provenance", "mode=max"),
        ("sbom", "true"),
        ("additional_contexts", {"base": "docker-image://x"}),
    ],
)
def test_builds_that_no_engine_can_do(load, key, value):
    build = {"context": "/x", key: value}
    definition = {"services": {"web": {"build": build}}}
    if key == "secrets":
        definition["secrets"] = {"a": {"file": "/x"}}
    _stacks, found = load(shop={"definition": definition})
    (problem,) = found.problems
    assert problem["path"].endswith(f"services.web.build.{key}")
    assert problem["message"].startswith("not supported: ")


@pytest.mark.parametrize(
    ("stacks", "expected"),
    [
        ({"": {"src": "nowhere"}}, "src: could not find nowhere"),
        ({"a": {"src": "nowhere"}}, "$.stacks.a: could not find nowhere"),
        ({"": {"src": "shop/compose.yaml"}}, "src: src: shop/compose.yaml is no directory"),
    ],
)
def test_sources_that_are_none(project, load, stacks, expected):
    project(WEB)
    _stacks, found = load(**stacks)
    assert problems(found) == [expected]


def test_a_link_out_of_the_project_is_refused(project, load, tmp_path):
    folder = project(WEB, **{"www/a": "a"})
    (tmp_path / "outside").write_text("x")
    (folder / "www/link").symlink_to(tmp_path / "outside")
    _stacks, found = load()
    assert len(found.problems) == 1
    assert "symbolic link" in found.problems[0]["message"]


def test_all_stacks_are_looked_at(project, load):
    project(WEB)
    wrong = {"services": {"x": {"image": "a", "imge": "a"}}}
    _stacks, found = load(a={"src": "nowhere"}, b={"definition": wrong}, c={"src": "shop"})
    assert [problem["path"] for problem in found.problems] == ["$.stacks.a", "definition: services.x.imge"]


def test_what_the_host_refuses_is_found_in_the_files(project, load):
    project(WEB)
    _stacks, found = load()
    assert found.locate("$.stacks.shop.services.web.image") == "compose.yaml:4: services.web.image"
    assert found.locate("$.stacks.shop.services.web.volumes[0]") == "compose.yaml:5: services.web.volumes[0]"
    for path in ("$.stacks.shop", "$.stacks.blog.services.web", "$.containers.web"):
        assert found.locate(path) == path


@pytest.mark.parametrize("manifest", [{}, {"stacks": None}, {"stacks": []}, {"containers": {"web": {}}}])
def test_a_manifest_without_stacks_is_left_as_it_is(manifest):
    before = dict(manifest)
    found = Stacks(manifest, Controller(str, Path.read_text, Path.read_bytes, lambda name: None))
    assert (manifest, found.problems, found.contents) == (before, [], {})
