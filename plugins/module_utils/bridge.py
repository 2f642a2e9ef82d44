# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that knows both Ansible and the runtime: options to a request, an answer to a result.

Used by the action plugins on the controller and by the modules on a host, so that both say the same.
"""

# The action plugins need neither AnsibleModule nor the runtime, a module both.
# ruff: noqa: PLC0415
from __future__ import annotations

import json
import os
import re
from typing import Any, Dict, Iterable, List, Mapping, Tuple

from .options import (
    container,
    host,
    host_info,
    image,
    network,
    peer,
    rollback,
    runtime_info,
    stack,
    stack_info,
    volume,
)
from .options.common import OptionError, Spec, engine_of, is_settled

REQUEST_FILE = "_request_file"
# The module's name -> the section of a manifest that holds its one object.
SECTIONS = {"container": "containers", "image": "images", "network": "networks", "volume": "volumes"}
_DECLARING = {
    "host": host,
    "container": container,
    "image": image,
    "network": network,
    "volume": volume,
    "stack": stack,
}
_ASKING = {"host_info": host_info, "rollback": rollback, "runtime_info": runtime_info, "stack_info": stack_info}
# Answered by the runtime that keeps a host, and by no other.
_RESIDENT = ("rollback", "runtime_info")
_REFUSED: Dict[str, Mapping[str, str]] = {
    "container": peer.REFUSED,
    "image": image.REFUSED,
    "network": network.REFUSED,
    "stack": stack.REFUSED,
}


def argument_spec(kind: str) -> Spec:
    """The options of a module, as AnsibleModule takes them."""
    return _ASKING[kind].SPEC if kind in _ASKING else _DECLARING[kind].SPEC


def sort_options(kind: str, given: Mapping[str, Any]) -> Tuple[Dict[str, Any], List[str]]:
    """The options that exist, and a sentence for each of the others and for each that is given twice."""
    spec, reasons = argument_spec(kind), _REFUSED.get(kind, {})
    names = {alias: name for name, option in spec.items() for alias in (name, *option.get("aliases", ()))}
    known: Dict[str, Any] = {}
    problems: List[str] = []
    written: Dict[str, str] = {}
    for key, value in given.items():
        name = names.get(key)
        if key in reasons:
            if not is_settled(key, value):
                problems.append(f"{key}: not supported: {reasons[key]}")
        elif name is None:
            problems.append(f"{key}: there is no such option{_nearest(key, names)}")
        elif name in written:
            problems.append(f"{key}: is another name of {written[name]}, which is set too")
        else:
            written[name] = key
            known[key] = value
    return known, problems


def _nearest(key: str, names: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(key, names, 1)
    return f"; did you mean {near[0]}?" if near else ""


def request_from(kind: str, params: Mapping[str, Any], *, check: bool) -> Dict[str, Any]:
    """The request that options mean. Raises OptionError with everything that is wrong with them."""
    request: Dict[str, Any] = {"version": 1, "engine": engine_of(params)}
    if kind in _ASKING:
        return {**request, "do": _ASKING[kind].DO, "info": _ASKING[kind].question_of(params), "check": check}
    problems: List[str] = []
    manifest = {"version": 1, **_DECLARING[kind].manifest_of(params, problems)}
    if problems:
        raise OptionError(problems)
    request.update(do="converge", check=check, lock_timeout=params["lock_timeout"], manifest=manifest)
    # What was declared last is kept per scope; a scope of single objects was never declared as a whole.
    request["remember"] = kind in ("host", "stack")
    return request


def result_from(kind: str, request: Mapping[str, Any], answer: Mapping[str, Any], *, diff: bool) -> Dict[str, Any]:
    """What the task returns. Warnings are left in: how to show them depends on who returns it."""
    result = {key: value for key, value in answer.items() if key not in ("needed_files", "msg")}
    result.setdefault("changed", False)
    result["failed"] = bool(answer.get("failed"))
    if answer.get("problems"):
        result["msg"] = refusal(kind, answer["problems"])
    elif answer.get("msg"):
        result["msg"] = answer["msg"]
    if kind in SECTIONS:
        _single(kind, request, result)
    if kind == "stack":
        _single_stack(result)
    if diff and "plan" in result:
        result["diff"] = {"prepared": "".join(f"{line}\n" for line in result["plan"])}
    return result


def refusal(kind: str, problems: List[Mapping[str, str]]) -> str:
    """One text for all problems of a declaration, each with the path of what is wrong."""
    lines = list(dict.fromkeys(f"{_path(kind, problem['path'])}: {problem['message']}" for problem in problems))
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    return f"the declaration was refused ({count}), and nothing was changed:\n" + "\n".join(lines)


def _path(kind: str, path: str) -> str:
    """The path as the task has it: below the document for host, the option alone for a single object."""
    path = path.removeprefix("$.")
    if kind == "stack" and path.startswith("stacks"):
        return re.sub(r'\Astacks(\.[\w-]+|\["[^"]*"\])\.?', "", path) or "name"
    section = SECTIONS.get(kind)
    if section is None or not path.startswith(section):
        return path
    rest = path[len(section) :]
    if rest.startswith('["'):
        return rest.partition('"]')[2].lstrip(".") or "name"
    return rest.lstrip(".").partition(".")[2] or "name"


def _single(kind: str, request: Mapping[str, Any], result: Dict[str, Any]) -> None:
    """Put the one object under the module's own name, in place of the sections with all."""
    found: Mapping[str, Any] = {}
    for name, section in SECTIONS.items():
        objects = result.pop(section, None) or {}
        if name == kind:
            found = objects
    names = list(request["manifest"][SECTIONS[kind]])
    result[kind] = found.get(names[0]) or (next(iter(found.values())) if len(found) == 1 else {})


def _single_stack(result: Dict[str, Any]) -> None:
    """Put what is known of the one stack under the module's own name."""
    stacks = result.pop("stacks", None) or {}
    result["stack"] = next(iter(stacks.values()), {})


def run_module(kind: str) -> None:
    """Be the module: read the options, ask the runtime in this process, return what it says.

    An action plugin that cannot stay until the end hands over a file with the whole request. It is not
    an option: options are written to the host's log, and a request holds secrets.
    """
    from ansible.module_utils.basic import AnsibleModule

    module = AnsibleModule(argument_spec=argument_spec(kind), supports_check_mode=True)
    from .stowage.request import answer

    try:
        request = _handed_over(module.params) or request_from(kind, module.params, check=module.check_mode)
    except OptionError as error:
        module.fail_json(msg=str(error))
    if kind in _RESIDENT:
        from .stowage.handing import ask_resident

        answer = ask_resident
    result = result_from(kind, request, answer(request), diff=module._diff)  # noqa: SLF001  modules have no other way to know
    for warning in result.pop("warnings", None) or ():
        module.warn(warning)
    # Options hold secrets under keys that no rule of names finds; so none of them is returned.
    result["invocation"] = {"module_args": {}}
    if result.pop("failed"):
        module.fail_json(**{"msg": "failed", **result})
    module.exit_json(**result)


def _handed_over(params: Mapping[str, Any]) -> Dict[str, Any]:
    path = params.get(REQUEST_FILE)
    if not path:
        return {}
    with open(path, encoding="utf-8") as file:
        request = dict(json.load(file))
    # It holds secrets, and a job's folder outlives the job by some seconds.
    os.unlink(path)
    return request
