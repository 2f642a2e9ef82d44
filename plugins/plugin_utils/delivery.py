# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the runtime and a request to a host and an answer back, in one command over the connection.

Knows the parcel (bootstrap, header, runtime, request) and the two ways it travels: on the command's
standard input, or as one file where a connection cannot feed it. Secrets travel in the parcel alone,
never in a command line. Knows nothing of what is asked.
"""

# ruff: noqa: SLF001  what Ansible offers to action plugins begins with an underscore
from __future__ import annotations

import getpass
import json
import re
import secrets
import shlex
import socket
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.utils.display import Display

from ..module_utils.stowage.places import SOCKETS
from .progress import Progress
from .zipapp import join_texts, squeeze_runtime

# Exit code of an interpreter that is too old. 126 and 127 are the shell's: it could not be started.
TOO_OLD = 93
_NOT_THIS_ONE = (TOO_OLD, 126, 127)
_NEWS = 10  # seconds to wait on the host for news of a long run
# Read nothing but the bootstrap's own length and text; old interpreters must be able to parse this line.
_FIRST_STEP = (
    f"import sys;sys.version_info<(3,9)and sys.exit({TOO_OLD});"
    'i=sys.stdin.buffer;s={};exec(i.read(int(i.readline())),s);s["run"](i)'
)
_PLACES = ("python3", "/usr/bin/python3", "/usr/local/bin/python3", "/usr/libexec/platform-python")
# These shape the interpreter's own start, and so must be there before it; none of them holds a secret.
_EARLY = re.compile(r"PATH|LANG|LC_\w+|LD_\w+|PYTHON\w*")
_NEEDS_TERMINAL = re.compile(r"must have a tty|must be run from a terminal|no tty present|askpass", re.IGNORECASE)

display = Display()


class Delivery:
    """One task's way to one host. ``action`` is the running action plugin, whose helpers do the transport."""

    def __init__(self, action: Any, task_vars: Mapping[str, Any]) -> None:
        self._action = action
        self._connection = action._connection
        self._vars = _target_vars(action, task_vars)

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The runtime's answer. Raises AnsibleError where there is none; no secret is in its text."""
        answer = self._exchange(request)
        progress = Progress(str(self._vars.get("inventory_hostname") or ""))
        while "run" in answer and "answer" not in answer:
            progress.show(answer["events"])
            told = self._exchange({"run": answer["run"], "after": answer["next"], "wait": _NEWS})
            if told.get("lost"):
                return self._ask_again(request, progress.changes)
            answer = told
        return dict(answer.get("answer") or answer)

    def _ask_again(self, request: Mapping[str, Any], changes: bool) -> dict[str, Any]:
        """The runtime was restarted in the middle. It finishes what it began, and a second request waits for that."""
        if request.get("do") == "rollback":  # would go back from where the first one led
            text = "the runtime was restarted in the middle, and finishes what it began; `stowage history` tells how"
            return {"changed": True, "failed": True, "msg": text}
        answer = self.ask(request)
        return {**answer, "changed": bool(answer.get("changed") or changes)}

    def _exchange(self, request: Mapping[str, Any]) -> dict[str, Any]:
        mark = f"<<stowage {secrets.token_hex(8)}>>"
        environment: dict[str, Any] = {}
        self._action._compute_environment_string(environment)
        early = {key: str(value) for key, value in environment.items() if _EARLY.fullmatch(key)}
        late = {key: str(value) for key, value in environment.items() if key not in early}
        command = self._command()
        if early:
            command = f"{self._connection._shell.env_prefix(**early)} {command}"
        result = self._run(command, _parcel(mark, late, request))
        return _read_answer(result, mark, self._interpreters())

    def folder(self) -> str:
        """A private folder on the host, removed when the task ends."""
        shell = self._connection._shell
        if shell.tmpdir is None:
            self._action._make_tmp_path()
        return str(shell.tmpdir)

    def bring(self, paths: Mapping[str, str]) -> dict[str, str]:
        """Transfer files (name on the host: path here) into ``folder``; each name's path on the host."""
        folder = self.folder()
        brought = {name: self._connection._shell.join_path(folder, name) for name in paths}
        for name, path in paths.items():
            self._action._transfer_file(path, brought[name])
        self._action._fixup_perms2([folder, *brought.values()], execute=False)
        return brought

    def _run(self, command: str, parcel: bytes) -> Mapping[str, Any]:
        if self._feeds_input():
            result = self._action._low_level_execute_command(command, in_data=parcel)
            if result["rc"] == 0 or not _NEEDS_TERMINAL.search(result["stderr"]):
                return dict(result)
            display.vvv("privileges cannot be had without a terminal here: sending the parcel as a file")
        path = self._connection._shell.join_path(self.folder(), "parcel")
        self._action._transfer_data(path, parcel)
        self._action._fixup_perms2([self.folder(), path], execute=False)
        return dict(self._action._low_level_execute_command(f"{command} < {shlex.quote(path)}"))

    def _feeds_input(self) -> bool:
        """Whether a command's input reaches it. Pipelining switched off matters only where a password is typed."""
        connection = self._connection
        if constants.DEFAULT_KEEP_REMOTE_FILES or not connection.has_pipelining:
            return False
        become = connection.become
        if become is None or connection.is_pipelining_enabled():
            return True
        return bool(become.pipelining and not become.expect_prompt())

    def _interpreters(self) -> list[str]:
        """The one that is configured, or those to try in turn."""
        configured = constants.config.get_config_value("INTERPRETER_PYTHON", variables=self._vars)
        if isinstance(configured, str):
            configured = self._action._templar.template(configured)
        if configured and not str(configured).startswith("auto"):
            return [str(configured)]
        known = (self._vars.get("ansible_facts") or {}).get("discovered_interpreter_python")
        common = constants.config.get_config_value("INTERPRETER_PYTHON_FALLBACK", variables=self._vars) or ()
        return list(dict.fromkeys(str(name) for name in (known, *common, *_PLACES) if name))

    def _command(self) -> str:
        names = self._interpreters()
        step = shlex.quote(_FIRST_STEP)
        if len(names) == 1:  # may carry arguments, as "/usr/bin/env python3" does
            return f"{names[0]} -c {step}"
        codes = "|".join(str(code) for code in _NOT_THIS_ONE)
        tries = " ".join(shlex.quote(name) for name in names)
        script = (
            f'for p in {tries}; do command -v "$p" >/dev/null 2>&1 || continue; '
            f'"$p" -c {step}; r=$?; case $r in {codes}) ;; *) exit $r;; esac; done; exit {TOO_OLD}'
        )
        return f"/bin/sh -c {shlex.quote(script)}"


