# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA's folder on the disk, and hosts that are only imagined: with keys, certificates, and an engine that can restart."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from plugins.module_utils.provision.certificates import are_ours
from plugins.plugin_utils.certificates import work
from plugins.plugin_utils.certificates.certificate import Terms, read, read_all
from plugins.plugin_utils.certificates.deciding import Wish
from plugins.plugin_utils.certificates.folder import Folder
from plugins.plugin_utils.certificates.issuing import certificate_text, make_key, public_text

NOW = datetime(2026, 12, 1, 12, tzinfo=timezone.utc)
EMPTY = {"ca": "", "cert": ""}
FILES = [f"/etc/docker/tls/{name}.pem" for name in ("ca", "cert", "key")]


def request_of(key, name="h"):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return certificate_text(made).decode()


class Host:
    """The host's half, in memory. What it was asked to do is in ``orders``."""

    def __init__(self, name):
        self.name = name
        self.files = dict(EMPTY)
        self.key = None
        self.in_force = None  # what the engine was started with
        self.clock = NOW
        self.openssl = True
        self.remembered = []
        self.orders = []

    def _there(self):
        held = {**self.files, "key": self.key}
        return [f"/etc/docker/tls/{name}.pem" for name in ("ca", "cert", "key") if held[name]]

    def ask(self, order):
        self.orders.append(order["do"])
        if order["do"] == "request":
            if order["new_key"]:
                self.key = make_key()
                self.remembered = FILES
            return {"request": request_of(self.key, order["name"])}
        if order["do"] == "install":
            self.files = {
                "ca": order["authorities"] or self.files["ca"],
                "cert": order["certificate"] or self.files["cert"],
            }
            self.remembered = FILES
        if order["do"] == "remove":
            self.files, self.key, self.remembered = dict(EMPTY), None, []
        return {"seen": self.seen()}

    def seen(self):
        return {
            "openssl": self.openssl,
            "clock": self.clock.timestamp(),
            "files": {
                "ca": {"text": self.files["ca"]},
                "cert": {"text": self.files["cert"]},
                "key": {
                    "there": self.key is not None,
                    "public": self.key and public_text(self.key.public_key()).decode(),
                },
            },
            "loose": {},
            "there": self._there(),
            "ours": are_ours(self._there(), self.remembered),
            "remembered": self.remembered,
            "running": self.in_force is not None,
            "in_force": self.in_force is None or self.in_force == self.files,
        }

    def restart(self):
        self.in_force = dict(self.files)


def case(path, host="h", check=False, now=NOW, passphrase="", names=("h",), first=bool, **wish):
    terms = Terms(wish.pop("days", 397), wish.pop("renew_days", 30))
    asked = Wish(str(path), wish.pop("ca_days", 3650), terms, tuple(wish.pop("clients", ("admin",))), **wish)
    return work.Case(host, list(names), asked, Folder(str(path), passphrase, writing=not check), check, now, first)


def client(path, name="admin"):
    return {file: (Path(path) / "clients" / name / f"{file}.pem").read_text() for file in ("ca", "cert")}


def meet(server, other):
    """Whether a server and a client with these files would accept each other."""
    return _accepts(server["ca"], other["cert"]) and _accepts(other["ca"], server["cert"])


def _accepts(authorities, certificate):
    held = read(certificate.encode())
    return held is not None and any(held.issued_by(one) for one in read_all(authorities.encode()))


def days(count):
    return timedelta(days=count)
