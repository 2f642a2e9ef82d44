# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done for one host: when, in which order, and what is refused before anything is changed."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

pytest.importorskip("cryptography")

from plugins.module_utils.provision.errors import ProvisionError
from plugins.plugin_utils.certificates import handing, work
from plugins.plugin_utils.certificates.certificate import read
from plugins.plugin_utils.certificates.folder import Folder
from plugins.plugin_utils.certificates.issuing import make_key

from .fleet import FILES, NOW, Host, case, days


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ca"


@pytest.fixture
def host(path):
    host = Host("h")
    have(path, host)
    host.restart()
    host.orders.clear()
    return host


def have(path, host, **more):
    asked = case(path, host.name, **more)
    return work.have(asked, host.ask)


def both(path, host, **more):
    """What check says, and what is done then."""
    planned = have(path, host, check=True, **more)
    done = have(path, host, **more)
    assert planned["plan"] == done["plan"]
    assert planned["restart"] == done["restart"]
    assert have(path, host, **more)["plan"] == []
    return done


def test_the_first_time(path):
    host = Host("h")
    assert both(path, host)["plan"] == [
        f"MakeAuthority {path} (is missing)",
        "IssueCertificate client admin (is missing)",
        "TrustAuthorities client admin (is missing)",
        "MakeKey h (is missing)",
        "TrustAuthorities h (is missing)",
        "IssueCertificate h (is missing)",
    ]
    assert host.orders == ["look", "look", "request", "install", "look"]


def test_nothing_to_do_is_one_question(path, host):
    done = have(path, host)
    assert (done["changed"], done["plan"], done["restart"]) == (False, [], False)
    assert host.orders == ["look"]
    assert done["days_left"] == 397


def test_renewal(path, host):
    host.clock = then = NOW + days(385)
    key = host.key
    done = both(path, host, now=then)
    assert done["plan"] == [
        "IssueCertificate client admin (expires in 12 days)",
        "IssueCertificate h (expires in 12 days)",
    ]
    assert done["restart"]
    assert done["days_left"] == 397
    assert host.key is key


def test_names_that_change(path, host):
    done = both(path, host, names=("h", "docker.example.com"))
    assert done["plan"] == ["IssueCertificate h (names +docker.example.com)"]
    assert read(host.files["cert"].encode()).names == ["docker.example.com", "h"]


def test_the_names_of_a_request_are_not_taken_over(path):
    host = Host("h")
    real = host.ask

    def greedy(order):
        return real({**order, "name": "bank.example.com"} if order["do"] == "request" else order)

    work.have(case(path), greedy)
    held = read(host.files["cert"].encode())
    assert (held.name, held.names) == ("h", ["h"])


def test_damage(path, host):
    host.files["cert"] = host.files["cert"][:200]
    assert both(path, host)["plan"] == ["IssueCertificate h (is damaged)"]
    host.files["ca"] = "rubbish"
    assert both(path, host)["plan"] == ["TrustAuthorities h (is damaged)"]
    host.key = make_key()
    assert both(path, host)["plan"] == ["IssueCertificate h (does not fit its key)"]
    host.key = None
    assert both(path, host)["plan"] == ["MakeKey h (is missing)", "IssueCertificate h (does not fit its key)"]


def test_another_ca(path, host, tmp_path):
    done = both(tmp_path / "other", host)
    assert done["plan"][-2:] == [
        "TrustAuthorities h (the CA is another one)",
        "IssueCertificate h (the CA that issued it is not the current one)",
    ]


def test_somebody_elses_certificates(path, host, tmp_path):
    host.remembered = []
    assert have(path, host)["plan"] == []  # of this CA: it is ours
    for check in (True, False):
        with pytest.raises(ProvisionError, match=r"h has /etc/docker/tls/ca\.pem, .*, neither of this CA nor"):
            have(tmp_path / "other", host, check=check)
    assert not (tmp_path / "other" / "ca.pem").exists()


