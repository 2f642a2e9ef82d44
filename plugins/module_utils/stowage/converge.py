# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use case: observe, plan, and unless only asked, execute and report.

Knows the order of these four and what they hand each other. Everything that looks or acts is another
file's.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Sequence, Tuple, Union

from .engine.auth import find_credential, load_config, server_name
from .engine.client import Engine
from .errors import DeclarationError, EngineError, Problem, StowageError
from .executor import Executor, execute_plan, missing_files
from .manifest import read_manifest
from .model.desired import Desired, Part
from .model.observed import Observed
from .model.operations import Operation
from .model.plan import Plan
from .model.report import Report
from .observer import anonymous, observe_host, observe_trees
from .planner import find_lacking, plan_changes
from .reference import parse
from .secrets import SHORTEST, Redactor, secret_values
from .service.grants import KEPT, SECRETS
from .service.labels import COMPOSE_DIRECTORY, SCOPE
from .walk import Progress

Detail = Callable[[Operation, Mapping[str, Any]], None]
Before = Callable[[Plan, Observed], None]


def _unheard(*_event: Any) -> None:
    """What nobody listens to."""


@dataclass(frozen=True)
class Run:
    """What came of one run. ``report`` is None where only the plan was asked for, or files are missing."""

    plan: Plan
    observed: Observed
    report: Optional[Report] = None
    missing: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Listener:
    """Who hears of progress: the plan, its steps, and what the engine says within one (layers, build output)."""

    planned: Callable[[Plan], None] = _unheard
    progress: Progress = _unheard
    detail: Detail = _unheard


def converge_host(
    engine: Engine,
    parts: Sequence[Part],
    *,
    check: bool = False,
    files: Optional[Mapping[str, Union[str, bytes]]] = None,
    listener: Optional[Listener] = None,
    before: Before = _unheard,
) -> Run:
    """Make the engine hold what is declared; with ``check``, plan and stop.

    Raises DeclarationError where the declaration cannot be met, and EngineError where the engine
    could not be observed. Failures of steps are in the report. ``files`` leads from the digest of content
    brought from the controller to its path here, or to the content itself. ``before`` is called with the plan and
    the snapshot ahead of the first change; what it raises keeps every change from being made.
    """
    files, listener = files or {}, listener or Listener()
    accounts = Accounts(as_one(parts))
    plan, observed = plan_host(engine, parts, accounts)
    if check:
        return Run(plan, observed)
    missing = tuple(missing_files(plan, files))
    if missing:
        return Run(plan, observed, missing=missing)
    before(plan, observed)
    listener.planned(plan)
    return Run(plan, observed, carry_out(engine, parts, plan, accounts, files, listener))


def carry_out(
    engine: Engine,
    parts: Sequence[Part],
    plan: Plan,
    accounts: Accounts,
    files: Mapping[str, Union[str, bytes]],
    listener: Optional[Listener] = None,
) -> Report:
    """Execute a plan that was made of these parts. Failures are in the report, and no secret of theirs is."""
    listener = listener or Listener()
    executor = Executor(engine, accounts.login, accounts.declared, files, listener.detail)
    redactor = Redactor([*secret_values(as_one(parts)), *_brought_secrets(parts, files)])
    return execute_plan(plan, executor, listener.progress, redactor)


def look_after(engine: Engine, run: Run, parts: Sequence[Part]) -> Tuple[Observed, Tuple[str, ...]]:
    """The host after a run, and a warning where it could not be seen: that must not hide what was done to it."""
    if run.report is None or not run.report.changed:
        return run.observed, ()
    try:
        return observe_host(engine, Desired("", containers=as_one(parts).containers), anonymous), ()
    except StowageError as error:
        return run.observed, (f"objects are shown as they were before the run: {error}",)


def _brought_secrets(parts: Sequence[Part], files: Mapping[str, Union[str, bytes]]) -> Iterator[str]:
    """The contents of secrets that came with the request."""
    for desired, _policy in parts:
        for file in desired.files:
            content = files.get(file.digest)
            if file.path.startswith(f"{KEPT}/{SECRETS}/") and isinstance(content, bytes):
                text = content.decode("utf-8", "replace").strip()
                if len(text) >= SHORTEST:
                    yield text


