# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waivers, what ends a play, and findings as data and as a table."""

from __future__ import annotations

import pytest

from provision.audit.judging import CHECKS, check_waivers, count, failures, judge
from provision.audit.model import FAIL, PASS, WAIVED, Seen
from provision.audit.observing import parse_mounts, parse_policy
from provision.audit.rendering import render_failures, render_table
from provision.audit.waivers import WAIVERS
from provision.auditing import WORKS, Auditing
from provision.config.declared import FRESH_PROFILES, PROFILES
from provision.errors import ProvisionError

SEEN = Seen(
    info={"Driver": "overlay2", "LoggingDriver": "json-file", "ServerVersion": "28.5"}, bridge={"Name": "bridge"}
)


def results(findings):
    return {finding.check.id: finding.result for finding in findings}


@pytest.mark.parametrize(
    ("waivers", "said"),
    [
        ({"2.99": "x"}, "waivers.2.99: there is no such check"),
        ({2.1: "x", "4.1": "y"}, "waivers.4.1: there is no such check"),
        ({"2.9": ""}, "waivers.2.9: say why"),
        ({"2.9": None}, "waivers.2.9: say why"),
    ],
)
def test_waivers_that_make_no_sense_are_refused(waivers, said):
    with pytest.raises(ProvisionError) as raised:
        check_waivers(waivers)
    assert str(raised.value).startswith(said)


def test_a_failure_is_waived_with_its_reason_and_a_pass_stays_one():
    findings = judge(SEEN, {"2.2": "one tenant", "2.6": "never needed"}, usual=False)
    found = results(findings)
    assert (found["2.2"], found["2.6"], found["2.16"]) == (WAIVED, PASS, FAIL)
    assert next(each.why for each in findings if each.check.id == "2.2").endswith("(waived: one tenant)")


def test_our_waivers_count_unless_they_are_not_wanted():
    assert results(judge(SEEN, {}))["2.13"] == WAIVED
    assert results(judge(SEEN, {}, usual=False))["2.13"] == FAIL


def test_the_operators_reason_counts_before_ours():
    findings = judge(SEEN, {"2.13": "shipped by an agent"})
    assert next(each.why for each in findings if each.check.id == "2.13").endswith("(waived: shipped by an agent)")


def test_audit_rules_are_waived_only_where_there_can_be_none():
    watched = {"watched": {"1.1.3": ["/usr/sbin/dockerd"]}}
    assert results(judge(Seen(**watched), {}))["1.1.3"] == WAIVED
    assert results(judge(Seen(**watched, auditing=Auditing(WORKS)), {}))["1.1.3"] == FAIL


def test_remapping_is_waived_only_where_the_engine_holds_something():
    assert results(judge(Seen(info={"Images": 3}), {}))["2.9"] == WAIVED
    assert results(judge(Seen(info={"Images": 0, "Containers": 0}), {}))["2.9"] == FAIL


@pytest.mark.parametrize(
    ("fail_on", "expected"),
    [("none", set()), ("baseline", {"2.2", "2.14"}), ("cis", {"2.2", "2.14", "2.16"}), ("all", {"2.2", "2.16", "2.9"})],
)
def test_what_ends_a_play(fail_on, expected):
    found = {each.check.id for each in failures(judge(SEEN, {}), fail_on)}
    assert expected <= found
    assert fail_on != "baseline" or "2.16" not in found
    assert bool(found) is bool(expected)


def test_what_a_level_sets_is_what_its_checks_ask_for():
    """The key that hardening sets, by the check that looks at it."""
    asked = {
        "icc": "2.2", "log-level": "2.3", "no-new-privileges": "2.14", "userland-proxy": "2.16", "userns-remap": "2.9",
    }  # fmt: skip
    promised = {check.id: check.promised for check in CHECKS}
    baseline, cis = PROFILES["baseline"], {**PROFILES["cis"], **FRESH_PROFILES["cis"]}
    assert {promised[asked[key]] for key in baseline} == {"baseline"}
    assert {promised[asked[key]] for key in set(cis) - set(baseline)} == {"cis"}


def test_waivers_of_ours_are_for_checks_that_there_are():
    known = {check.id for check in CHECKS}
    assert {check for waiver in WAIVERS for check in waiver.checks} <= known
    assert all(waiver.reason for waiver in WAIVERS)


def test_findings_are_data():
    finding = judge(SEEN, {})[0].document()
    assert finding == {
        "id": "1.1.1",
        "level": 1,
        "title": "Containers and images have a file system of their own",
        "result": "waived",
        "why": finding["why"],
        "remedy": "mount one on the engine's data root",
        "hardening": "none",
    }
    assert sum(count(judge(SEEN, {})).values()) == len(CHECKS)


def test_the_table_has_a_line_for_each_and_the_sections():
    lines = render_table(judge(SEEN, {}))
    assert len(lines) == len(CHECKS) + 4
    assert lines[0] == "-- 1 The host"
    assert lines[-1].startswith("-- ")
    assert lines[-1].endswith(" not applicable")


def test_the_error_names_each_failure_and_what_to_do():
    text = render_failures(failures(judge(SEEN, {}), "cis"))
    assert "2.16 Published ports need no process of their own: userland-proxy is on. To do: set" in text


def test_mount_points_and_packages_are_read():
    assert parse_mounts("22 1 8:1 / / rw - ext4 a rw\n23 22 8:2 / /var/lib/docker rw - ext4 b rw\n\n") == {
        "/",
        "/var/lib/docker",
    }
    policy = "docker-ce:\n  Installed: (none)\n  Candidate: 5:28\ndocker.io:\n  Installed: 26.1\n  Candidate: 26.2\n"
    assert parse_policy(policy) == ("docker.io", "26.1", "26.2")
    assert parse_policy("") == ("", "", "")