def test_a_run_that_is_killed_before_it_could_install_is_taken_up_by_the_next(path):
    host = Host("h")

    def killed(order):
        if order["do"] == "install":
            raise KeyboardInterrupt
        return host.ask(order)

    with pytest.raises(KeyboardInterrupt):
        work.have(case(path), killed)
    key = host.key
    assert both(path, host)["plan"] == ["TrustAuthorities h (is missing)", "IssueCertificate h (is missing)"]
    assert host.key is key


def test_an_engine_that_runs_with_what_was_there_before(path, host):
    both(path, host, names=("h", "more"))
    assert have(path, host, names=("h", "more"))["restart"]
    assert have(path, host, names=("h", "more"), check=True)["restart"]
    host.restart()
    assert not have(path, host, names=("h", "more"))["restart"]


def test_without_openssl(path):
    host = Host("h")
    host.openssl = False
    with pytest.raises(ProvisionError, match=r"there is no openssl on h.*install the package openssl"):
        have(path, host)
    assert not path.exists()
    assert have(path, host, check=True)["changed"]  # packages that are still to come bring it


@pytest.mark.parametrize("off", [days(-0.1), days(400)])
def test_a_clock_that_is_wrong(path, off):
    host = Host("h")
    host.clock = NOW + off
    for check in (True, False):
        with pytest.raises(ProvisionError, match=r"on h it is .* Set its clock"):
            have(path, host, check=check)
    assert not path.exists()


def test_a_clock_that_is_a_little_off(path):
    host = Host("h")
    host.clock = NOW - days(0.005)
    assert have(path, host)["changed"]


def test_terms_that_make_no_sense(path):
    with pytest.raises(ProvisionError, match="anew at every run"):
        have(path, Host("h"), days=30, renew_days=30)
    with pytest.raises(ProvisionError, match="for a day at least"):
        have(path, Host("h"), days=0)
    assert not (path / "ca.pem").exists()


def test_removal(path, host):
    planned = work.remove(case(path, check=True), host.ask)
    assert host.files["cert"]
    done = work.remove(case(path), host.ask)
    assert (
        planned["plan"]
        == done["plan"]
        == [f"RemoveFile {name} (no certificates are wanted any more)" for name in FILES]
    )
    assert not (path / "hosts" / "h.json").exists()
    assert work.remove(case(path), host.ask)["plan"] == []


def test_removal_without_a_ca(path):
    assert work.remove(case(path), Host("h").ask)["plan"] == []
    assert not path.exists()


def test_files_for_contexts(path, host):
    found = handing.collect(Folder(str(path)), ["admin"], [])
    assert set(found["admin"].texts) == {"ca", "cert", "key"}
    with pytest.raises(ProvisionError, match=r"clients/ci has no certificate.*engine_tls_clients"):
        handing.collect(Folder(str(path)), ["ci"], ["admin"])
    assert handing.collect(Folder(str(path)), ["ci"], ["ci"])["ci"].digests == {}


def test_contexts_are_remembered_and_forgotten(path, host):
    folder = Folder(str(path))
    copies = {"admin of root": handing.collect(folder, ["admin"], [])["admin"].copy}
    handing.note_copies(folder, "elsewhere", copies)
    assert folder.records()["elsewhere"].copies == copies
    handing.note_copies(folder, "elsewhere", {})
    assert "elsewhere" not in folder.records()
    handing.note_copies(folder, "h", copies)
    work.remove(case(path), host.ask)
    assert folder.records()["h"].copies == copies


def test_contexts_that_are_on_their_way_are_remembered_beside_what_is_there(path, host):
    folder = Folder(str(path))
    new = handing.collect(folder, ["admin"], [])["admin"].copy
    old = replace(new, issuer="a former CA")
    handing.note_copies(folder, "elsewhere", {"admin of root": old, "ci of root": old})
    handing.note_sending(folder, "elsewhere", {"admin of root": new, "admin of bob": new})
    # Whether it has arrived is not known: the user may still have the former one.
    assert folder.records()["elsewhere"].copies == {"admin of root": old, "ci of root": old, "admin of bob": new}
