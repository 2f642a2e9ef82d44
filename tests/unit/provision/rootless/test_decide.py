# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is planned for users who are to have an engine, have one, or are to have none any more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provision.errors import ProvisionError
from provision.rootless import texts
from provision.rootless.decide import decide
from provision.rootless.ground import Ground
from provision.rootless.ids import Range
from provision.rootless.people import Person

GROUND = Ground(version="26.1.5")
WITHIN = (100000, 600100000)
HOST = "unix:///run/user/1000/docker.sock"
NEW = Person("deploy", exists=True, uid=1000, home="/home/deploy", has_uids=True, has_gids=True)
READY = replace(
    NEW,
    lingers=True,
    unit=texts.unit_text(GROUND.script),
    enabled=True,
    context=texts.context_text(HOST),
    version="26.1.5",
)
OURS = {"deploy": {"unit": True, "linger": True, "context": True}}


def plan(person, declared=("deploy",), remembered=None, ground=GROUND, taken=(), **more):
    decision = decide(ground, {person.name: person}, declared, remembered or {}, taken, WITHIN, **more)
    return [str(action.step) for action in decision.actions], decision


def test_a_new_user_gets_all():
    steps, decision = plan(NEW)
    assert steps == [
        "EnableLinger deploy (the engine would end with the user's last session)",
        "WriteUnit ~deploy/.config/systemd/user/docker.service (is missing)",
        "WriteContext rootless of deploy (is missing)",
        "EnableEngine of deploy (is not started at boot)",
        "StartEngine of deploy (does not answer)",
    ]
    assert decision.remembered == OURS


def test_a_user_who_has_all_gets_nothing():
    assert plan(READY, remembered=OURS)[0] == []


def test_what_is_ours_stays_ours():
    assert plan(READY, remembered=OURS)[1].remembered == OURS


def test_what_was_there_before_us_is_not_ours():
    foreign = replace(READY, unit="[Service]\nExecStart=/usr/bin/dockerd-rootless.sh\n")
    steps, decision = plan(foreign)
    assert steps == []
    assert decision.remembered == {"deploy": {"unit": False, "linger": False, "context": False}}
    assert plan(foreign, declared=(), remembered=decision.remembered)[0] == []


def test_a_unit_that_runs_something_else_is_refused():
    with pytest.raises(ProvisionError, match="rename it"):
        plan(replace(READY, unit="[Service]\nExecStart=/usr/bin/other\n"))


@pytest.mark.parametrize(("lacks", "words"), [("has_uids", "users"), ("has_gids", "groups")])
def test_ids_are_given_where_they_are_missing(lacks, words):
    steps, _ = plan(replace(READY, **{lacks: False}), taken=[Range("other", 100000, 65536)])
    assert steps == [f"AllocateIds deploy 165536-231071 (has no subordinate ids of {words})"]


def test_two_new_users_get_different_ids():
    people = {
        name: Person(name, exists=True, uid=uid, home=f"/home/{name}") for name, uid in (("a", 1001), ("b", 1002))
    }
    decision = decide(GROUND, people, ["a", "b"], {}, [], WITHIN)
    given = [action.value for action in decision.actions if action.step.verb == "AllocateIds"]
    assert given == ["100000-165535", "165536-231071"]


def test_no_ids_left_is_told_before_anything():
    with pytest.raises(ProvisionError, match="SUB_UID_MAX"):
        plan(replace(NEW, has_uids=False), taken=[Range("all", 100000, 600100000)])


def test_root_is_refused():
    with pytest.raises(ProvisionError, match="root"):
        plan(replace(NEW, name="root", uid=0), declared=("root",))


def test_an_engine_of_another_version_is_restarted():
    old = replace(READY, version="20.10.24")
    assert plan(old)[0] == ["RestartEngine of deploy (runs 20.10.24, installed is 26.1.5)"]
    steps, decision = plan(old, restart=False)
    assert steps == []
    assert "waits for a restart" in decision.warnings[0]


def test_a_unit_that_changed_is_written_and_its_engine_restarted():
    assert plan(replace(READY, unit=f"{texts.MARK}\nold\n"))[0] == [
        "WriteUnit ~deploy/.config/systemd/user/docker.service (is out of date)",
        "RestartEngine of deploy (its unit changed)",
    ]


def test_before_the_engine_is_installed_nobody_knows_the_unit_yet():
    assert plan(READY, ground=replace(GROUND, script="", version=""))[0] == []


def test_a_context_that_leads_elsewhere_is_written_anew():
    other = texts.context_text("ssh://elsewhere")
    assert plan(replace(READY, context=other))[0] == ["WriteContext rootless of deploy (leads elsewhere)"]


def test_a_context_of_docker_s_own_tool_fits():
    theirs = '{"Name":"rootless","Metadata":{},"Endpoints":{"docker":{"SkipTLSVerify":false,"Host":"HOST"}}}'.replace(
        "HOST", HOST
    )
    assert plan(replace(READY, context=theirs))[0] == []


def test_who_is_not_declared_any_more_loses_what_is_ours():
    steps, decision = plan(READY, declared=(), remembered=OURS)
    assert steps == [
        "StopEngine of deploy (not declared any more)",
        "RemoveUnit ~deploy/.config/systemd/user/docker.service (not declared any more)",
        "RemoveContext rootless of deploy (not declared any more)",
        "DisableLinger deploy (it was for the engine alone)",
    ]
    assert decision.remembered == {}


@pytest.mark.parametrize(
    ("person", "steps"),
    [
        # Killed after each step: what is left to do is seen.
        (
            replace(READY, version="", enabled=False),
            ["RemoveUnit ~deploy/.config/systemd/user/docker.service", "RemoveContext rootless of deploy"],
        ),
        (replace(READY, version="", enabled=False, unit=None), ["RemoveContext rootless of deploy"]),
        (replace(READY, version="", enabled=False, unit=None, context=None), []),
    ],
)
def test_a_removal_that_was_killed_goes_on(person, steps):
    found, _ = plan(person, declared=(), remembered=OURS)
    assert [step.partition(" (")[0] for step in found] == [*steps, "DisableLinger deploy"]


def test_linger_stays_where_others_need_it():
    steps, _ = plan(replace(READY, others=True), declared=(), remembered=OURS)
    assert not any(step.startswith("DisableLinger") for step in steps)
    steps, _ = plan(READY, declared=(), remembered={"deploy": {"unit": True}})
    assert not any(step.startswith("DisableLinger") for step in steps)


def test_a_unit_that_became_the_user_s_own_stays():
    foreign = replace(READY, unit="[Service]\nExecStart=/usr/bin/dockerd-rootless.sh\n")
    assert plan(foreign, declared=(), remembered=OURS)[0] == [
        "RemoveContext rootless of deploy (not declared any more)",
    ]


def test_a_user_who_is_gone_is_forgotten():
    steps, decision = plan(Person("deploy"), declared=(), remembered=OURS)
    assert steps == ["ForgetUser deploy (there is no such user any more)"]
    assert decision.remembered == {}
