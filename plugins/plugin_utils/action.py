# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of every module: options in, one question to the host, one result out.

Knows the order of things and Ansible's plugin interface. What options mean is the bridge's, how the
question travels is the delivery's, which files go along is the sources'.
"""

# ruff: noqa: SLF001  what Ansible offers to action plugins begins with an underscore
from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ..module_utils import bridge
from ..module_utils.options.common import OptionError
from ..module_utils.stowage.content import ContentError
from .delivery import Delivery
from .projects import Controller, Stacks
from .sources import Sources
from .templates import Texts

COLLECTION = "stowage.docker"


class DeclaringAction(ActionBase):
    """Base of all action plugins here; ``KIND`` is the module's name without the collection."""

    KIND = ""
    _supports_async = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        try:
            request = self._request()
        except OptionError as error:
            return {"changed": False, "failed": True, "msg": str(error)}
        texts = Texts(self, task_vars)
        controller = Controller(self._find, texts.read, texts.content, texts.variable)
        stacks = Stacks(request.get("manifest") or {}, controller)
        if stacks.problems:
            answer = {"failed": True, "changed": False, "problems": stacks.problems}
            return bridge.result_from(self.KIND, request, answer, diff=False)
        result = self._converge(request, stacks, task_vars)
        if stacks.warnings:
            result["warnings"] = [*stacks.warnings, *(result.get("warnings") or ())]
        return result

    def _converge(self, request: dict[str, Any], stacks: Stacks, task_vars: dict[str, Any]) -> dict[str, Any]:
        sources = Sources(request.get("manifest") or {}, self._find, stacks.contents)
        delivery = Delivery(self, task_vars)
        if self._task.async_val or getattr(self._connection._shell, "_IS_WINDOWS", False):
            return self._run_module(request, sources, delivery, task_vars)
        answer = self._ask(request, sources, delivery)
        for problem in answer.get("problems") or ():
            problem["path"] = stacks.locate(problem["path"])
        result = bridge.result_from(self.KIND, request, answer, diff=bool(self._task.diff))
        if result["failed"]:
            result.setdefault("msg", "failed; see failures")
        return result

    def _ask(self, request: dict[str, Any], sources: Sources, delivery: Delivery) -> Mapping[str, Any]:
        if sources.problems:
            # Asked all the same, for what else is wrong; nothing can be changed by a look.
            request["check"] = True
            problems = [*sources.problems, *(delivery.ask(request).get("problems") or ())]
            return {"failed": True, "changed": False, "problems": problems}
        answer = delivery.ask(request)
        needed = answer.get("needed_files")
        if not needed:
            return answer
        request["contents"], rest = sources.split(needed)
        request["files"] = _bring(rest, sources, delivery) if rest else {}
        return delivery.ask(request)

    def _run_module(
        self, request: dict[str, Any], sources: Sources, delivery: Delivery, task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        """The module itself, where it has to outlive this task or the shell is not POSIX."""
        if sources.problems:
            answer = {"failed": True, "changed": False, "problems": sources.problems}
            return bridge.result_from(self.KIND, request, answer, diff=False)
        if sources.digests and not request.get("check"):
            request["contents"], rest = sources.split(sources.digests)
            request["files"] = _bring(rest, sources, delivery) if rest else {}
        required = [key for key, option in bridge.argument_spec(self.KIND).items() if option.get("required")]
        with tempfile.NamedTemporaryFile("w", dir=constants.DEFAULT_LOCAL_TMP, encoding="utf-8") as file:
            json.dump(request, file)
            file.flush()
            path = delivery.bring({"request.json": file.name})["request.json"]
        result = self._execute_module(
            f"{COLLECTION}.{self.KIND}",
            {**dict.fromkeys(required, "-"), bridge.REQUEST_FILE: path},
            task_vars=task_vars,
            wrap_async=bool(self._task.async_val),
            ignore_unknown_opts=True,
        )
        return dict(result)

    def _request(self) -> dict[str, Any]:
        given = plain(self._task.args)
        known, problems = bridge.sort_options(self.KIND, given)
        result = ArgumentSpecValidator(bridge.argument_spec(self.KIND)).validate(known)
        problems += result.error_messages
        if problems:
            raise OptionError(problems)
        return bridge.request_from(self.KIND, result.validated_parameters, check=bool(self._task.check_mode))

    def _find(self, path: str) -> str:
        """Where a path of the task leads, by the rules of copy's src. Raises ContentError."""
        try:
            return str(self._find_needle("files", path))
        except AnsibleError as error:
            raise ContentError(" ".join(str(error).split())) from error


def _bring(digests: list[str], sources: Sources, delivery: Delivery) -> dict[str, str]:
    """Transfer these and return each one's path on the host."""
    with tempfile.TemporaryDirectory(dir=constants.DEFAULT_LOCAL_TMP) as folder:
        local = {digest.replace(":", "-"): sources.file(digest, Path(folder)) for digest in digests}
        brought = delivery.bring(local)
    return {digest: brought[digest.replace(":", "-")] for digest in digests}


def plain(value: Any) -> Any:
    """A value as JSON has it: Ansible's own string, mapping and vault types left behind."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str) or hasattr(value, "__ENCRYPTED__"):
        return str.__str__(value) if isinstance(value, str) else str(value)
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
