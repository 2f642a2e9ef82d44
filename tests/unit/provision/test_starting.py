# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine that runs and answers: what is done for that, and what is only said in a check."""

from __future__ import annotations

import pytest

from provision.service import Engine
from provision.starting import bring_up


class Played:
    """A service whose engine answers once it was started."""

    def __init__(self):
        self.found, self.done = None, []

    def answer(self):
        return self.found

    def installed(self):
        return True

    def start(self, anew):
        self.done.append(f"start {anew}")
        self.found = Engine("26.1.5", "1.45")
        return "systemd"


@pytest.mark.parametrize("anew", [False, True])
def test_one_that_does_not_answer_is_started(anew):
    service = Played()
    done = bring_up(service, None, None, check=False, anew=anew)
    assert service.done == [f"start {anew}"]
    assert [str(step) for step in done.plan] == ["StartEngine docker (does not answer)"]
    assert done.facts == {
        "started_by": "systemd", "running": True, "installed": True, "outdated": False,
        "version": "26.1.5", "api_version": "1.45",
    }  # fmt: skip


def test_a_check_starts_nothing():
    service = Played()
    done = bring_up(service, None, None, check=True)
    assert [str(step) for step in done.plan] == ["StartEngine docker (does not answer)"]
    assert service.done == []
    assert done.facts == {"running": False, "installed": True, "outdated": False}
