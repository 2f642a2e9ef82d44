# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real playbooks whose hosts cannot be reached, or fail in the middle: what is told, and what is remembered."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("ansible")
pytest.importorskip("cryptography")

from plugins.plugin_utils.certificates import work
from tests.unit.plugin_utils.certificates.fleet import Host, case

from .plays import PLAYBOOK, copy_collection, play

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PLAYBOOK is None, reason="needs ansible-playbook")]
DOWN = """\
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase
DOCUMENTATION = "name: down\\nshort_description: Reaches nothing\\ndescription: Reaches nothing\\nauthor: nobody"

class Connection(ConnectionBase):
    transport = "down"

    def _connect(self):
        return self

    def exec_command(self, cmd, in_data=None, sudoable=True):
        raise AnsibleConnectionFailure("nobody there")

    put_file = fetch_file = exec_command

    def close(self):
        pass
"""
# Wants the files, and then it is not told what came of them.
GREEDY = """\
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule(argument_spec={name: {"type": "raw"} for name in (
    "users", "proxies", "proxy_users", "contexts", "context_users", "clients", "digests", "files")})
if not module.params["files"]:
    module.exit_json(needs=["admin"])
module.fail_json(msg="the disk is full")
"""


@pytest.fixture
def ca(tmp_path):
    """A CA that has one client, and another host."""
    work.have(case(tmp_path / "ca"), Host("h").ask)
    return tmp_path / "ca"


def contexts(ca):
    far = {"far": {"host": "tcp://h:2376", "client": "admin"}}
    return {"contexts": far, "context_users": ["bob"], "ca": str(ca)}


def test_a_host_that_is_down_is_unreachable_and_has_not_failed(tmp_path, ca):
    copy_collection(tmp_path)
    (tmp_path / "connection_plugins").mkdir()
    (tmp_path / "connection_plugins" / "down.py").write_text(DOWN)
    tasks = {
        "have": {"stowage.docker.engine_certificates": {"ca": str(ca)}},
        "confirm": {"stowage.docker.engine_certificates": {"ca": str(ca), "state": "confirmed"}},
        "contexts": {"stowage.docker.engine_client": contexts(ca)},
        "packages": {"stowage.docker.engine_packages": {}},
    }
    down = {"ansible_connection": "down"}
    told = play(tmp_path, {name: {**task, "vars": down} for name, task in tasks.items()})
    assert {name: result.get("unreachable") for name, result in told.items()} == dict.fromkeys(tasks, True)
    assert not any(result.get("failed") for result in told.values())
    assert not (ca / "hosts" / "localhost.json").exists()


def test_a_copy_is_remembered_before_it_is_sent(tmp_path, ca):
    copy_collection(tmp_path, {"engine_client": GREEDY})
    told = play(tmp_path, {"contexts": {"stowage.docker.engine_client": contexts(ca)}})
    assert told["contexts"]["msg"] == "the disk is full"
    assert list(json.loads((ca / "hosts" / "localhost.json").read_text())["copies"]) == ["admin of bob"]
