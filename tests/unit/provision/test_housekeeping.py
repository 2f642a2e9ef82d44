# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from provision import housekeeping
from provision.commands import Commands, Done
from provision.errors import ProvisionError
from provision.files import Files
from provision.memory import parts
from stowage.cli.arguments import parse_arguments

WANTED = {
    "containers": True,
    "images": "all",
    "volumes": "false",
    "filters": {"until": "7d", "label": ["a=b", "c"], "without_label": ["keep"]},
}


class Host(Commands):
    """A host below a folder; ``systemctl`` leaves the link that enabling a timer makes."""

    def __init__(self, tmp_path, *programs):
        super().__init__()
        self.files = Files(str(tmp_path))
        self.programs = programs
        self.ran = []
        self.calendar = 0

    def find(self, program):
        return f"/usr/bin/{program}" if program in self.programs else None

    def run(self, *argv, **_options):
        self.ran.append(" ".join(argv))
        if argv[:2] == ("systemctl", "enable"):
            self.files.write(housekeeping._LINK, "")
        if argv[:2] == ("systemctl", "disable"):
            self.files.remove(housekeeping._LINK)
        code = self.calendar if argv[0] == "systemd-analyze" else 0
        return Done(code, "", "")


@pytest.fixture
def systemd(tmp_path):
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    return Host(tmp_path, "systemctl", "systemd-analyze")


@pytest.fixture
def cron(tmp_path):
    (tmp_path / "etc/cron.d").mkdir(parents=True)
    return Host(tmp_path, "cron")


def schedule(when="daily", **wanted):
    return housekeeping.Schedule(when, housekeeping.words_of(wanted or WANTED))


def converge(host, schedule, check=False):
    observed = housekeeping.observe(host.files, host)
    texts = housekeeping.texts_of(schedule, observed)
    housekeeping.check_schedule(schedule, observed, host)
    steps = housekeeping.plan(texts, observed)
    if not check:
        housekeeping.act(steps, texts, host.files, host)
    return [str(step) for step in steps]


def test_the_command_that_is_run_is_understood():
    options = parse_arguments(schedule().command.split()[3:])
    assert (options.containers, options.images, options.volumes, options.networks) == (True, "all", None, False)
    assert (options.until, options.label, options.without_label) == ("7d", ["a=b", "c"], ["keep"])
    assert options.host == "unix:///var/run/docker.sock"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({}, "names nothing that may go"),
        ({"images": "false", "filters": {"until": "1h"}}, "names nothing that may go"),
        ({"images": "all", "filters": {"label": ["a=$x"]}}, "characters that cannot stand"),
        ({"images": "all", "filters": {"label": ["a b"]}}, "characters that cannot stand"),
        ({"images": "all", "filters": {"until": "1h\nroot reboot"}}, "characters that cannot stand"),
        ({"images": "all", "filters": {"label": ["owner=%h"]}}, "characters that cannot stand"),
        ({"images": "all", "filters": {"without_label": ["tier=50%"]}}, "characters that cannot stand"),
    ],
)
def test_what_cannot_be_run_is_refused(wanted, said):
    with pytest.raises(ProvisionError, match=said):
        housekeeping.words_of(wanted)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"interpreter": "/opt/my python/bin/python"}, "characters that cannot stand"),
        ({"interpreter": "/opt/py%n"}, "characters that cannot stand"),
        ({"socket": "/run/%i.sock"}, "characters that cannot stand"),
        ({"socket": "/run/docker.sock\nUser=nobody"}, "characters that cannot stand"),
        ({"when": "daily\nUnit=other.service"}, "characters that no time has"),
        ({"when": "%h"}, "characters that no time has"),
    ],
)
def test_nothing_gets_into_a_unit_that_it_would_read_otherwise(systemd, changed, said):
    with pytest.raises(ProvisionError, match=said):
        converge(systemd, replace(schedule(), **changed))
    assert systemd.files.read(housekeeping.SERVICE) is None


class Python(Commands):
    """A host whose /usr/bin/python3 is too old (1), new enough (0), or is not there (None)."""

    def __init__(self, code):
        super().__init__()
        self.code = code

    def find(self, program):
        return None if self.code is None else program

    def run(self, *argv, **_options):
        assert argv[0] == "/usr/bin/python3"
        return Done(self.code, "", "")


