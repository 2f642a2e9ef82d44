# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from stowage.errors import DeclarationError
from stowage.model.operations import StartContainer
from stowage.planner.draft import Draft


def add(draft, *after, settled=()):
    return draft.add(StartContainer("web", "test"), after, settled)


def test_numbers_start_at_one_and_nothing_stands_for_no_step():
    draft = Draft("host")
    assert [add(draft), add(draft, None, 1, 1), add(draft, 2, None, settled=[1, None])] == [1, 2, 3]
    assert str(draft.plan()) == (
        "#1 StartContainer web (test)\n#2 StartContainer web <- #1 (test)\n#3 StartContainer web <- #1, #2 (test)"
    )


def test_what_another_step_waits_for_itself_is_left_out():
    draft = Draft("host")
    add(draft)
    add(draft, 1)
    add(draft, 1, 2)
    assert draft.plan().steps[2].after == (2,)


def test_a_step_that_only_has_to_end_stands_for_nothing():
    draft = Draft("host")
    add(draft)
    add(draft, settled=[1])
    add(draft, 1, 2)
    assert draft.plan().steps[2].after == (1, 2)


def test_ends():
    draft = Draft("host")
    assert draft.ends() == ()
    add(draft)
    add(draft, 1)
    add(draft, 1)
    add(draft, settled=[3])
    assert draft.ends() == (2, 3, 4)


def test_refused():
    draft = Draft("host")
    draft.refuse("$.a", "no")
    draft.refuse("$.b", "neither")
    draft.refuse("$.a", "no")
    with pytest.raises(DeclarationError) as caught:
        draft.plan()
    assert str(caught.value) == "$.a: no\n$.b: neither"
