# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real playbooks with a module that says what reached it: the key and the archive are the controller's."""

from __future__ import annotations

import pytest

pytest.importorskip("ansible")

from tests.unit.plugin_utils.test_package_files import deb
from tests.unit.provision.packages.test_keys import BINARY, ONE

from .plays import PLAYBOOK, copy_collection, play

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PLAYBOOK is None, reason="needs ansible-playbook")]
ECHO = """\
from pathlib import Path
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.provision.packages.options import SPEC
module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
archive = module.params["archive"]
found = {"key": module.params["repository_key"], "archive": archive}
if isinstance(archive, dict) and archive["folder"]:
    found["sizes"] = {path.name: path.stat().st_size for path in sorted(Path(archive["folder"]).glob("*.deb"))}
elif isinstance(archive, dict):
    found["needed"] = ["b.deb"]
module.exit_json(**found)
"""
CONTROL = "Package: {}\nVersion: 1\nArchitecture: all\n"
OFFERS = [
    {"Package": name, "Version": "1", "Architecture": "all", "Filename": f"{name}.deb", "Size": str(size)}
    for name in ("a", "b")
    for size in [len(deb(control=CONTROL.format(name)))]
]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What each task returned, by its name."""
    folder = tmp_path_factory.mktemp("play")
    copy_collection(folder, {"engine_packages": ECHO})
    (folder / "files" / "archive").mkdir(parents=True)
    (folder / "files" / "empty").mkdir()
    (folder / "files" / "key.gpg").write_bytes(BINARY)
    for name in ("a", "b"):
        (folder / "files" / "archive" / f"{name}.deb").write_bytes(deb(control=CONTROL.format(name)))
    tasks = {
        "nothing": {},
        "file": {"repository_key": "key.gpg"},
        "text": {"repository_key": "-----BEGIN a key-----"},
        "no_file": {"repository_key": "none.gpg"},
        "archive": {"source": "archive", "archive": "archive"},
        "absent": {"source": "archive", "archive": "archive", "state": "absent"},
        "empty": {"source": "archive", "archive": "empty"},
        "wrong": {"source": "nowhere"},
    }
    return play(folder, {name: {"stowage.docker.engine_packages": options} for name, options in tasks.items()})


def test_a_key_is_read_from_a_file_or_is_the_text_itself(told):
    assert told["nothing"]["key"] == ""
    assert told["file"]["key"] == ONE
    assert told["text"]["key"] == "-----BEGIN a key-----"


def test_of_an_archive_only_what_the_host_lacks_is_brought(told):
    done = told["archive"]
    assert done["sizes"] == {"b.deb": int(OFFERS[1]["Size"])}
    assert [offer.get("SHA256", "") != "" for offer in done["archive"]["offers"]] == [False, True]
    assert [{k: v for k, v in offer.items() if k != "SHA256"} for offer in done["archive"]["offers"]] == OFFERS
    assert done["brought"] == ["b.deb"]
    assert "needed" not in done


def test_where_packages_go_no_archive_is_looked_at(told):
    assert told["absent"]["archive"] == "archive"
    assert "brought" not in told["absent"]


@pytest.mark.parametrize(
    ("task", "said"),
    [("no_file", "none.gpg"), ("empty", "holds no packages"), ("wrong", "value of source must be one of")],
)
def test_what_the_controller_does_not_have_is_told(told, task, said):
    assert told[task]["failed"]
    assert said in told[task]["msg"]