def test_a_python_that_the_sandbox_hides_does_not_run_the_timer(monkeypatch):
    assert housekeeping.interpreter_of("/opt/venv/bin/python", Python(None)) == "/opt/venv/bin/python"
    for hidden in ("/root/.venv/bin/python", "/home/a/venv/bin/python", "/tmp/venv/bin/python"):
        assert housekeeping.interpreter_of(hidden, Python(0)) == "/usr/bin/python3"
        for code in (1, None):
            with pytest.raises(ProvisionError, match="set ansible_python_interpreter"):
                housekeeping.interpreter_of(hidden, Python(code))
    monkeypatch.setattr(housekeeping.os.path, "realpath", lambda _path: "/home/a/.pyenv/bin/python")
    assert housekeeping.interpreter_of("/opt/venv/bin/python", Python(0)) == "/usr/bin/python3"


def test_a_timer_comes_changes_and_goes(systemd):
    planned = converge(systemd, schedule(), check=True)
    assert parts(systemd.files) == []
    assert (
        converge(systemd, schedule())
        == planned
        == [
            f"WriteFile {housekeeping.SERVICE} (is missing)",
            f"WriteFile {housekeeping.TIMER} (is missing)",
            "StartTimer stowage-prune.timer (is to run regularly)",
        ]
    )
    assert parts(systemd.files) == ["prune"]
    assert "OnCalendar=daily\n" in systemd.files.read(housekeeping.TIMER)
    assert converge(systemd, schedule()) == []
    assert converge(systemd, schedule("weekly")) == [
        f"WriteFile {housekeeping.TIMER} (is other than declared)",
        "StartTimer stowage-prune.timer (is to run regularly)",
    ]
    assert converge(systemd, schedule("weekly", images="all")) == [
        f"WriteFile {housekeeping.SERVICE} (is other than declared)"
    ]
    systemd.files.write(housekeeping.COMMAND, "")
    systemd.ran.clear()
    assert converge(systemd, housekeeping.Schedule()) == [
        "StopTimer stowage-prune.timer (is not declared any more)",
        f"RemoveFile {housekeeping.SERVICE} (is not declared any more)",
        f"RemoveFile {housekeeping.TIMER} (is not declared any more)",
        f"RemoveFile {housekeeping.COMMAND} (is not declared any more)",
    ]
    assert systemd.ran == ["systemctl disable --now stowage-prune.timer", "systemctl daemon-reload"]
    assert (parts(systemd.files), converge(systemd, housekeeping.Schedule())) == ([], [])


def test_what_is_ours_is_noted_for_who_takes_it_away(systemd):
    converge(systemd, schedule())
    noted = json.loads(systemd.files.read("/var/lib/stowage/engine/prune.json"))
    assert noted["files"] == sorted([housekeeping.SERVICE, housekeeping.TIMER, housekeeping.COMMAND])
    assert noted["units"] == ["stowage-prune.timer", "stowage-prune.service"]


def test_a_timer_that_somebody_disabled_is_enabled_again(systemd):
    converge(systemd, schedule())
    systemd.files.remove(housekeeping._LINK)
    assert converge(systemd, schedule()) == ["StartTimer stowage-prune.timer (is to run regularly)"]


def test_a_time_that_systemd_does_not_know_is_refused_before_anything_is_written(systemd):
    systemd.calendar = 1
    with pytest.raises(ProvisionError, match="systemd does not understand 'now and then'"):
        converge(systemd, schedule("now and then"))
    assert systemd.files.read(housekeeping.TIMER) is None


def test_without_systemd_cron_does_it(cron):
    assert converge(cron, schedule()) == [f"WriteFile {housekeeping.CRON} (is missing)"]
    entry = cron.files.read(housekeeping.CRON).splitlines()[-1]
    assert entry == f"25 3 * * * root {schedule().command} >/dev/null"
    assert converge(cron, schedule()) == []
    assert converge(cron, housekeeping.Schedule())[0] == f"RemoveFile {housekeeping.CRON} (is not declared any more)"
    assert cron.ran == []
    with pytest.raises(ProvisionError, match="one of hourly, daily, weekly, monthly"):
        converge(cron, schedule("Mon 12:00"))


def test_without_either_it_is_said_what_to_do(tmp_path):
    with pytest.raises(ProvisionError, match="neither systemd nor cron"):
        converge(Host(tmp_path), schedule())
