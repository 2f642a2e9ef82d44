# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done: in the CA's folder, and for one host. Pure.

The folder's work is a list of operations; a host's work says which of its files are made anew. Check mode stops here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ...module_utils.provision.errors import ProvisionError
from ...module_utils.provision.steps import Step
from . import rotation
from .certificate import Certificate, Terms, read_all, remaining, why_anew
from .holding import NEW, Client, Fingerprints, Held
from .issuing import CLIENT, SERVER

# How many times the time for renewals before a CA's end people are told to rotate it.
_EARLY = 3


@dataclass(frozen=True)
class Wish:
    """What was asked for, of the CA and its clients."""

    path: str
    ca_days: int
    terms: Terms
    clients: tuple[str, ...]
    rotate_before: datetime | None = None
    overlap: timedelta = timedelta(0)


@dataclass(frozen=True)
class Operation:
    """One thing to do in the folder; ``act`` names it for whoever does it."""

    act: str
    step: Step
    client: str = ""
    new_key: bool = False


MAKE = "make"
FINISH = "finish"
ENCRYPT = "encrypt"
PROTECT = "protect"
ISSUE = "issue"
TRUST = "trust"


@dataclass(frozen=True)
class Decision:
    """What is to be done in the folder, and what will be true of it then."""

    operations: tuple[Operation, ...]
    issuer: Certificate | None  # None: still to be made
    trusted: Fingerprints


@dataclass(frozen=True)
class HostWork:
    """What is to be done on a host."""

    steps: tuple[Step, ...]
    new_key: bool
    issue: bool
    trust: bool


def decide(held: Held, wish: Wish, now: datetime) -> Decision:
    """Decide about the folder. Raises ProvisionError where nothing good can come of it."""
    _check_terms(wish)
    if held.current:
        _check_validity(held.current, wish, now)
    operations, after, trusted = _authority(held, wish, now)
    if held.plain_keys:
        operations.append(Operation(ENCRYPT, Step("EncryptKey", f"{wish.path}/ca-key.pem", "a passphrase is set")))
    if held.exposed_keys:
        operations.append(Operation(PROTECT, Step("ProtectKeys", wish.path, "others can read them")))
    for name in sorted({*held.clients, *wish.clients}):
        client = held.clients.get(name, Client(name))
        operations += _client(client, name in wish.clients, after, trusted, wish.terms, now)
    return Decision(tuple(operations), after, trusted)


def decide_host(
    host: str, seen: Mapping[str, Any], decision: Decision, names: Sequence[str], terms: Terms, now: datetime
) -> HostWork:
    """Decide about one host, of which ``seen`` was told by the host itself."""
    files = seen["files"]
    steps = []
    key = files["key"]
    public = key["public"].encode() if key["public"] else None
    if public is None:
        steps.append(Step("MakeKey", host, "is damaged" if key["there"] else "is missing"))
    trust = why_trust_anew(files["ca"]["text"], decision.trusted)
    if trust:
        steps.append(Step("TrustAuthorities", host, trust))
    text = files["cert"]["text"]
    issue = why_anew(text.encode() if text else None, public, decision.issuer, SERVER, names, terms, now)
    if issue:
        steps.append(Step("IssueCertificate", host, issue))
    steps += [Step("Protect", path, cause) for path, cause in sorted(seen["loose"].items())]
    return HostWork(tuple(steps), public is None, bool(issue), bool(trust))


def why_trust_anew(text: str | None, trusted: Fingerprints) -> str:
    """Say why a file of trusted CAs has to be written anew, or "" where it is as it should be."""
    if not text or not text.strip():
        return "is missing"
    found = frozenset(one.fingerprint for one in read_all(text.encode()))
    if not found:
        return "is damaged"
    return _why_trust(found, trusted)


def advice(held: Held, wish: Wish, now: datetime) -> list[str]:
    """Return what people should know of a CA that ends before long."""
    if held.current is None or rotation.phase(held) != rotation.NONE:
        return []
    if held.current.ends - now >= timedelta(days=_EARLY * wish.terms.renew_days):
        return []
    text = (
        f"the CA of {wish.path} {remaining(held.current.ends, now)}, and all certificates with it: rotate it "
        f"(engine_tls_rotate: {now:%Y-%m-%d})"
    )
    return [text]


