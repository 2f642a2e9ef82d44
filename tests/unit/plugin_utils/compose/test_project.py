# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole project: its name, its variables, what is told of it, and everything that is wrong with it at once."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import yaml

from plugins.plugin_utils.compose import LoadError, Options, load_project
from tests.unit.plugin_utils.compose.loading import agree, load, refused, write
from tests.unit.plugin_utils.compose.oracle import ask_project, plain

A = "services: {a: {image: x}}\n"


@pytest.mark.parametrize(
    ("folder", "files", "name"),
    [
        ("shop", {"compose.yaml": A}, ""),
        ("My Shop.1_b-", {"compose.yaml": A}, ""),
        ("_-shop", {"compose.yaml": A}, ""),
        ("shop", {"compose.yaml": f"name: other\n{A}"}, ""),
        ("shop", {"compose.yaml": f"name: 'Other Name'\n{A}"}, ""),
        ("shop", {"compose.yaml": f"name: first\n{A}", "compose.override.yaml": "name: second"}, ""),
        ("shop", {"compose.yaml": f'name: "${{WHICH:-that}}"\n{A}', ".env": "WHICH=this"}, ""),
        ("shop", {"compose.yaml": f"name: other\n{A}", ".env": "COMPOSE_PROJECT_NAME=env"}, ""),
        ("shop", {"compose.yaml": f"name: other\n{A}", ".env": "COMPOSE_PROJECT_NAME=env"}, "task"),
        ("shop", {"compose.yaml": "services: {a: {image: 'x:${COMPOSE_PROJECT_NAME}'}}"}, ""),
        ("shop", {"compose.yaml": "services: {a: {image: 'x:${COMPOSE_PROJECT_NAME}'}}"}, "task"),
    ],
)
def test_the_name(tmp_path, folder, files, name):
    directory = write(tmp_path / folder, files)
    theirs = ask_project(directory, ["-p", name] if name else [])
    ours = load_project(Options(directory=directory, name=name))
    assert ours.name == theirs.document["name"]
    assert plain(ours.document) == plain(theirs.document)


@pytest.mark.parametrize("name", ["Shop", "a b", "-a", "ä"])
def test_a_name_that_is_none(tmp_path, name):
    write(tmp_path, {"compose.yaml": A})
    with pytest.raises(LoadError, match="is no name: lower case letters"):
        load_project(Options(directory=tmp_path, name=name))


def test_a_folder_that_makes_no_name(tmp_path):
    directory = write(tmp_path / "--", {"compose.yaml": A})
    with pytest.raises(LoadError, match="the project has no name, and its folder's makes none"):
        load_project(Options(directory=directory))


def test_who_says_what_a_variable_is(tmp_path, monkeypatch):
    monkeypatch.setenv("D", "of the process")
    files = {
        "compose.yaml": 'services: {a: {image: x, labels: {a: "$A", b: "$B", c: "$C", d: "$D"}}}',
        ".env": "A=file\nB=file\nC=file\n",
    }
    project = load(tmp_path, files, environment={"A": "task"}, inventory={"A": "inventory", "B": "inventory"}.get)
    assert project.document["services"]["a"]["labels"] == {"a": "task", "b": "inventory", "c": "file", "d": ""}
    assert len(project.warnings) == 1
    assert "D" in project.warnings[0]


def test_files_that_stand_for_the_one(tmp_path):
    files = {
        "compose.yaml": 'services: {a: {image: x, labels: {a: "$A", b: "$B", c: "$C"}}}',
        ".env": "A=env",
        "one": "A=one\nB=one\nC=one",
        "two": "B=${A}-two\nC=${B}-two",
    }
    agree(tmp_path, files, env_files=("one", "two"))


def test_a_definition_in_place_of_files(tmp_path):
    definition = {
        "services": {"a": {"image": "x:${TAG}", "volumes": ["./v:/v"], "ports": [80], "labels": {"a": True}}},
        "x-a": None,
    }
    project = load_project(Options(directory=tmp_path, name="p", definition=definition, environment={"TAG": "1"}))
    write(tmp_path, {"compose.yaml": yaml.safe_dump(definition)})
    theirs = ask_project(tmp_path, ["-p", "p"], {"TAG": "1"})
    assert plain(project.document) == plain(theirs.document)
    assert project.files == ()
    assert definition["services"]["a"]["volumes"] == ["./v:/v"]


