# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stack is read from: variables, templates, vaults, definitions in the playbook; and mistakes in any of it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts import Host
from tests.integration import compose, scene
from tests.integration.compose import CREATE, REPLACE, SLEEP, kinds, stack
from tests.integration.playbook import Playbook, environment

VARIABLES = """
    services:
      web:
        image: stowage-test/web:${TAG}
        command: [sleep, "1000"]
        stop_grace_period: 0s
        environment:
          TASK: ${TASK}
          INVENTORY: ${INVENTORY}
          FILE: ${FILE}
          CONTROLLER: ${CONTROLLER:-unset}
          PRICE: "5$$"
          PASSED:
          FILE_PASSED:
"""
TEMPLATE = """
    services:
    {% for name in names %}
      {{ name }}:
        image: stowage-test/web:1
        command: [sleep, "1000"]
        stop_grace_period: 0s
        environment: {HOST: {{ inventory_hostname }}, KEPT: "${FILE}"}
    {% endfor %}
"""


def variables_of(seen: dict, name: str) -> dict[str, str]:
    return {
        key: value
        for key, sign, value in (entry.partition("=") for entry in seen["containers"][name]["Config"]["Env"])
        if sign
    }


@pytest.mark.flavour_in_turn
def test_variables_come_from_task_inventory_and_project_in_that_order(place: Host, tmp_path: Path) -> None:
    files = {"compose.yaml": VARIABLES, ".env": "TASK=file\nINVENTORY=file\nFILE=file\nTAG=1\nFILE_PASSED=file\n"}
    shop = compose.write_project(tmp_path / "shop", files)
    play = Playbook(place, TASK="inventory", INVENTORY="inventory")
    play.converge("first", "stack", stack(shop, env={"TASK": "task"}))
    play.snapshot("first seen")
    play.converge("other tag", "stack", stack(shop, env={"TASK": "task", "TAG": 2}))
    play.snapshot("other seen")
    outcome = play.run(
        environ={"CONTROLLER": "leaked", "PASSED": "leaked", "FILE": "leaked", "COMPOSE_PROJECT_NAME": "leaked"}
    )

    assert kinds(outcome, "first") == sorted([*CREATE, "CreateNetwork"])
    found = variables_of(outcome.json("first seen"), "shop-web-1")
    assert {key: found.get(key) for key in ("TASK", "INVENTORY", "FILE", "CONTROLLER", "PRICE", "PASSED", "FILE_PASSED")} == {
        "TASK": "task", "INVENTORY": "inventory", "FILE": "file", "CONTROLLER": "unset", "PRICE": "5$",
        "PASSED": None, "FILE_PASSED": "file",
    }  # fmt: skip
    assert kinds(outcome, "other tag") == sorted(REPLACE)
    other = outcome.json("other seen")
    assert other["containers"]["shop-web-1"]["Image"] == other["images"][f"{scene.WEB}:2"]


@pytest.mark.flavour_in_turn
def test_templates_and_vaults(place: Host, tmp_path: Path) -> None:
    shop = compose.write_project(tmp_path / "shop", {"compose.yaml.j2": TEMPLATE, ".env": "FILE=kept in a vault\n"})
    password = tmp_path / "password"
    password.write_text("correct horse\n")
    encrypt = [
        Path(sys.executable).parent / "ansible-vault",
        "encrypt",
        "--vault-password-file",
        password,
        shop / ".env",
    ]
    subprocess.run(encrypt, check=True, capture_output=True, env=environment(tmp_path))
    assert "kept" not in (shop / ".env").read_text()
    play = Playbook(place, names=["web", "db"])
    play.converge("up", "stack", stack(shop))
    play.snapshot("up seen")
    play.converge("fewer", "stack", stack(shop), vars={"names": ["web"]})
    outcome = play.run("--vault-password-file", str(password))

    assert kinds(outcome, "up") == sorted(CREATE * 2 + ["CreateNetwork"])
    found = variables_of(outcome.json("up seen"), "shop-db-1")
    assert (found["HOST"], found["KEPT"]) == (place.name, "kept in a vault")
    assert kinds(outcome, "fewer") == sorted(compose.REMOVE)


