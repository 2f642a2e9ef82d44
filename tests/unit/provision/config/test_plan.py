# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans as text: what is declared on which host, and what comes of it."""

import json
from dataclasses import replace

import pytest

from provision.config.plan import plan
from provision.config.unit import DEFAULTS, DROP_IN, HEAD, PROXIES
from provision.errors import ProvisionError

from .host import UNIT, seen

PLAIN = {"live_restore": "false", "log_options": {}}
OFF = {"live-restore": False}
TLS = {"address": "0.0.0.0", "port": 2376, "ca": "/t/ca.pem", "cert": "/t/cert.pem", "key": "/t/key.pem"}


def steps(options, host, **more):
    return [str(step) for step in plan({**PLAIN, **options, **more}, host).steps]


@pytest.mark.parametrize(
    ("options", "host", "expected"),
    [
        # No engine runs: nothing but the file.
        ({"mtu": 1400}, seen(OFF), ["SetKey mtu (1400; was not set)"]),
        # An engine that runs with something else.
        ({"mtu": 1400}, seen(OFF, runs=True), ["SetKey mtu (1400; was not set)", "RestartEngine docker (mtu)"]),
        ({"debug": True}, seen(OFF, runs=True), ["SetKey debug (true; was not set)", "ReloadEngine docker (debug)"]),
        (
            {"debug": True, "mtu": 1400},
            seen(OFF, runs=True),
            ["SetKey mtu (1400; was not set)", "SetKey debug (true; was not set)", "RestartEngine docker (mtu, debug)"],
        ),
        # Nothing to do.
        ({"mtu": 1400}, seen({**OFF, "mtu": 1400}, claims=["mtu"], runs=True), []),
        # Written, and the engine that runs does not know of it: a run was killed, or was not to restart it.
        ({"mtu": 1400}, seen({**OFF, "mtu": 1400}, claims=["mtu"], runs=OFF), ["RestartEngine docker (mtu)"]),
        ({"debug": True}, seen({**OFF, "debug": True}, claims=["debug"], runs=OFF), ["ReloadEngine docker (debug)"]),
        # It was restarted since, and read the file as it stands.
        ({"mtu": 1400}, seen({**OFF, "mtu": 1400}, claims=["mtu"], runs=OFF, noted="boot:6:1"), []),
        # The file was written after that, and by whom is not known.
        (
            {"mtu": 1400},
            seen({**OFF, "mtu": 1400}, claims=["mtu"], runs=OFF, noted="", newer=frozenset({"/etc/docker/daemon.json"})),
            ["RestartEngine docker (mtu)"],
        ),
        # What others wrote and did not put in force is theirs.
        ({}, seen({**OFF, "mtu": 1400}, runs=OFF), []),
        # Others changed ours, and the engine never heard of it.
        (
            {"mtu": 1400},
            seen({**OFF, "mtu": 1500}, claims=["mtu"], runs={**OFF, "mtu": 1400}),
            ["SetKey mtu (1400; was 1500)"],
        ),
        # They may have had it read what can be reloaded.
        (
            {"debug": True},
            seen({**OFF, "debug": False}, claims=["debug"], runs={**OFF, "debug": True}),
            ["SetKey debug (true; was false)", "ReloadEngine docker (debug)"],
        ),
        # An engine that is to be restarted anyway.
        (
            {"debug": True},
            seen(OFF, runs=True, outdated=True),
            ["SetKey debug (true; was not set)", "RestartEngine docker (debug)"],
        ),
        ({}, seen(OFF, runs=True, outdated=True), []),
        # One entry of a key that can be reloaded needs a restart.
        (
            {"features": {"containerd-snapshotter": True}},
            seen(OFF, runs=True),
            ["SetKey features.containerd-snapshotter (true; was not set)",
             "RestartEngine docker (features.containerd-snapshotter)"],
        ),
    ],
)  # fmt: skip
def test_steps(options, host, expected):
    assert steps(options, host) == expected


LIVE = {"live_restore": "true", "log_options": {}}


@pytest.mark.parametrize(
    ("options", "more", "expected"),
    [
        (
            {"dns": ["192.0.2.1"]},
            {"live_restore": True},
            ["RestartEngine docker (dns, live-restore; containers run on)"],
        ),
        (
            {"dns": ["192.0.2.1"]},
            {},
            ["ReloadEngine docker (live-restore on: containers are to run on through the restart)",
             "RestartEngine docker (dns, live-restore; containers run on)"],
        ),
        (
            {"data_root": "/x"},
            {"live_restore": True},
            ["ReloadEngine docker (live-restore off: no container is to run on unseen)",
             "RestartEngine docker (data-root, live-restore; containers stop, and those that ran are started again)"],
        ),
        (
            {"dns": ["192.0.2.1"], "live_restore": "false"},
            {},
            ["RestartEngine docker (dns, live-restore; containers stop, and those that ran are started again)"],
        ),
        # Nothing is won by a restart.
        ({"icc": False}, {"live_restore": True}, ["ReloadEngine docker (live-restore)"]),
        ({"icc": False, "dns": ["192.0.2.1"]}, {"live_restore": True},
         ["RestartEngine docker (dns, live-restore; containers run on)"]),
    ],
)  # fmt: skip
def test_steps_where_containers_run(options, more, expected):
    host = seen({}, runs=True, containers=("c1",), **more)
    found = plan({**LIVE, **options}, host)
    assert [str(step) for step in found.steps if "Engine" in step.verb] == expected
    assert bool(found.need.pending) is ("icc" in options)


