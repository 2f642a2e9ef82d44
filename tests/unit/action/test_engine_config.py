# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real playbook on this machine, with a module that only says what reached it."""

from __future__ import annotations

import sys

import pytest

from .plays import PLAYBOOK, copy_collection, run

pytest.importorskip("ansible")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(PLAYBOOK is None, reason="needs ansible-playbook")]
MODULE = """\
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule(argument_spec={"proxies": {"type": "dict", "options": {"http": {}, "no": {}}}})
module.exit_json(proxies=module.params["proxies"])
"""
# Both are written by people; only the first is what YAML takes for the word.
PLAY = """\
- hosts: localhost
  gather_facts: false
  vars:
    engine_proxies: {http: "http://p", "no": localhost}
  tasks:
    - stowage.docker.engine_config:
        proxies: {http: "http://p", "no": localhost}
      register: quoted
    - stowage.docker.engine_config:
        proxies: {http: "http://p", no: localhost}
      register: unquoted
    - stowage.docker.engine_config:
        proxies: "{{ engine_proxies }}"
      vars:
        engine_proxies: {http: "http://p", no: localhost}  # as from a file of variables
      register: passed
    - ansible.builtin.assert:
        that:
          - quoted.proxies == engine_proxies
          - unquoted.proxies == quoted.proxies
          - passed.proxies == quoted.proxies
"""


def test_a_no_that_yaml_takes_for_false_is_a_no(tmp_path):
    copy_collection(tmp_path, {"engine_config": MODULE})
    (tmp_path / "play.yml").write_text(PLAY)
    done = run(tmp_path, "-i", "localhost,", "-e", f"ansible_python_interpreter={sys.executable}", "play.yml")
    assert done.returncode == 0, done.stdout + done.stderr