def test_a_definition_may_include(tmp_path):
    files = {"inc/c.yaml": "services: {db: {image: x, environment: {W: }}}", "inc/.env": "W=inner"}
    project = load(tmp_path, files, definition={"include": ["inc/c.yaml"]})
    assert project.document["services"]["db"]["environment"] == {"W": None}


def test_what_is_wrong_with_a_definition(tmp_path):
    definition = {"services": {"web": {"image": "x", "ports": ["a:b"], "frob": 1}}}
    assert refused(tmp_path, {}, definition=definition) == [
        "definition: services.web.ports[0]: 'b' is not a port or a range of ports",
        "definition: services.web.frob: unknown key",
    ]


def test_files_are_read_by_who_knows_how(tmp_path):
    files = {"compose.yaml.j2": "services: {a: {image: '{{ image }}', env_file: e.j2}}", "e.j2": "A={{ image }}"}

    def read(path):
        return path.read_text().replace("{{ image }}", "rendered")

    project = load(tmp_path, files, read=read)
    service = project.document["services"]["a"]
    assert (service["image"], service["environment"]) == ("rendered", {"A": "rendered"})
    assert project.files == (tmp_path / "compose.yaml.j2",)


def test_a_folder_may_be_relative(tmp_path, monkeypatch):
    write(tmp_path, {"shop/compose.yaml": "services: {a: {image: x, volumes: ['./v:/v']}}"})
    monkeypatch.chdir(tmp_path)
    project = load_project(Options(directory=Path("shop")))
    assert project.document["services"]["a"]["volumes"][0]["source"] == f"{tmp_path}/shop/v"
    assert project.name == "shop"


def test_where_things_are(tmp_path):
    files = {
        "compose.yaml": "services:\n  a:\n    image: x\n    labels:\n      a: 1\n",
        "compose.override.yaml": "services:\n  a:\n    labels:\n      b: 2\n",
    }
    project = load(tmp_path, files)
    assert project.locate("services.a.image") == ("compose.yaml", 3)
    assert project.locate("services.a.labels.b") == ("compose.override.yaml", 4)
    assert project.locate("services.a.networks") == ("compose.override.yaml", 2)
    assert [path.name for path in project.files] == ["compose.yaml", "compose.override.yaml"]


def test_all_that_is_wrong_at_once(tmp_path):
    text = """
services:
  web:
    image: [x]
    ports:
      - 80
      - "99999"
      - {target: a, foo: 1}
    enviroment: {A: 1}
    networks: [nope]
    secrets:
      - source: nope
    volumes: ["rel:y", ./a:b]
    build: {context: [x], frobnicate: 1}
    depends_on:
      db:
        condition: sleepy
    labels: {l: "${A:?say a}"}
  db: {image: x, deploy: {replicas: many}}
  "a b": {image: x}
  empty: {}
configs:
  c: {file: ../../etc/passwd}
  e: {}
volumes: []
servces: 1
models: {a: {model: b}}
jobs: {a: {image: b}}
"""
    assert refused(tmp_path, text) == [
        f"compose.yaml:{line}"
        for line in (
            "4: services.web.image: must be a string, not a list",
            "7: services.web.ports[1]: '99999' is not a range of ports up to 65535",
            "8: services.web.ports[2].target: must be a whole number",
            "8: services.web.ports[2].foo: unknown key",
            "9: services.web.enviroment: unknown key; did you mean environment?",
            "10: services.web.networks.nope: there is no network nope",
            "12: services.web.secrets[0]: there is no secret nope",
            "13: services.web.volumes[1]: the target must be an absolute path in the container",
            "13: services.web.volumes[0]: the target must be an absolute path in the container",
            "14: services.web.build.context: must be a string, not a list",
            "14: services.web.build.frobnicate: unknown key",
            (
                "17: services.web.depends_on.db.condition: must be one of service_started, service_healthy,"
                " service_completed_successfully"
            ),
            "18: services.web.labels.l: the variable A is not set, and required: say a",
            "19: services.db.deploy.replicas: must be a whole number",
            '20: services["a b"]: a service\'s name is made of letters, digits, ., - and _',
            "21: services.empty: must have an image or a build",
            "23: configs.c.file: leads out of the project",
            "24: configs.e: must have file, environment or content, or be external",
            "25: volumes: must be a mapping, not a list",
            "26: servces: unknown key; did you mean services?",
            "27: models: not supported here: the engine has no models",
            "28: jobs: not supported here: docker compose runs them by a schedule of its own",
        )
    ]