@pytest.mark.flavour_in_turn
def test_mistakes_are_named_with_file_line_and_path_and_nothing_is_changed(place: Host, tmp_path: Path) -> None:
    good = {"services": {"web": SLEEP}}
    wrong = {
        "keys": ("services:\n  web:\n    image: a\n    imag: b\n    ports: [a:b]\n", [
            "compose.yaml:4: services.web.imag: ",
            "compose.yaml:5: services.web.ports[0]: ",
        ]),
        "references": ("services:\n  web:\n    image: a\n    networks: [nowhere]\n    volumes: [gone:/data]\n    secrets: [key]\n", [
            "compose.yaml:4: services.web.networks.nowhere: ",
            "compose.yaml:5: services.web.volumes[0]: ",
            "compose.yaml:6: services.web.secrets[0]: ",
        ]),
        "cycle": ("services:\n  a:\n    image: a\n    depends_on: [b]\n  b:\n    image: a\n    depends_on: [a]\n", ["compose.yaml:4: services.a.depends_on: ", "a -> b -> a"]),
        "outside": ("services:\n  web:\n    image: a\n    configs: [c]\nconfigs:\n  c:\n    file: ../c\n", ["compose.yaml:7: configs.c.file: "]),
        "variable": ("services:\n  web:\n    image: ${TAG:?say which}\n", ["compose.yaml:3: services.web.image: ", "say which"]),
        "syntax": ("services:\n  web: [\n", ["compose.yaml:3: not valid YAML"]),
        "twice": ("services:\n  web:\n    image: a\n  web:\n    image: b\n", ["compose.yaml:4: services.web"]),
        "model": ("services:\n  web:\n    image: a\n    provider: {type: b}\n", ["compose.yaml:4: services.web.provider: "]),
    }  # fmt: skip
    play = Playbook(place)
    play.task("good", "stack", {"name": "shop", "definition": good, "monitor": 0})
    play.snapshot("before")
    for label, (text, _) in wrong.items():
        folder = compose.write_project(tmp_path / label, {"compose.yaml": text})
        play.task(label, "stack", stack(folder, name="shop"))
    play.task("missing", "stack", stack(tmp_path / "nowhere"))
    play.task("inline", "stack", {"name": "shop", "definition": {"services": {"web": {**SLEEP, "expos": ["80"]}}}})
    beside = {"stacks": {"shop": {"src": str(tmp_path / "keys")}}, "containers": {"own": SLEEP}}
    play.task("beside others", "host", beside)
    play.snapshot("after")
    outcome = play.run()

    outcome.ok("good")
    for label, (_, expected) in wrong.items():
        message = outcome.failed(label)
        for text in expected:
            assert text in message, f"{label}: {message}"
        assert "nothing was changed" in message, label
        assert outcome[label]["changed"] is False
    assert "nowhere" in outcome.failed("missing")
    assert "definition: services.web.expos: " in outcome.failed("inline")
    assert "compose.yaml:4: services.web.imag: " in outcome.failed("beside others")
    before, after = outcome.json("before"), outcome.json("after")
    assert before["containers"] == after["containers"]
    assert (set(before["networks"]), set(before["volumes"])) == (set(after["networks"]), set(after["volumes"]))


@pytest.mark.flavour_in_turn
def test_images_are_built_from_the_project(place: Host, tmp_path: Path) -> None:
    service = {**SLEEP, "build": {"context": "./app", "args": {"WORD": "${WORD}"}}}
    del service["image"]
    files = {
        "compose.yaml": json.dumps({"services": {"web": service, "twin": {**SLEEP, "image": "shop-web"}}}),
        "app/Dockerfile": "FROM stowage-test/web:1\nARG WORD\nRUN echo $WORD >/word\nCOPY page /www/index.html\n",
        "app/page": "first\n",
    }
    first = compose.write_project(tmp_path / "first/shop", files)
    second = compose.write_project(tmp_path / "second/shop", {**files, "app/page": "second\n"})
    play = Playbook(place)
    play.converge("up", "stack", stack(first, env={"WORD": "a"}))
    play.snapshot("up seen")
    play.converge("not built", "stack", stack(second, env={"WORD": "b"}, build=False))
    play.converge("content", "stack", stack(second, env={"WORD": "a"}))
    play.converge("argument", "stack", stack(second, env={"WORD": "b"}))
    play.snapshot("argument seen")
    play.converge("gone", "stack", {"name": "shop", "state": "absent"})
    play.snapshot("end")
    outcome = play.run()

    assert kinds(outcome, "up") == sorted(["BuildImage", "CreateNetwork", *CREATE * 2])
    up, seen = outcome.json("up seen"), outcome.json("argument seen")
    image = up["images"]["shop-web:latest"]
    assert {entry["Image"] for entry in up["containers"].values()} == {image}
    assert up["labels"][image]["com.docker.compose.service"] == "web"
    assert kinds(outcome, "not built") == []
    for label in ("content", "argument"):
        assert kinds(outcome, label) == sorted(["BuildImage", "RemoveImage", *REPLACE * 2])
    assert image not in seen["labels"], "what was built before is gone"
    kinds(outcome, "gone")
    assert sorted(outcome.json("end")["images"]) == [f"{scene.WEB}:1", f"{scene.WEB}:2"]


@pytest.mark.flavour_in_turn
def test_files_arrive_whatever_the_way(place: Host, tmp_path: Path) -> None:
    """As a job, through sudo, and without pipelining."""
    service = {**SLEEP, "volumes": ["./conf:/conf:ro"]}
    files = {"compose.yaml": json.dumps({"services": {"web": service}}), "conf/big": "0123456789" * 30_000}
    folder = compose.write_project(tmp_path / "shop", files)
    variables = {"ansible_user": "deploy", "ansible_become": True, "ansible_pipelining": False}
    found = "cat /var/lib/stowage/stacks/shop/conf/big | sha256sum"
    play = Playbook(place, **variables)
    play.task("sudo", "stack", stack(folder))
    play.task("sudo file", "ansible.builtin.raw", found)
    (folder / "conf/big").write_text("9876543210" * 30_000)
    outcome = play.run()
    (folder / "conf/big").write_text("9876543210" * 20_000)
    job = Playbook(place)
    job.task("job", "stack", stack(folder), **{"async": 60, "poll": 1})
    job.task("job file", "ansible.builtin.raw", found)
    after = job.run()

    for result, label, count in ((outcome, "sudo", 30_000), (after, "job", 20_000)):
        assert "WriteFile" in str(result.ok(label)["plan"])
        assert result.ok(f"{label} file")["stdout"].split()[0] == hashlib.sha256(b"9876543210" * count).hexdigest()
