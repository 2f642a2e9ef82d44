# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of runtime_file against the options it takes."""

from __future__ import annotations

import pytest

yaml = pytest.importorskip("yaml")
pytest.importorskip("ansible")
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from plugins.module_utils.options.runtime_file import SPEC
from plugins.modules import runtime_file


def test_what_is_documented_is_what_is_accepted():
    options = yaml.safe_load(runtime_file.DOCUMENTATION)["options"]
    for option in options.values():
        assert option.pop("description")
    assert options == SPEC


def test_the_example_is_accepted():
    for task in yaml.safe_load(runtime_file.EXAMPLES):
        result = ArgumentSpecValidator(SPEC).validate(task["stowage.docker.runtime_file"])
        assert result.error_messages == []