def _target_vars(action: Any, task_vars: Mapping[str, Any]) -> Mapping[str, Any]:
    """The variables of the host the command runs on."""
    delegate = action._task.delegate_to
    if delegate:
        return (task_vars.get("ansible_delegated_vars") or {}).get(delegate) or task_vars
    return task_vars


def _parcel(mark: str, environment: Mapping[str, str], request: Mapping[str, Any]) -> bytes:
    bootstrap = join_texts("loader", "bootstrap").encode()
    runtime = squeeze_runtime(Path(str(constants.config.get_config_value("ANSIBLE_HOME"))).expanduser() / "stowage")
    # Who comes back for a run asks the runtime that has it; nothing of this one is needed for that.
    sources = b"" if "run" in request else runtime.content
    body = zlib.compress(json.dumps(request).encode())
    header = {
        "mark": mark,
        "environment": environment,
        "digest": runtime.digest,
        "sources": len(sources),
        "request": len(body),
        "sockets": SOCKETS,
        "by": f"ansible ({getpass.getuser()}@{socket.gethostname()})",
    }
    parts = (bootstrap, json.dumps(header).encode() + b"\n", sources, body)
    return b"%d\n" % len(bootstrap) + b"".join(parts)


def _read_answer(result: Mapping[str, Any], mark: str, interpreters: list[str]) -> dict[str, Any]:
    before, found, rest = str(result["stdout"]).partition(mark)
    text, ended, _after = rest.partition(mark)
    if found and ended:
        answer = json.loads(text)
        return dict(answer)
    if result["rc"] == TOO_OLD or (result["rc"] in _NOT_THIS_ONE and len(interpreters) == 1):
        raise AnsibleActionFail(f"Python >= 3.9 is needed on the host; not found as {', '.join(interpreters)}")
    said = "\n".join(part.strip() for part in (str(result["stderr"]), before) if part.strip())
    raise AnsibleError(f"the host gave no answer (exit code {result['rc']}): {said[-2000:] or 'no output'}")