def test_what_waits_for_an_empty_engine_is_told_again_and_done_then():
    document = {"live-restore": True, "icc": False}
    host = seen({"live-restore": True}, runs=True, containers=("c1",), live_restore=True)
    done = plan({**LIVE, "icc": False}, host)
    assert [str(step) for step in done.steps] == ["SetKey icc (false; was not set)"]
    after = seen(document, claims=["icc"], runs={"live-restore": True}, containers=("c1",), live_restore=True)
    again = plan({**LIVE, "icc": False}, after)
    assert (again.steps, len(again.need.pending), len(again.warnings)) == ((), 1, 1)
    empty = seen(document, claims=["icc"], runs={"live-restore": True}, live_restore=True)
    assert steps({"icc": False}, empty, **LIVE) == ["RestartEngine docker (icc)"]


def test_a_restart_may_be_forbidden():
    found = plan({**PLAIN, "mtu": 1, "debug": True, "restart": False}, seen(OFF, runs=True))
    assert str(found.steps[-1]) == "ReloadEngine docker (debug)"
    assert found.need.pending == ("mtu: the engine takes it up when it is restarted",)
    assert found.warnings == (f"is not in force yet: {found.need.pending[0]}",)


def test_keys_that_go_are_as_good_as_gone_while_the_file_is_read():
    host = seen({**OFF, "debug": True, "labels": ["a=1"], "mtu": 1}, claims=["debug", "labels/a"], runs=True)
    found = plan(PLAIN, host)
    assert str(found.steps[-1]) == "ReloadEngine docker (debug, labels.a)"
    assert json.loads(found.during) == {**OFF, "mtu": 1, "debug": False, "labels": []}
    # Killed there, what stands in the file is ours and goes.
    between = replace(seen(text=found.during), notes=found.started)
    assert plan(PLAIN, between).document == {**OFF, "mtu": 1}


def test_the_default_for_the_cgroup_namespace_is_the_hosts():
    host = seen({**OFF, "default-cgroupns-mode": "private"}, claims=["default-cgroupns-mode"], runs=True)
    assert steps({}, host)[-1] == "RestartEngine docker (default-cgroupns-mode)"


def test_absent_takes_back_what_is_ours():
    host = seen({**OFF, "mtu": 1, "labels": ["a=1", "b=2"]}, claims=["mtu", "labels/b"], runs=True, created=True)
    found = plan({"state": "absent"}, host)
    assert found.document == {**OFF, "labels": ["a=1"]}
    assert found.done.claims == {}
    alone = plan({"state": "absent"}, seen({"mtu": 1}, claims=["mtu"], created=True))
    assert (alone.config.text, alone.after_text) == (None, "")
    # A file that was there before us stays, be it empty.
    assert plan({"state": "absent"}, seen({"mtu": 1}, claims=["mtu"])).config.text == "{}\n"


def test_a_broken_file_keeps_nobody_from_going():
    host = seen(text="{oops", files={DROP_IN: "x"}, texts={DROP_IN: HEAD})
    with pytest.raises(ProvisionError, match="is no JSON: line 1, column 2"):
        plan(PLAIN, host)
    found = plan({"state": "absent"}, host)
    assert [str(step) for step in found.steps] == [f"RemoveFile {DROP_IN} (is not declared any more)"]
    assert found.config is None
    assert found.warnings[0].startswith("nothing is taken back there: /etc/docker/daemon.json is no JSON")


def test_hosts_take_the_flag_out_of_the_unit():
    host = seen(OFF, runs=True)
    found = plan({**PLAIN, "hosts": ["fd://", "unix:///x.sock"]}, host)
    (drop_in,) = found.files
    assert drop_in.path == DROP_IN
    command = " ".join(word for word in UNIT if word not in ("-H", "fd://"))
    assert drop_in.text == f"{HEAD}[Service]\nExecStart=\nExecStart={command}\n"
    assert str(found.steps[-1]) == "RestartEngine docker (hosts, how the unit calls it)"
    assert " ".join(found.command) == command
    # It goes with the hosts, also where nothing was remembered.
    back = plan(PLAIN, seen(OFF, texts={DROP_IN: drop_in.text}))
    assert [str(step) for step in back.steps] == [f"RemoveFile {DROP_IN} (is not declared any more)"]
    # A unit that says no hosts needs none.
    assert plan({**PLAIN, "hosts": ["fd://"]}, seen(OFF, words=("dockerd",))).files == ()


