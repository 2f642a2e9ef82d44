# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings file, and what is said of a wrong one."""

from __future__ import annotations

import json

import pytest

from stowage.agent.settings import Notify, Settings, load_settings
from stowage.errors import StowageError


@pytest.fixture
def load(tmp_path):
    def written(document):
        path = tmp_path / "runtime.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return load_settings(str(path))

    return written


def test_without_a_file_all_is_as_by_default(tmp_path):
    assert load_settings(str(tmp_path / "none")) == Settings()


def test_what_is_written_holds(load):
    document = {
        "mode": "report",
        "modes": {"shop": "enforce"},
        "resync": 60,
        "history": 3,
        "notify": {
            "webhook": "https://hooks.example.org/x",
            "command": ["/bin/true"],
            "events": ["held"],
            "per_minute": 1,
        },
    }
    notify = Notify("https://hooks.example.org/x", ("/bin/true",), ("held",), 1)
    assert load(document) == Settings(mode="report", modes={"shop": "enforce"}, resync=60.0, history=3, notify=notify)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "no JSON document"),
        ("[1]", "expected a mapping, found a list"),
        ({"mod": "report"}, "$.mod: unknown key"),
        ({"mode": "never"}, "$.mode: 'never' is none of: enforce, report"),
        ({"modes": {"shop": "paused"}}, "$.modes.shop: 'paused' is none of"),
        ({"resync": "soon"}, "$.resync: expected a number of seconds, found a string"),
        ({"history": 0}, "$.history: expected a whole number from 1 to 1000"),
        ({"history": True}, "$.history: expected a whole number"),
        ({"state": "here"}, "$.state: must be an absolute path"),
        ({"notify": {"webhook": "ftp://x"}}, "$.notify.webhook: must begin with http"),
        ({"notify": {"webhook": "https://x/a b"}}, "$.notify.webhook: must have neither spaces nor"),
        ({"notify": {"webhook": "https://x\ny"}}, "$.notify.webhook: must have neither spaces nor"),
        ({"notify": {"webhook": "https://\u00e4.example.org"}}, "$.notify.webhook: must have neither spaces nor"),
        ({"notify": {"events": ["nothing"]}}, "$.notify.events: 'nothing' is none of"),
        ({"notify": {"command": "reboot"}}, "$.notify.command: expected a list"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(load, document, message):
    with pytest.raises(StowageError, match=r"runtime\.json") as caught:
        load(document)
    assert message in str(caught.value)


def test_a_webhook_is_not_shown():
    assert "secret" not in repr(Settings(notify=Notify(webhook="https://hooks.example.org/secret")))
