# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a project is read from."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.compose.files import project_files
from tests.unit.plugin_utils.compose.loading import agree, write


@pytest.mark.parametrize(
    ("there", "named", "found"),
    [
        ("compose.yaml", (), "compose.yaml"),
        ("compose.yml docker-compose.yml", (), "compose.yml"),
        ("docker-compose.yml docker-compose.yaml", (), "docker-compose.yml"),
        ("compose.yaml compose.override.yaml", (), "compose.yaml compose.override.yaml"),
        ("docker-compose.yaml docker-compose.override.yml", (), "docker-compose.yaml docker-compose.override.yml"),
        ("compose.yaml.j2", (), "compose.yaml.j2"),
        ("compose.yaml.j2 compose.override.yml.j2", (), "compose.yaml.j2 compose.override.yml.j2"),
        ("compose.yml compose.yaml.j2", (), "compose.yaml.j2"),
        ("compose.override.yaml", (), ""),
        ("compose.yaml compose.override.yaml x.yaml", ("x.yaml", "sub/y.yaml"), "x.yaml sub/y.yaml"),
        ("", (), ""),
    ],
)
def test_the_names(tmp_path, there, named, found):
    write(tmp_path, dict.fromkeys(there.split(), ""))
    files = project_files(tmp_path, named, [])
    assert [str(file.relative_to(tmp_path)) for file in files] == found.split()


def test_what_is_left_aside_is_told(tmp_path):
    write(tmp_path, {"compose.yaml": "", "docker-compose.yml": ""})
    warnings: list[str] = []
    project_files(tmp_path, (), warnings)
    assert warnings == ["of compose.yaml, docker-compose.yml only compose.yaml is read"]


@pytest.mark.parametrize(
    "files",
    [
        {"compose.yaml": "services: {a: {image: x}}", "compose.override.yaml": "services: {a: {labels: [o=1]}}"},
        {"docker-compose.yml": "services: {a: {image: x}}", "compose.override.yml": "services: {a: {labels: [o=1]}}"},
        {"docker-compose.yml": "services: {a: {image: x}}", "docker-compose.yaml": "services: {a: {image: y}}"},
        {
            "one.yaml": "services: {a: {image: x}}",
            "two.yaml": "services: {a: {labels: [o=1]}}",
            ".env": "COMPOSE_FILE=one.yaml:two.yaml",
        },
        {
            "one.yaml": "services: {a: {image: x}}",
            "two.yaml": "services: {a: {labels: [o=1]}}",
            ".env": "COMPOSE_FILE=one.yaml,two.yaml\nCOMPOSE_PATH_SEPARATOR=,",
        },
    ],
)
def test_as_compose_does(tmp_path, files):
    agree(tmp_path, files)