@pytest.mark.parametrize(
    ("options", "more", "said"),
    [
        (
            {"hosts": ["fd://"]},
            {"script": ("-H", "tcp://x")},
            "$.hosts: DOCKER_OPTS in /etc/default/docker says -H too",
        ),
        (
            {"hosts": ["fd://"]},
            {"late": "/etc/systemd/system/docker.service.d/zz.conf"},
            "$.hosts: /etc/systemd/system/",
        ),
        ({"debug": True}, {"words": ("dockerd", "-D")}, "$.debug: docker.service says -D too"),
        ({"labels": ["a=1"]}, {"script": ("--label=b=1",), "manager": "sysv"}, "$.labels: DOCKER_OPTS"),
        ({"config": {"pidfile": "/x"}}, {"words": ("dockerd", "-p", "/y"), "manager": "sysv"}, "$.pidfile: the init"),
        ({"log_driver": "journald", "log_options": {"max-size": "1m"}}, {}, "$.log_options.max-size: the log driver"),
    ],
)
def test_what_would_keep_the_engine_from_starting_is_refused(options, more, said):
    with pytest.raises(ProvisionError) as raised:
        plan({**PLAIN, **options}, seen(OFF, **more))
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize(
    ("options", "theirs"),
    [
        ({"labels": ["rack=7"]}, {"labels": ["a=1", "a=1", "b=2"]}),
        ({"labels": ["a=1"]}, {"labels": ["a=1", "a=2"]}),
        ({"cgroup_driver": "systemd"}, {"exec-opts": ["odd"]}),
        ({"config": {"storage-opts": ["a=1"]}}, {"storage-opts": ["b=1", "b=2"]}),
        ({"log_options": {"tag": "x"}}, {"log-opts": "max-size=1m"}),
    ],
)
def test_what_others_wrote_and_nothing_can_be_put_beside_is_refused(options, theirs):
    (top,) = theirs
    with pytest.raises(ProvisionError, match=rf"^\$\.{top}: {top} in /etc/docker/daemon.json, written by others"):
        plan({**PLAIN, **options}, seen({**OFF, **theirs}))
    # As a whole it may be declared.
    whole = plan({**PLAIN, "config": {top: []} if top != "log-opts" else {top: {}}}, seen({**OFF, **theirs}))
    assert str(whole.steps[0]).startswith(f"SetKey {top} (")


def test_keys_that_are_newer_than_the_table_are_judged_by_the_engine():
    found = plan({**PLAIN, "config": {"brand-new": 1, "a/b": 2}}, seen(OFF, version=(30, 0)))
    assert found.document == {**OFF, "brand-new": 1, "a/b": 2}
    with pytest.raises(ProvisionError, match=r"\$\.brand-new: docker.service says --brand-new too"):
        plan({**PLAIN, "config": {"brand-new": 1}}, seen(OFF, version=(30, 0), words=("dockerd", "--brand-new", "1")))


FLAGGED = {"words": (*UNIT, "--live-restore"), "runs": True, "containers": ("c1",), "live_restore": True}


def test_containers_run_on_where_live_restore_is_a_flag():
    found = plan({"log_options": {}, "icc": False, "dns": ["192.0.2.1"]}, seen({}, **FLAGGED))
    assert str(found.steps[-1]) == "RestartEngine docker (dns; containers run on)"
    assert found.before is None
    assert [text.partition(":")[0] for text in found.need.pending] == ["icc"]


def test_containers_that_would_run_on_unseen_are_not_left_to_a_flag():
    """The file cannot take down what a flag says: dockerd refuses both."""
    options = {"log_options": {}, "data_root": "/x"}
    with pytest.raises(ProvisionError, match=r"^data-root: containers run, .* --live-restore. .*Nothing was changed"):
        plan(options, seen({}, **FLAGGED))
    assert plan(options, seen({}, **{**FLAGGED, "containers": ()})).steps
    assert plan({**options, "restart": False}, seen({}, **FLAGGED)).need.pending


REMAPPED = {**OFF, "userns-remap": "default"}


