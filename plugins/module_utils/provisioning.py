# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge between Ansible's modules and ``provision``: the only file that knows both.

A module plans, and unless it only checks, acts; both yield an Outcome, and ``conclude`` makes a result of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, NoReturn, Sequence

from ansible.module_utils.basic import AnsibleModule

from .provision.errors import ProvisionError
from .provision.steps import Step


@dataclass(frozen=True)
class Outcome:
    """What a module found, planned and (unless it only checked) did."""

    plan: Sequence[Step]
    before: str = ""  # for the diff: the state as text, without secrets
    after: str = ""
    facts: Dict[str, Any] = field(default_factory=dict)  # what the module returns besides
    warnings: Sequence[str] = ()


def run(module: AnsibleModule, work: Callable[[Dict[str, Any], bool], Outcome]) -> NoReturn:
    """Do a module's work (``work(options, check)``) and end the module with its result, or with one clear error."""
    try:
        outcome = work(dict(module.params), bool(module.check_mode))
    except (ProvisionError, OSError) as error:
        module.fail_json(msg=str(error))
    for warning in outcome.warnings:
        module.warn(warning)
    result: Dict[str, Any] = {"changed": bool(outcome.plan), "plan": [str(step) for step in outcome.plan]}
    if module._diff and outcome.before != outcome.after:  # noqa: SLF001 - Ansible's own way of asking
        result["diff"] = {"before": outcome.before, "after": outcome.after}
    module.exit_json(**result, **outcome.facts)
