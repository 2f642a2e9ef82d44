# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tasks on test hosts through ansible-playbook over ssh, as a user does, and reads what came of them.

One start of ansible-playbook costs about a second, so a test writes many tasks into one Playbook. A
failed task does not end it: what failed is the test's to look at.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.hosts import Host

from . import scene

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "stowage.docker"
PHASES = ("check", "apply", "again")


def environment(folder: Path) -> dict[str, str]:
    """The environment of an ansible command that sees this tree's collection and nothing of the machine's."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "DOCKER_"))}
    return kept | {
        "ANSIBLE_CONFIG": str(ROOT / "tools" / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"),
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "recorder",
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
        "RECORDER_FILE": str(folder / "results"),
        "LC_ALL": "C.UTF-8",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


class Playbook:
    """Tasks for one host, gathered and then run at once."""

    def __init__(self, host: Host, **variables: Any) -> None:
        self._host = host
        self._variables = variables
        self._tasks: list[dict[str, Any]] = []

    def task(self, label: str, module: str, arguments: Any, **keywords: Any) -> None:
        """One task under a label of its own. A module without a dot is one of ours."""
        name = module if "." in module else f"{COLLECTION}.{module}"
        self._tasks.append({"name": label, name: arguments, "ignore_errors": True, **keywords})

    def converge(self, label: str, module: str, arguments: Mapping[str, Any], **keywords: Any) -> None:
        """Check, apply, apply again; ``Outcome.converged`` holds the three against each other."""
        self.task(f"{label}/check", module, arguments, check_mode=True, diff=True, **keywords)
        self.task(f"{label}/apply", module, arguments, diff=True, **keywords)
        self.task(f"{label}/again", module, arguments, diff=True, **keywords)

    def engine(self, label: str, method: str, path: str, body: Any = None) -> None:
        """Ask the host's engine between two tasks."""
        self.task(label, "ansible.builtin.raw", scene.command(method, path, body))

    def snapshot(self, label: str) -> None:
        self.task(label, "ansible.builtin.raw", f"{scene.COMMAND} snapshot")

    def run(
        self, *arguments: str, environ: Mapping[str, str] | None = None, inventory: Mapping[str, Any] | None = None
    ) -> Outcome:
        """Run the tasks; returns once ansible-playbook has ended."""
        with tempfile.TemporaryDirectory(prefix="stowage-test-") as name:
            process = self.start(Path(name), *arguments, environ=environ, inventory=inventory)
            text = process.communicate(timeout=900)[0]
            return Outcome(process.returncode, text, recorded(Path(name)))

    def start(
        self,
        folder: Path,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        inventory: Mapping[str, Any] | None = None,
    ) -> subprocess.Popen[str]:
        """Begin to run the tasks, with all files in the folder."""
        variables = {**self._host.inventory_vars(), **self._variables, **(inventory or {})}
        hosts = {"all": {"hosts": {self._host.name: variables}}}
        (folder / "inventory.json").write_text(json.dumps(hosts))
        (folder / "play.json").write_text(
            json.dumps([{"hosts": self._host.name, "gather_facts": False, "tasks": self._tasks}])
        )
        command = [Path(sys.executable).parent / "ansible-playbook", "-i", folder / "inventory.json"]
        return subprocess.Popen(
            [*command, *arguments, folder / "play.json"],
            env={**environment(folder), **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def recorded(folder: Path) -> dict[str, Any]:
    """Each task's result by its label."""
    try:
        lines = (folder / "results").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {entry["task"]: entry["result"] for entry in map(json.loads, lines)}


class Outcome:
    """What came of a playbook: its exit code, what it printed, each task's result."""

    def __init__(self, code: int, text: str, results: Mapping[str, Any]) -> None:
        self.code = code
        self.text = text
        self.results = results

    def __getitem__(self, label: str) -> dict[str, Any]:
        assert label in self.results, f"{label} was not run:\n{self.text[-3000:]}"
        return dict(self.results[label])

    def ok(self, label: str) -> dict[str, Any]:
        """The result of a task that has to have succeeded."""
        result = self[label]
        assert not result.get("failed"), f"{label}: {json.dumps(result, indent=1)[-4000:]}"
        return result

    def failed(self, label: str) -> str:
        """The message of a task that has to have failed."""
        result = self[label]
        assert result.get("failed"), f"{label} did not fail: {result.get('plan')}"
        return str(result["msg"])

    def json(self, label: str) -> Any:
        """What the engine answered."""
        return json.loads(self.ok(label)["stdout"])

    def converged(self, label: str, *kinds: str) -> dict[str, Any]:
        """The apply of a ``converge``: it did what check said, and nothing was left for the one after it.

        ``kinds`` are the operations that have to be in the plan, in that order; none: nothing to do.
        """
        check, apply, again = (self.ok(f"{label}/{phase}") for phase in PHASES)
        assert check["plan"] == apply["plan"], f"{label}: check and apply disagree\n{check['plan']}\n{apply['plan']}"
        assert check["diff"] == apply["diff"], f"{label}: check's diff is another one"
        assert {step["status"] for step in check["operations"]} <= {"planned"}, label
        assert {step["status"] for step in apply["operations"]} <= {"done"}, label
        assert check["changed"] is apply["changed"] is bool(apply["plan"]), f"{label}: {apply['plan']}"
        assert (again["plan"], again["changed"]) == ([], False), f"{label}: the second run found work"
        found = operations(apply)
        assert found == list(kinds), f"{label}: {apply['plan']}"
        return apply


def operations(result: Mapping[str, Any]) -> list[str]:
    """The kinds of a plan's operations in order, without the waits, which say more about timing than about work."""
    return [step["operation"] for step in result["operations"] if not step["operation"].startswith("Wait")]