def test_a_mapping_of_users_that_is_not_declared_any_more_stays_with_what_it_has():
    host = seen(REMAPPED, claims=["userns-remap"], runs=True, held=True)
    found = plan(PLAIN, host)
    assert (found.steps, found.document) == ((), REMAPPED)
    assert "userns-remap" in found.done.claims
    assert found.need.pending[0].startswith("userns-remap is not declared any more, and stays: images and containers")
    # By its own word it goes, and from an empty engine.
    assert "userns-remap" in str(plan({**PLAIN, "config": {"userns-remap": ""}}, host).steps[0])
    empty = seen(REMAPPED, claims=["userns-remap"], runs=True)
    assert steps({}, empty)[0] == "RemoveKey userns-remap (is not declared any more)"
    # Where it is declared, or somebody else's, there is nothing to tell.
    assert plan({**PLAIN, "userns_remap": "default"}, host).need.pending == ()
    assert plan(PLAIN, seen(REMAPPED, runs=True, held=True)).need.pending == ()


def test_the_engine_that_goes_takes_its_mapping_of_users_along():
    host = seen(REMAPPED, claims=["userns-remap"], held=True)
    assert plan({"state": "absent"}, host).document == OFF


def test_log_options_of_others_that_the_driver_does_not_know_are_named():
    with pytest.raises(ProvisionError, match=r"log-opts.max-size in /etc/docker/daemon.json, written by others"):
        plan({**PLAIN, "log_driver": "journald"}, seen({"log-opts": {"max-size": "1m"}}))


def test_suggestions_give_way_to_flags():
    host = seen({}, script=("--log-driver=journald", "--live-restore"))
    assert plan({}, host).steps == ()
    assert plan({}, seen({}, script=("--log-opt", "max-size=1m", "--live-restore"))).steps == ()


def test_logs_that_others_bounded_are_bounded():
    found = plan({"live_restore": "false"}, seen({**OFF, "log-opts": {"max-size": "50m"}}))
    assert found.steps == ()


def test_proxies_of_an_old_engine():
    proxies = {"http": "http://me:hidden@p"}
    found = plan({**PLAIN, "proxies": proxies}, seen(OFF, version=(20, 10, 24), runs=True))
    assert [(change.path, change.mode) for change in found.files] == [(PROXIES, 0o600), (DROP_IN, 0o644)]
    assert "EnvironmentFile=/etc/docker/stowage-proxies.env" in found.files[1].text
    assert str(found.steps[-1]) == "RestartEngine docker (proxies)"
    without = plan({**PLAIN, "proxies": proxies}, seen(OFF, version=(20, 10, 24), manager="sysv", words=("dockerd",)))
    assert [change.path for change in without.files] == [DEFAULTS, PROXIES]


def test_a_file_with_passwords_is_roots_alone():
    found = plan({**PLAIN, "proxies": {"http": "http://me:hidden@p"}}, seen(OFF))
    assert (found.config.mode, "hidden" in found.config.text) == (0o600, True)
    assert "hidden" not in found.after_text + str(found.steps)
    document = {**OFF, "proxies": {"http-proxy": "http://me:hidden@p"}}
    found = plan({**PLAIN, "proxies": {"http": "http://me:hidden@p"}}, seen(document, claims=["proxies/http-proxy"]))
    assert [str(step) for step in found.steps] == ["SetMode /etc/docker/daemon.json (it has passwords)"]


def test_certificates_that_are_others_than_those_it_runs_with():
    document = {
        **OFF, "tlsverify": True, "tlscacert": "/t/ca.pem", "tlscert": "/t/cert.pem", "tlskey": "/t/key.pem",
        "hosts": ["fd://", "tcp://0.0.0.0:2376"],
    }  # fmt: skip
    drop_in = plan({**PLAIN, "tls": TLS}, seen(OFF)).files[0].text
    same = {"texts": {DROP_IN: drop_in}, "claims": [name for name in document if name != "live-restore"]}
    old, new = {"/t/cert.pem": "old"}, {"/t/cert.pem": "new"}
    host = seen(document, runs=True, contents=old, **same)
    assert steps({"tls": TLS}, host) == []
    assert steps({"tls": {**TLS, "renewed": True}}, host) == ["RestartEngine docker (the content of /t/cert.pem)"]
    # An engine of which nothing is noted has read what was there when it started.
    host = seen(document, runs=True, noted="", contents=new, newer=frozenset({"/t/cert.pem"}), **same)
    assert steps({"tls": TLS}, host) == ["RestartEngine docker (the content of /t/cert.pem)"]


@pytest.mark.parametrize(
    ("options", "host", "said"),
    [
        ({"data_root": "/x"}, seen(OFF, runs=True, held=True), "data-root: images, containers and volumes of before"),
        ({"hosts": ["fd://", "tcp://127.0.0.1:1"]}, seen(OFF), "tcp://127.0.0.1:1: whoever reaches it is root here"),
        ({}, seen({**OFF, "debgu": True}), "$.debgu: daemon.json has no key debgu; is debug meant? ("),
    ],
)
def test_warnings(options, host, said):
    assert any(warning.startswith(said) for warning in plan({**PLAIN, **options}, host).warnings)
