# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done for one host from beginning to end: look, decide, and unless it is only checked, have both sides act.

Knows the order of things. ``ask`` has the host's half do one thing and returns its answer. The folder is locked while
it is read and changed, and never while a host is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ...module_utils.provision.errors import ProvisionError
from ...module_utils.provision.steps import Step
from . import acting, deciding, rotation
from .certificate import Certificate, read, read_all
from .folder import Folder
from .holding import Held
from .issuing import BACKDATED, certificate_text

Ask = Callable[[dict[str, Any]], Mapping[str, Any]]
Result = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One task for one host. ``first`` tells whether no other host of a check told a thing of the folder before."""

    host: str
    names: list[str]
    wish: deciding.Wish
    folder: Folder
    check: bool
    now: datetime
    first: Callable[[str], bool] = bool


def have(case: Case, ask: Ask) -> Result:
    """Have a CA, certificates of the clients, and the host's."""
    seen = ask({"do": "look"})["seen"]
    _check_host(case, seen)
    with case.folder.locked():
        held = case.folder.hold()
        decision = deciding.decide(held, case.wish, case.now)
        work = deciding.decide_host(case.host, seen, decision, case.names, case.wish.terms, case.now)
        _check_foreign(case, seen, held)
        if not case.check:
            acting.Acting(case.folder, case.wish, case.now).carry_out(decision.operations)
            held = case.folder.hold()
            _note_seen(case, held, seen)
    after = _act(case, work, ask) if work.steps and not case.check else seen
    steps = [*_folder_steps(case, decision), *work.steps]
    stale = not after["in_force"] or (case.check and (work.issue or work.trust))
    # An engine that does not run needs no restart to read what it has not read.
    more = {"restart": bool(stale and seen["running"])}
    advice = deciding.advice(held, case.wish, case.now)
    if advice:
        more["warnings"] = advice
    return {**_result(steps, held, case, after), **more}


def confirm(case: Case, ask: Ask) -> Result:
    """Remember with which certificates the host's engine runs, for a rotation that waits for that."""
    seen = {} if case.check else ask({"do": "look"})["seen"]
    with case.folder.locked():
        held = case.folder.hold()
        if seen and seen["in_force"]:
            held = _note_in_force(case, held, seen)
    told = deciding.progress(held, case.wish, case.now)
    return {**_result([], held, case, seen), **({"warnings": told} if told else {})}


def remove(case: Case, ask: Ask) -> Result:
    """Remove the host's certificates; nothing waits for the host any more."""
    seen = ask({"do": "look"})["seen"]
    steps = [Step("RemoveFile", path, "no certificates are wanted any more") for path in seen["remembered"]]
    if not case.check:
        if steps:
            ask({"do": "remove"})
        if case.folder.path.is_dir():
            with case.folder.locked():
                acting.forget(case.folder, case.folder.records().get(case.host))
    plan = [str(step) for step in steps]
    return {"changed": bool(plan), "plan": plan, "rotation": rotation.NONE, "waits_for": []}


def _act(case: Case, work: deciding.HostWork, ask: Ask) -> Mapping[str, Any]:
    """Have the host's files as decided; return what it looks like then."""
    request = ask({"do": "request", "name": case.host, "new_key": work.new_key})["request"] if work.issue else ""
    certificate = ""
    with case.folder.locked():
        held = case.folder.hold()
        if request:
            made = acting.sign_request(case.folder, held, request, case.host, case.names, case.wish.terms, case.now)
            # Remembered first: a rotation would not wait for a host that has a certificate nobody knows of.
            acting.note_issued(case.folder, held, case.host, made.ends)
            certificate = certificate_text(made.parsed).decode()
        authorities = case.folder.bundle(held).decode() if work.trust else ""
    seen: Mapping[str, Any] = ask({"do": "install", "authorities": authorities, "certificate": certificate})["seen"]
    return seen


def _folder_steps(case: Case, decision: deciding.Decision) -> list[Step]:
    """Return the folder's steps. A check does none of them, so the first host alone tells them, as it would do them."""
    steps = [operation.step for operation in decision.operations]
    return [step for step in steps if not case.check or case.first(f"{case.wish.path} {step}")]


def _certificate(seen: Mapping[str, Any]) -> Certificate | None:
    return read((seen["files"]["cert"]["text"] or "").encode()) if seen else None


def _note_seen(case: Case, held: Held, seen: Mapping[str, Any]) -> None:
    """Remember a host with a certificate that nobody remembers: the folder's notes may have been lost."""
    certificate = _certificate(seen)
    if certificate and case.host not in held.records:
        acting.note_issued(case.folder, held, case.host, certificate.ends)


def _note_in_force(case: Case, held: Held, seen: Mapping[str, Any]) -> Held:
    """Remember with what a host's engine runs; return the folder as it is then."""
    certificate = _certificate(seen)
    trusts = frozenset(one.fingerprint for one in read_all((seen["files"]["ca"]["text"] or "").encode()))
    issuers = [one for one in (held.current, held.former) if one and certificate and certificate.issued_by(one)]
    acting.note_in_force(case.folder, held, case.host, trusts, issuers[0].fingerprint if issuers else "")
    return case.folder.hold()


def _check_host(case: Case, seen: Mapping[str, Any]) -> None:
    if not seen["openssl"] and not case.check:
        raise ProvisionError(f"there is no openssl on {case.host}, which makes its key: install the package openssl")
    clock = datetime.fromtimestamp(seen["clock"], timezone.utc)
    if clock < case.now - BACKDATED or clock > case.now + timedelta(days=case.wish.terms.days):
        raise ProvisionError(
            f"on {case.host} it is {clock:%Y-%m-%d %H:%M} UTC, here {case.now:%Y-%m-%d %H:%M} UTC: it would refuse "
            "certificates that are made now. Set its clock"
        )


def _check_foreign(case: Case, seen: Mapping[str, Any], held: Held) -> None:
    """Raise ProvisionError where somebody else's certificates are in the place of ours."""
    certificate = _certificate(seen)
    known = [one for one in (held.current, held.next, held.former) if one]
    if seen["ours"] or (certificate and any(certificate.issued_by(one) for one in known)):
        return
    raise ProvisionError(
        f"{case.host} has {', '.join(seen['there'])}, neither of this CA nor put there by this role: move them away, "
        "and run again"
    )


def _result(steps: list[Step], held: Held, case: Case, seen: Mapping[str, Any]) -> Result:
    result: Result = {
        "changed": bool(steps),
        "plan": [str(step) for step in steps],
        "rotation": rotation.phase(held),
        "waits_for": rotation.waits_for(held, case.wish.clients, case.now),
    }
    certificate = _certificate(seen)
    if certificate:
        result["expires"] = certificate.ends.isoformat()
        result["days_left"] = (certificate.ends - case.now).days
    if held.current:
        result["ca_expires"] = held.current.ends.isoformat()
    return result
