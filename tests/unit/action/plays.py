# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real playbooks on this machine, of a copy of the collection in which modules may be stood in for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PLAYBOOK = shutil.which("ansible-playbook", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
ROOT = Path(__file__).parents[3]


def copy_collection(folder, modules=()):
    """Have the collection below a folder; ``modules`` are the texts of some that stand in, by name."""
    collection = folder / "ansible_collections" / "stowage" / "docker"
    shutil.copytree(
        ROOT / "plugins", collection / "plugins", ignore=shutil.ignore_patterns("__pycache__", ".mypy_cache")
    )
    shutil.copytree(ROOT / "meta", collection / "meta")
    shutil.copy(ROOT / "galaxy.yml", collection)
    for name, text in dict(modules).items():
        (collection / "plugins" / "modules" / f"{name}.py").write_text(text)
    return collection


def run(folder, *words):
    """Run ``ansible-playbook`` on this machine with the collection below a folder."""
    return subprocess.run(
        [PLAYBOOK, "-c", "local", *words],
        cwd=folder,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(folder), "ANSIBLE_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=False,
    )


def play(folder, tasks, **more):
    """Run tasks, each named by what it registers, and return what each returned; a task may fail."""
    tasks = [
        {**task, "register": name, "ignore_errors": True, "ignore_unreachable": True} for name, task in tasks.items()
    ]
    names = [task["register"] for task in tasks]
    told = "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
    copy = {"content": told, "dest": str(folder / "told"), "mode": "0600"}
    tasks.append({"ansible.builtin.copy": copy, "delegate_to": "localhost"})
    book = folder / "play.yml"
    book.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks, **more}]))
    done = run(folder, "-i", "localhost,", "-e", f"ansible_python_interpreter={sys.executable}", book)
    assert (folder / "told").exists(), done.stdout + done.stderr
    return json.loads((folder / "told").read_text())
