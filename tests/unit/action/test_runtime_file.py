# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action runtime_file asks of Ansible's own copy and file."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("ansible")
from ansible.plugins.action import ActionBase

from plugins.action.runtime_file import ActionModule
from plugins.module_utils.stowage import __version__
from plugins.plugin_utils import zipapp


@pytest.fixture
def act(monkeypatch):
    """Run the action; what it asked for is in ``act.asked``, the file it put in ``act.content``."""
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})

    def run(answer, **options):
        action = ActionModule.__new__(ActionModule)
        action._task = SimpleNamespace(args=options)

        def record(name, arguments, _task_vars):
            run.asked = (name, dict(arguments))
            source = run.asked[1].pop("src", "")
            run.content = Path(source).read_bytes() if source else b""
            return dict(answer)

        action._act = record
        return action.run(task_vars={})

    return run


def test_the_packed_runtime_is_copied_for_root_to_change_and_all_to_run(act):
    result = act({"changed": True}, interpreter="/usr/bin/python3 -I")
    assert act.asked == ("copy", {"dest": "/usr/local/bin/stowage", "mode": "0755", "owner": "root", "group": "root"})
    assert act.content == zipapp.pack_runtime(interpreter="/usr/bin/python3 -I")
    assert result == {
        "changed": True,
        "path": "/usr/local/bin/stowage",
        "version": __version__,
        "digest": zipapp.runtime_digest(),
        "diff": [{"before": "", "after": f"stowage {__version__}\n"}],
    }


def test_where_it_is_there_already_nothing_differs(act):
    result = act({"changed": False, "diff": [{"before": "PK", "after": "PK"}], "checksum": "1"}, path="/opt/stowage")
    assert act.asked[1]["dest"] == "/opt/stowage"
    assert (result["changed"], result["diff"]) == (False, [])


def test_it_is_taken_away(act):
    result = act({"changed": True, "state": "absent"}, state="absent")
    assert act.asked == ("file", {"path": "/usr/local/bin/stowage", "state": "absent"})
    assert (result["changed"], act.content) == (True, b"")


def test_what_copy_refuses_is_told(act):
    result = act({"failed": True, "msg": "no such folder", "changed": False}, path="/nowhere/stowage")
    assert (result["failed"], result["msg"]) == (True, "no such folder")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"state": "gone"}, "value of state must be one of: present, absent"), ({"dest": "/x"}, "Unsupported")],
)
def test_options_that_are_none_are_refused(act, options, message):
    result = act({"changed": True}, **options)
    assert result["failed"]
    assert message in result["msg"]
    assert not hasattr(act, "asked")