@pytest.mark.parametrize(
    ("files", "options", "problems"),
    [
        ({}, {}, ["there is no compose file in ."]),
        ({}, {"files": ("nope.yaml",)}, ["nope.yaml: no such file or directory"]),
        ({"compose.yaml": ""}, {}, ["compose.yaml: the file is empty"]),
        ({"compose.yaml": "- a"}, {}, ["compose.yaml:1: the top level must be a mapping"]),
        ({"compose.yaml": "services: [web]"}, {}, ["compose.yaml:1: services: must be a mapping"]),
        ({"compose.yaml": A}, {"env_files": ("nope",)}, ["nope: no such file or directory"]),
        (
            {"compose.yaml": "services: {a: {image: x, depends_on: [b]}}", "compose.override.yaml": "services: {b: ["},
            {},
            ["compose.override.yaml:2: not valid YAML"],
        ),
        (
            {"compose.yaml": "services:\n  a: {image: x, models: {m: }, provider: {type: t}, use_api_socket: true}"},
            {},
            [
                "compose.yaml:2: services.a.models: not supported here: the engine has no models",
                "compose.yaml:2: services.a.provider: not supported here: it names a plugin of the docker CLI",
                (
                    "compose.yaml:2: services.a.use_api_socket: not supported here: it hands out the credentials of the"
                    " docker CLI"
                ),
            ],
        ),
    ],
)
def test_what_cannot_be_loaded(tmp_path, files, options, problems):
    found = [line.replace(str(tmp_path), ".") for line in refused(tmp_path, files, **options)]
    assert len(found) == len(problems)
    assert all(line.startswith(problem) for line, problem in zip(found, problems, strict=True)), found


def large(count: int) -> str:
    services = "".join(
        f"""
  s{at}:
    image: "registry.example/app{at}:${{TAG:-latest}}"
    restart: unless-stopped
    environment:
      A: "1"
      B: value{at}
      C: "${{X:-y}}"
    ports:
      - "{10000 + at}:80"
      - "127.0.0.1:{30000 + at}:443"
    volumes:
      - ./data{at}:/data
      - vol{at}:/var/lib
    networks: [front, back]
    depends_on: [s{at + 1}]
    labels:
      - a=b
    healthcheck:
      test: curl x
      interval: 5s"""
        for at in range(count)
    )
    volumes = "".join(f"  vol{at}:\n" for at in range(count))
    return f"services:{services}\n  s{count}:\n    image: x\nnetworks:\n  front:\n  back:\nvolumes:\n{volumes}"


def test_a_thousand_services_take_no_second(tmp_path):
    """Beyond what PyYAML takes by itself; measured as the time of this thread, since others run beside it."""
    text = large(1000)
    write(tmp_path, {"compose.yaml": text})
    start = time.thread_time()
    yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    middle = time.thread_time()
    project = load_project(Options(directory=tmp_path, name="p"))
    end = time.thread_time()
    assert len(project.document["services"]) == 1001
    assert (end - middle) - (middle - start) < 1


def test_the_environment_of_the_process_is_never_read(tmp_path, monkeypatch):
    class Watched(dict):
        def __getitem__(self, key):
            raise AssertionError(key)

        get = __getitem__

    write(tmp_path, {"compose.yaml": 'services: {a: {image: "x$A", environment: [A]}}'})
    monkeypatch.setattr(os, "environ", Watched())
    load_project(Options(directory=tmp_path, name="p"))