def progress(held: Held, wish: Wish, now: datetime) -> list[str]:
    """Return what people should know of a rotation that is under way."""
    if rotation.phase(held) == rotation.NONE:
        return []
    waiting = rotation.waits_for(held, wish.clients, now)
    waits = "goes on with the next run, once its time of overlap is over"
    if waiting:
        waits = f"waits for {', '.join(waiting)}"
    text = (
        f"the CA of {wish.path} is being rotated ({rotation.phase(held)}), and {waits}. Whoever has a copy of a "
        "client's certificate needs it anew in each phase"
    )
    return [text]


def _check_terms(wish: Wish) -> None:
    if wish.terms.days < 1 or wish.ca_days < 1 or wish.terms.renew_days < 0:
        raise ProvisionError("certificates have to be valid for a day at least, and renewed before their end")
    if wish.terms.renew_days >= wish.terms.days:
        raise ProvisionError(
            f"certificates that are valid for {wish.terms.days} days cannot be renewed {wish.terms.renew_days} days "
            "before their end: they would be made anew at every run"
        )


def _check_validity(current: Certificate, wish: Wish, now: datetime) -> None:
    if current.begins > now:
        raise ProvisionError(
            f"the CA of {wish.path} is not valid before {current.begins:%Y-%m-%d %H:%M} UTC, and here it is "
            f"{now:%Y-%m-%d %H:%M} UTC: the controller's clock is wrong"
        )
    if current.ends <= now:
        raise ProvisionError(
            f"the CA of {wish.path} {remaining(current.ends, now)}: nobody accepts its certificates any more. Move the "
            "folder away and run again: a new CA is made then, and all hosts and clients get certificates of it"
        )


def _authority(held: Held, wish: Wish, now: datetime) -> tuple[list[Operation], Certificate | None, Fingerprints]:
    """Decide about the CA itself; return the operations, who issues then, and who is trusted then."""
    if held.current is None:
        step = Step("MakeAuthority", wish.path, "is missing")
        return [Operation(MAKE, step)], None, frozenset({NEW})
    if held.switching:
        step = Step("SwitchAuthority", wish.path, "a run was interrupted while the next CA took over")
        return [Operation(FINISH, step)], held.current, held.trusted
    step_due = rotation.due(held, wish.rotate_before, wish.overlap, wish.clients, now)
    if step_due == rotation.BEGIN:
        made = f"it is of {held.current.made:%Y-%m-%d %H:%M}, a newer one is asked for"
        return [Operation(step_due, Step("BeginRotation", wish.path, made))], held.current, held.trusted | {NEW}
    if step_due == rotation.SWITCH:
        step = Step("SwitchAuthority", wish.path, "everybody trusts the next CA")
        return [Operation(step_due, step)], held.next, held.trusted
    if step_due == rotation.DROP:
        step = Step("DropAuthority", wish.path, "everybody has certificates of the new CA")
        return [Operation(step_due, step)], held.current, replace(held, former=None).trusted
    return [], held.current, held.trusted


def _client(
    client: Client, declared: bool, issuer: Certificate | None, trusted: Fingerprints, terms: Terms, now: datetime
) -> list[Operation]:
    operations = []
    why = why_anew(client.certificate, client.public, issuer, CLIENT, (), terms, now) if declared else ""
    if why:
        step = Step("IssueCertificate", f"client {client.name}", why)
        operations.append(Operation(ISSUE, step, client.name, client.public is None))
    if client.trusts != trusted:
        step = Step("TrustAuthorities", f"client {client.name}", _why_trust(client.trusts, trusted))
        operations.append(Operation(TRUST, step, client.name))
    return operations


def _why_trust(found: Fingerprints, trusted: Fingerprints) -> str:
    if not found:
        return "is missing"
    if not trusted <= found:
        return "a CA is to be trusted besides" if found & trusted else "the CA is another one"
    return "a CA is trusted no more" if found - trusted else ""
