# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role engine refuses before it does anything, in real playbooks on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ansible")
PLAYBOOK = shutil.which("ansible-playbook", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(PLAYBOOK is None, reason="needs ansible-playbook")]
ROLE = Path(__file__).resolve().parents[3] / "roles" / "engine"


def look_ahead(folder, **variables):
    task = {"ansible.builtin.include_role": {"name": str(ROLE), "tasks_from": "preflight"}}
    book = folder / "play.yml"
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": [task]}]))
    return subprocess.run(
        [PLAYBOOK, "-i", "localhost,", "-c", "local", book], cwd=folder, capture_output=True, text=True, check=False
    )


def test_certificates_that_nobody_would_put_in_force_are_refused(tmp_path):
    done = look_ahead(tmp_path, engine_tls=True, engine_configure=False)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "engine_tls needs engine_configure" in done.stdout


@pytest.mark.parametrize(
    "variables",
    [
        {"engine_tls": True},
        {"engine_configure": False},
        {"engine_tls": True, "engine_configure": False, "engine_state": "absent"},
    ],
)
def test_what_can_be_had_passes(tmp_path, variables):
    done = look_ahead(tmp_path, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
