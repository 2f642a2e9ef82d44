# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Equal parts of documents are kept once."""

from __future__ import annotations

import json

from stowage.sharing import Shared

TEXT = '{"Id": "%s", "HostConfig": {"Binds": ["/a:/b"], "Memory": 0, "Driver": {"Name": "x"}}, "Mounts": [{"Type": "bind"}]}'


def test_a_document_stays_what_it_is():
    document = json.loads(TEXT % "1")
    assert Shared().document(document) == document


def test_what_two_documents_have_in_common_is_there_once():
    shared = Shared()
    one, other = (shared.document(json.loads(TEXT % identity)) for identity in "12")
    assert one["HostConfig"]["Binds"] is other["HostConfig"]["Binds"]
    assert one["HostConfig"]["Driver"] is other["HostConfig"]["Driver"]
    assert one["Mounts"] is other["Mounts"]
    assert one["HostConfig"] is not other["HostConfig"]


def test_true_and_one_are_not_the_same():
    shared = Shared()
    assert shared.document({"a": {"b": [True]}})["a"]["b"][0] is True
    assert shared.document({"a": {"b": [1]}})["a"]["b"][0] is not True
