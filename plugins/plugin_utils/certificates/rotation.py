# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When one CA takes another's place, so that nobody is ever refused in between. Pure.

Three phases, each finished only once it was seen on every host that has a certificate, and lasted the time that was
asked for (for copies of certificates that nobody here knows of):

1. ``distributing``: the next CA is made and trusted everywhere, and issues nothing.
2. ``issuing``: it is the current one; servers and clients get certificates of it. The former one is still trusted.
3. the former one is dropped.

A server and a client meet well when each trusts whoever issued the other's certificate. In phase 1 all certificates
are of the old CA, which all trust; phase 2 begins when all trust both; phase 3 when all certificates are of the new
one. So the order in which hosts and clients are handled within a phase does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from .certificate import Certificate, read
from .holding import Copy, Held, Record

NONE = "none"
DISTRIBUTING = "distributing"
ISSUING = "issuing"

BEGIN = "begin"
SWITCH = "switch"
DROP = "drop"


def phase(held: Held) -> str:
    """Tell which phase a rotation is in."""
    if held.next:
        return DISTRIBUTING
    return ISSUING if held.former else NONE


def due(held: Held, rotate_before: datetime | None, overlap: timedelta, clients: Iterable[str], now: datetime) -> str:
    """Return the step that is due: BEGIN, SWITCH, DROP, or ""."""
    if held.current is None:
        return ""
    if held.next:
        ready = now - held.next.made >= overlap and not waits_for(held, clients, now)
        return SWITCH if ready else ""
    if held.former:
        ready = now - (held.former_since or now) >= overlap and not waits_for(held, clients, now)
        return DROP if ready else ""
    return BEGIN if rotate_before and _is_before(held.current, rotate_before) else ""


def _is_before(authority: Certificate, moment: datetime) -> bool:
    """Compare whole seconds, as certificates have them: one that was made within the moment's second is new enough."""
    return authority.made < moment.replace(microsecond=0)


def waits_for(held: Held, clients: Iterable[str], now: datetime) -> list[str]:
    """Return whom the present phase waits for, as people know them; nobody where there is no rotation."""
    if held.current is None or phase(held) == NONE:
        return []
    current = held.current
    trusted = frozenset(one.fingerprint for one in (current, held.next) if one)

    def fits(seen: Record | Copy) -> bool:
        return seen.trusts >= trusted and (held.next is not None or seen.issuer == current.fingerprint)

    waiting = [name for name, record in sorted(held.records.items()) if record.until > now and not fits(record)]
    waiting += _copies(held, fits, now)
    return waiting + _clients(held, current, trusted, clients)


def _copies(held: Held, fits: Callable[[Copy], bool], now: datetime) -> list[str]:
    return [
        f"the contexts of {label} on {host}"
        for host, record in sorted(held.records.items())
        for label, copy in sorted(record.copies.items())
        if copy.until > now and not fits(copy)
    ]


def _clients(held: Held, current: Certificate, trusted: frozenset[str], declared: Iterable[str]) -> list[str]:
    """Return the folders of clients that are behind: a run was killed before it had written them."""
    waiting = [f"the client {name}" for name, client in sorted(held.clients.items()) if not client.trusts >= trusted]
    if held.former:
        for name in declared:
            client = held.clients.get(name)
            certificate = read(client.certificate) if client and client.certificate else None
            if certificate is None or not certificate.issued_by(current):
                waiting.append(f"the client {name}")
    return list(dict.fromkeys(waiting))
