# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths in compose files lead to where docker compose has them lead, or where the project's resolver says."""

from __future__ import annotations

import pytest

from tests.unit.plugin_utils.compose.loading import agree, load, refused

GOOD = """
services:
  binds:
    image: x
    volumes:
      - ./a:/a
      - .:/b:ro
      - ../up:/c
      - ~/home:/d
      - /abs/../x/:/e/
      - ./q/../r/:/f/
      - vol:/g
      - /anonymous
      - {type: bind, source: ./l, target: /h}
      - {type: bind, source: "~", target: /i}
      - {type: volume, source: vol, target: /j}
      - {type: tmpfs, target: /k}
  build: {build: ./b}
  build-home: {build: "~/b"}
  build-up: {build: {context: ../b, dockerfile: ../D}}
  build-none: {build: {target: t}}
  build-url: {build: "https://example.com/x.git#main"}
  build-git: {build: "git@example.com:a/b"}
  build-hub: {build: {context: github.com/a/b}}
  contexts:
    build:
      additional_contexts: {aa: ./p, bb: "docker-image://x", cc: "service:build", dd: /abs, ee: "https://example.com/y.git"}
  contexts-list: {build: {additional_contexts: ["aa=./p", "bb=~/x", "cc=docker-image://y"]}}
  watch: {build: ., develop: {watch: [{path: ./w, action: rebuild}, {path: ../w, action: sync, target: /w}]}}
  grants: {image: x, configs: [c, d], secrets: [s, h]}
volumes: {vol: {driver_opts: {type: none, o: bind, device: ./kept}}}
configs: {c: {file: ./c}, d: {file: sub/../d}}
secrets: {s: {file: /abs/s}, h: {file: "~/h"}}
"""


def test_as_compose_does(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    agree(tmp_path, GOOD)


def test_a_resolver_says_where_paths_lead(tmp_path):
    seen = []

    def resolve(kind, folder, written):
        seen.append((kind, str(folder.relative_to(tmp_path)), written))
        return f"/host/{kind}"

    files = {
        "compose.yaml": """
include: [inc/c.yaml]
services:
  a:
    image: x
    build: {context: ./b, additional_contexts: {z: ./z, y: "service:a"}}
    volumes: ["./v:/v:ro", "/abs:/w", "vol:/x", {type: bind, source: ./l, target: /l}]
    develop: {watch: [{path: ./w, action: rebuild}]}
    configs: [c]
    secrets: [s]
    label_file: labels
volumes: {vol: }
configs: {c: {file: ./c}}
secrets: {s: {file: ./s}}
""",
        "inc/c.yaml": "services: {b: {build: {target: t}, volumes: ['./v:/v']}}",
        "labels": "a=1",
    }
    document = load(tmp_path, files, resolve=resolve).document
    assert sorted(seen) == [
        ("bind", ".", "./l"),
        ("bind", ".", "./v"),
        ("bind", ".", "/abs"),
        ("bind", "inc", "./v"),
        ("build", ".", "./b"),
        ("build", ".", "./z"),
        ("build", "inc", "."),
        ("config", ".", "./c"),
        ("file", ".", "labels"),
        ("secret", ".", "./s"),
        ("watch", ".", "./w"),
    ]
    service = document["services"]["a"]
    assert [mount.get("source") for mount in service["volumes"]] == ["/host/bind", "/host/bind", "vol", "/host/bind"]
    assert service["volumes"][0]["read_only"]
    assert service["build"]["additional_contexts"] == {"z": "/host/build", "y": "service:a"}
    assert service["label_file"] == ["/host/file"]
    assert document["configs"]["c"]["file"] == "/host/config"


def test_a_resolver_may_refuse(tmp_path):
    def resolve(kind, folder, written):
        raise ValueError("cannot be brought")

    text = "services:\n  a:\n    build: ./b\n    volumes:\n      - ./a:/a\nconfigs:\n  c:\n    file: x\n"
    assert refused(tmp_path, text, resolve=resolve) == [
        "compose.yaml:3: services.a.build: cannot be brought",
        "compose.yaml:5: services.a.volumes[0]: cannot be brought",
        "compose.yaml:8: configs.c.file: cannot be brought",
    ]


@pytest.mark.parametrize("section", ["configs", "secrets"])
@pytest.mark.parametrize("written", ["../x", "sub/../../x", "..", "./a/../../b"])
def test_configs_and_secrets_stay_in_the_project(tmp_path, section, written):
    text = f"services: {{a: {{image: x}}}}\n{section}:\n  c:\n    file: {written}\n"
    assert refused(tmp_path, text) == [f"compose.yaml:4: {section}.c.file: leads out of the project"]


def test_a_folder_that_begins_alike_is_another(tmp_path):
    text = f"services: {{a: {{image: x}}}}\nconfigs: {{c: {{file: ../{tmp_path.name}2/x}}}}\n"
    assert refused(tmp_path, text) == ["compose.yaml:2: configs.c.file: leads out of the project"]


def test_what_is_included_stays_in_the_whole_project(tmp_path):
    files = {
        "compose.yaml": "include: [inc/c.yaml]",
        "inc/c.yaml": "services: {a: {image: x}}\nconfigs: {c: {file: ../c}}",
    }
    assert refused(tmp_path, files) == []
    files["inc/c.yaml"] = "services: {a: {image: x}}\nconfigs: {c: {file: ../../c}}"
    assert refused(tmp_path, files) == ["inc/c.yaml:2: configs.c.file: leads out of the project"]


def test_a_mount_that_is_wrong_has_its_place(tmp_path):
    text = "services:\n  a:\n    image: x\n    volumes:\n      - ./a:b\n      - ./a:/c:frob\n"
    assert refused(tmp_path, text) == [
        "compose.yaml:5: services.a.volumes[0]: the target must be an absolute path in the container",
        "compose.yaml:6: services.a.volumes[1]: 'frob' is not an option of a mount",
    ]
