# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the templates of the runtime's service: a unit whose sandbox follows from the variables, and a script."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import jinja2
import pytest

TEMPLATES = Path(__file__).resolve().parents[3] / "roles" / "runtime" / "templates"
VALUES = {"runtime_reaches_out": False, "runtime_writable_paths": [], "runtime_ready_timeout": 60}


def unit(**values):
    """The lines of the unit, as Ansible makes it."""
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
    text = environment.from_string((TEMPLATES / "systemd.j2").read_text()).render({**VALUES, **values})
    return text.splitlines()


def test_a_service_that_tells_nobody_has_no_network():
    lines = unit()
    assert {"PrivateNetwork=yes", "IPAddressDeny=any", "RestrictAddressFamilies=AF_UNIX"} <= set(lines)
    assert not [line for line in lines if "network-online" in line]


def test_a_service_that_tells_somebody_has_a_network_and_waits_for_it():
    lines = unit(runtime_reaches_out=True)
    assert {"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "Wants=network-online.target"} <= set(lines)
    assert not [line for line in lines if line.startswith(("PrivateNetwork", "IPAddress"))]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/srv", 'ReadWritePaths="-/srv"'),
        ("/data/with space", 'ReadWritePaths="-/data/with space"'),
        ("/data/100%", 'ReadWritePaths="-/data/100%%"'),
    ],
)
def test_it_writes_where_it_is_told_to(path, line):
    assert [entry for entry in unit(runtime_writable_paths=[path]) if entry.startswith("ReadWritePaths")] == [
        "ReadWritePaths=-/run/lock",
        line,
    ]


def test_every_line_is_a_comment_a_section_or_a_setting():
    assert [line for line in unit() if line and not line.startswith(("#", "[")) and "=" not in line] == []


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not there")
def test_the_init_script_is_sound():
    done = subprocess.run(
        ["shellcheck", "--shell=sh", TEMPLATES / "sysv.j2"], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
