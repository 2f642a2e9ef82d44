# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables and labels that services take from files, as docker compose reads them."""

from __future__ import annotations

import pytest

from tests.unit.plugin_utils.compose.loading import agree, load, refused

ONE, TWO = "A=1\nB=2\nC=3", "D=${A}${B}\nB=4\nE=${B}"
GOOD = {
    "one": "env_file: one",
    "several": "env_file: [one, two]",
    "own-wins": "env_file: [one, two]\nenvironment: {B: own, N: }",
    "own-nothing-wins": "env_file: [one, two]\nenvironment: [B, A=]",
    "not-there": "env_file: [{path: nope, required: false}, {path: one, required: true}]",
    "raw": "env_file: [{path: raw, format: raw}]",
    "twice": "env_file: [one, two, one]",
    "no-files": "env_file: []\nlabel_file: []",
    "label-file": "label_file: labels\nlabels: [b=own]",
    "label-files": "label_file: [labels, more]",
    "name-alone": "environment: [AROUND, NOT_AROUND, OWN=1]",
    "name-without-value": "environment: {AROUND: , NOT_AROUND: , OWN: 1}",
    "build-arguments": "build: {args: [AROUND, NOT_AROUND, OWN=1]}",
    "build-arguments-map": "build: {args: {AROUND: , NOT_AROUND: }}",
}
FILES = {
    "one": ONE,
    "two": TWO,
    "raw": "A=\"q\"\nB=x 'y' # z\n# none\nC=\n",
    "labels": "a=1\nb=2\nc=${a}x\n",
    "more": 'a=3\nd="x y"\n',
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("around", [{"AROUND": "is"}, {"AROUND": "is", "A": "shell", "B": "too"}])
def test_as_compose_does(tmp_path, name, around):
    body = "".join(f"    {line}\n" for line in GOOD[name].splitlines())
    files = {"compose.yaml": f"services:\n  a:\n    image: x\n{body}", **FILES}
    agree(tmp_path, files, environment=around)


def test_files_of_files_that_are_merged(tmp_path):
    files = {
        "a.yaml": "services: {a: {image: x, env_file: one}, b: {image: x, env_file: one}}",
        "b.yaml": "services: {a: {env_file: [two, one]}, b: {env_file: !override [two]}}",
        **FILES,
    }
    agree(tmp_path, files, files=("a.yaml", "b.yaml"))


def test_files_of_what_is_disabled_are_not_read(tmp_path):
    agree(tmp_path, "services: {a: {image: x, env_file: nope, profiles: [p]}, b: {image: b}}")


def test_a_container_before_the_start_has_the_variables_too(tmp_path):
    files = {"compose.yaml": "services: {a: {image: x, env_file: one, pre_start: [{command: c}]}}", **FILES}
    (container,) = load(tmp_path, files).document["services"]["a"]["pre_start"]
    assert container["environment"] == {"A": "1", "B": "2", "C": "3"}


def test_a_container_before_the_start_has_files_of_its_own(tmp_path):
    files = {"compose.yaml": "services: {a: {image: x, pre_start: [{command: c, env_file: one}]}}", **FILES}
    service = load(tmp_path, files).document["services"]["a"]
    assert service["pre_start"][0]["environment"] == {"A": "1", "B": "2", "C": "3"}
    assert "environment" not in service


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ("env_file: nope", ["compose.yaml:4: services.a.env_file[0]: nope: no such file or directory"]),
        (
            "env_file:\n      - {path: nope}\n      - {required: false}\n      - 5",
            [
                "compose.yaml:5: services.a.env_file[0]: nope: no such file or directory",
                (
                    "compose.yaml:6: services.a.env_file[1]: must be a path, or a mapping with path, and perhaps required and"
                    " format"
                ),
                (
                    "compose.yaml:7: services.a.env_file[2]: must be a path, or a mapping with path, and perhaps required and"
                    " format"
                ),
            ],
        ),
        (
            "env_file: [{path: one, format: foo}, {path: two, required: perhaps}, {path: raw, frob: 1}]",
            [
                "compose.yaml:4: services.a.env_file[0].format: must be raw, or left out",
                "compose.yaml:4: services.a.env_file[1].required: must be a boolean, not a string",
                (
                    "compose.yaml:4: services.a.env_file[2]: must be a path, or a mapping with path, and perhaps required and"
                    " format"
                ),
            ],
        ),
        ("env_file: {path: one}", ["compose.yaml:4: services.a.env_file: must be a path or a list of them"]),
        (
            "label_file: [nope, 5]",
            [
                "compose.yaml:4: services.a.label_file[0]: nope: no such file or directory",
                "compose.yaml:4: services.a.label_file[1]: must be a path",
            ],
        ),
        ("env_file: broken", ["broken:2: there is no name before the value"]),
    ],
)
def test_what_is_wrong_with_files(tmp_path, body, problems):
    files = {"compose.yaml": f"services:\n  a:\n    image: x\n    {body}\n", **FILES, "broken": "A=1\n=2\n"}
    assert refused(tmp_path, files) == problems