def as_one(parts: Sequence[Part]) -> Desired:
    """All that is declared, whoever owns it: what to look at and whom to log in as."""
    if len(parts) == 1:
        return parts[0].desired
    scopes = [part.desired for part in parts]
    return Desired(
        scope=", ".join(desired.scope for desired in scopes),
        registries={host: login for desired in scopes for host, login in desired.registries.items()},
        images=tuple(image for desired in scopes for image in desired.images),
        networks=tuple(network for desired in scopes for network in desired.networks),
        volumes=tuple(volume for desired in scopes for volume in desired.volumes),
        containers=tuple(container for desired in scopes for container in desired.containers),
    )


def plan_host(engine: Engine, parts: Sequence[Part], accounts: Accounts) -> Tuple[Plan, Observed]:
    """Observe and plan. Raises as ``converge_host`` does; no secret of the declaration is in an error's text."""
    with unsaid(parts):
        parts, observed = observe_parts(engine, parts, accounts)
        return plan_changes(parts, observed), observed


def observe_parts(engine: Engine, parts: Sequence[Part], accounts: Accounts) -> Tuple[Tuple[Part, ...], Observed]:
    """The snapshot that planning these parts needs, and the parts with what only the host could tell of them.

    Raises EngineError, and DeclarationError for what no look at this engine can serve.
    """
    local = engine.address.startswith("unix:")
    if not local:
        _refuse_files(parts)
    observed = observe_host(engine, as_one(parts), accounts.login)
    if local:
        parts = [_where_it_lies(part, observed) for part in parts]
        observed = replace(observed, trees=observe_trees([part.desired for part in parts]))
    return tuple(parts), observed


@contextlib.contextmanager
def unsaid(parts: Sequence[Part]) -> Iterator[None]:
    """Errors raised in here do not quote a secret of the declaration."""
    try:
        yield
    except StowageError as error:
        redacted = Redactor(secret_values(as_one(parts)))(str(error))
        if redacted != str(error):
            raise StowageError(redacted) from None
        raise


def _where_it_lies(part: Part, observed: Observed) -> Part:
    """A stack that goes as a whole, with the directory that its containers were made with; none need be told."""
    desired = part.desired
    if not desired.project or desired.containers or desired.files:
        return part
    ours = [found.labels for found in observed.containers.values() if found.labels.get(SCOPE) == desired.scope]
    known = [labels[COMPOSE_DIRECTORY] for labels in ours if labels.get(COMPOSE_DIRECTORY)]
    return Part(replace(desired, directory=known[0]), part.policy) if known else part


def _refuse_files(parts: Sequence[Part]) -> None:
    """Raises DeclarationError where a stack has files and its engine is another machine's, which has none of them."""
    message = "are for the engine's host, and the engine is reached from elsewhere; run the task on its host"
    problems = [Problem(f"$.stacks.{part.desired.scope}.files", message) for part in parts if part.desired.files]
    if problems:
        raise DeclarationError(problems)


def read_declaration(engine: Engine, manifest: Mapping[str, Any]) -> Tuple[Part, ...]:
    """Parse a manifest. Where it is refused, what the host lacks for it is told in the same breath.

    Raises DeclarationError.
    """
    parts, problems = read_manifest(manifest)
    if not problems:
        return parts
    with contextlib.suppress(EngineError):
        problems += find_lacking(parts, observe_host(engine, Desired(""), anonymous))
    raise DeclarationError(problems)


class Accounts:
    """Credentials for registries: those of the declaration, else those docker has on this host."""

    def __init__(self, desired: Desired) -> None:
        self.declared: Dict[str, Mapping[str, str]] = {}
        for written, login in desired.registries.items():
            server = server_name(written)  # one registry, whether with scheme, path or neither
            entry = {"username": login.username, "password": login.password, "serveraddress": server}
            if login.identity_token:
                entry = {"identitytoken": login.identity_token, "serveraddress": server}
            self.declared[server] = entry
        self._config: Optional[Mapping[str, Any]] = None

    def login(self, reference: str) -> Optional[Mapping[str, str]]:
        """What to log in with for this image, or None to go without."""
        registry = parse(reference).domain
        if server_name(registry) in self.declared:
            return self.declared[server_name(registry)]
        if self._config is None:
            self._config = load_config(os.environ)
        return find_credential(self._config, registry)
