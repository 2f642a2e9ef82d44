# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardening of files: what is planned, done, verified, remembered and given back."""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import replace

import pytest

from provision import hardening
from provision.auditing import LOCKED, REFUSED, WORKS, Auditing
from provision.commands import Commands, Done
from provision.errors import ProvisionError
from provision.files import Files
from provision.hardening import RULES, harden, observe_hardening, plan_hardening, warnings
from provision.memory import parts
from provision.protected import PROTECTED, Protection

ME = pwd.getpwuid(os.getuid()).pw_name
MINE = grp.getgrgid(os.getgid()).gr_name


class Host(Commands):
    """A host's auditctl and augenrules; loads what the file of rules says, unless it is told not to."""

    def __init__(self, files, there=True, takes=True, loads=True):
        super().__init__()
        self.files, self.there, self.takes, self.loads = files, there, takes, loads
        self.loaded = []

    def find(self, program):
        return f"/usr/sbin/{program}" if self.there else None

    def run(self, *argv, text=None, timeout=None, environment=None):
        if argv[0] == "augenrules":
            self.loaded = (self.files.read(RULES) or "").splitlines() if self.loads else []
            return Done(0, "", "")
        if not self.takes:
            return Done(255, "Operation not permitted", "")
        said = "\n".join(self.loaded) or "No rules"
        return Done(0, said, said)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A host with three files that are too open; they are ours, as nobody else's can be made here."""
    table = {name: Protection(ME, MINE, each.mode) for name, each in PROTECTED.items()}
    monkeypatch.setattr(hardening, "protections", lambda _: table)
    found = Files(str(tmp_path))
    monkeypatch.setattr(found, "write", lambda path, text, mode=0o644, *_: Files.write(found, path, text, mode))
    found.write("/etc/docker/daemon.json", "{}", 0o664)
    found.write("/etc/default/docker", "", 0o600)
    found.write("/etc/docker/certs.d/hub/ca.crt", "", 0o644)
    found.write("/usr/sbin/dockerd", "")
    return found


def plan(level, files, commands):
    return [str(step) for step in plan_hardening(level, observe_hardening(files, commands))]


def run(level, files, commands):
    """Check, apply, check again; returns the plan that was carried out."""
    steps = plan(level, files, commands)
    harden(level, observe_hardening(files, commands), files, commands)
    assert plan(level, files, commands) == []
    return steps


def test_baseline_closes_what_is_too_open_and_no_more(files):
    assert run("baseline", files, Host(files)) == [
        f"ChangeFile /etc/docker/certs.d/hub/ca.crt {ME}:{MINE} 0444 (is 0644)",
        f"ChangeFile /etc/docker/daemon.json {ME}:{MINE} 0644 (is 0664)",
    ]
    assert files.standing("/etc/default/docker").mode == 0o600
    assert files.read(RULES) is None
    assert parts(files) == ["hardening"]


def test_cis_has_audit_rules_loaded(files):
    commands = Host(files)
    steps = run("cis", files, commands)
    assert steps[-2:] == [f"WriteFile {RULES} (is missing)", f"LoadAuditRules {RULES} (are not in force)"]
    assert any("/usr/sbin/dockerd" in rule for rule in commands.loaded)
    assert files.standing(RULES).mode == 0o640


def test_rules_that_were_unloaded_are_loaded_again(files):
    commands = Host(files)
    run("cis", files, commands)
    commands.loaded = []
    assert run("cis", files, commands) == [f"LoadAuditRules {RULES} (are not in force)"]


def test_a_rule_of_others_that_hides_something_is_for_the_audit_to_tell(files):
    commands = Host(files)
    run("cis", files, commands)
    commands.loaded.insert(0, "-a never,exit -F path=/usr/sbin/dockerd")
    assert plan("cis", files, commands) == []
    assert not observe_hardening(files, commands).auditing.watches("/usr/sbin/dockerd")


def test_a_host_without_auditd_gets_no_rules(files):
    assert not any("audit" in step for step in run("cis", files, Host(files, there=False)))


def test_a_kernel_that_takes_no_rules_is_told_and_no_failure(files):
    commands = Host(files, takes=False)
    assert run("cis", files, commands)[-1] == f"WriteFile {RULES} (is missing)"
    found = observe_hardening(files, commands)
    assert found.auditing.state == REFUSED
    assert "takes no audit rules" in warnings("cis", found)[0]
    assert warnings("baseline", found) == []


def test_rules_that_are_locked_come_with_the_next_boot(files):
    found = observe_hardening(files, Host(files))
    locked = replace(found, auditing=Auditing(LOCKED), rules="", memory={})
    assert not any(step.verb == "LoadAuditRules" for step in plan_hardening("cis", locked))
    assert "next boot" in warnings("cis", locked)[0]


def test_rules_that_do_not_come_into_force_are_an_error(files):
    commands = Host(files, loads=False)
    with pytest.raises(ProvisionError, match=r"is not so: LoadAuditRules .* change it\?"):
        harden("cis", observe_hardening(files, commands), files, commands)


@pytest.mark.skipif(ME != "root", reason="only what was root's is given back")
def test_all_is_given_back_but_what_let_others_write(files):
    commands = Host(files)
    run("cis", files, commands)
    assert run("none", files, commands) == [
        f"ChangeFile /etc/docker/certs.d/hub/ca.crt {ME}:{MINE} 0644 (hardening is not declared any more)",
        f"RemoveFile {RULES} (auditing is not declared any more)",
        f"LoadAuditRules {RULES} (are not in force)",
    ]
    assert files.standing("/etc/docker/daemon.json").mode == 0o644
    assert files.read(RULES) is None
    assert parts(files) == []


def test_a_file_that_somebody_else_changed_since_is_left_alone(files):
    commands = Host(files)
    run("baseline", files, commands)
    files.change("/etc/docker/certs.d/hub/ca.crt", 0o666)
    assert plan("none", files, commands) == []


def test_from_cis_to_baseline_rules_go(files):
    commands = Host(files)
    run("cis", files, commands)
    assert run("baseline", files, commands)[0] == f"RemoveFile {RULES} (auditing is not declared any more)"
    assert commands.loaded == []
    assert observe_hardening(files, commands).auditing == Auditing(WORKS)


def test_without_memory_nothing_is_given_back(files):
    commands = Host(files)
    run("baseline", files, commands)
    files.remove("/var/lib/stowage/engine/hardening.json")
    assert plan("none", files, commands) == []


@pytest.mark.skipif(ME != "root", reason="only what was root's is given back")
@pytest.mark.parametrize(("mode", "given_back"), [(0o644, False), (0o640, False), (0o600, True)])
def test_a_private_key_never_becomes_readable_again(files, mode, given_back):
    files.write("/etc/docker/daemon.json", '{"tlskey": "/srv/key.pem"}')
    for path in ("/srv/key.pem", "/etc/docker/certs.d/hub/client.key"):
        files.write(path, "", mode)
    run("baseline", files, Host(files))
    run("none", files, Host(files))
    for path in ("/srv/key.pem", "/etc/docker/certs.d/hub/client.key"):
        assert files.standing(path).mode == (mode if given_back else 0o400)


def test_group_and_data_are_those_that_the_engine_was_told(tmp_path):
    files = Files(str(tmp_path))
    files.write("/etc/docker/daemon.json", '{"group": "ops", "data-root": "/srv/d"}')
    files.write("/srv/d/x", "")
    found = observe_hardening(files, Host(files))
    assert found.watched["1.1.5"] == ["/srv/d"]
    assert found.protected["docker.sock"].group == "ops"
