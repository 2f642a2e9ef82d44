# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of apt's source files that name a repository, switched off; all else as it was."""

from __future__ import annotations

import pytest

from provision.errors import ProvisionError
from provision.packages.listing import NOTE, again, without

ADDRESS = "https://download.example/linux/debian"
LIST = "/etc/apt/sources.list.d/docker.list"
SOURCES = "/etc/apt/sources.list.d/docker.sources"


@pytest.mark.parametrize(
    "line",
    [
        f"deb {ADDRESS} trixie stable\n",
        f"deb {ADDRESS}/ trixie stable\n",
        f"deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.gpg] {ADDRESS} trixie stable\n",
        f"  deb-src {ADDRESS} trixie stable\n",
        "deb http://download.example/linux/debian trixie stable\n",
    ],
)
def test_a_line_that_names_it(line):
    before = "# mine\ndeb http://deb.example/debian trixie main\n"
    assert without(LIST, before + line, ADDRESS) == f"{before}{NOTE}\n# {line}"


@pytest.mark.parametrize(
    "line",
    [f"# deb {ADDRESS} trixie stable\n", f"deb {ADDRESS}-other trixie stable\n", "\n", "deb\n"],
)
def test_a_line_that_does_not(line):
    assert without(LIST, line, ADDRESS) == line


STANZA = f"Types: deb\nURIs: {ADDRESS}/\nSuites: trixie\nComponents: stable\n"
OTHER = "Types: deb\nURIs: http://deb.example/debian\nSuites: trixie\nComponents: main\n"


def test_a_stanza_that_names_it():
    text = f"{OTHER}\n# Docker\n{STANZA}"
    assert without(SOURCES, text, ADDRESS) == f"{OTHER}\n# Docker\n{NOTE}\nEnabled: no\n{STANZA}"


@pytest.mark.parametrize(
    ("path", "text"),
    [(SOURCES, f"{OTHER}\n# Docker\n{STANZA}"), (LIST, f"# deb x\ndeb {ADDRESS} trixie stable\n# mine\n")],
)
def test_what_was_switched_off_is_switched_on_again(path, text):
    assert again(without(path, text, ADDRESS)) == text


def test_what_others_switched_off_stays_off():
    for text in (f"Enabled: no\n{STANZA}", f"# deb {ADDRESS} trixie stable\n"):
        assert again(text) == text


def test_it_is_switched_off_once():
    text = without(SOURCES, STANZA, ADDRESS)
    assert without(SOURCES, text, ADDRESS) == text


def test_what_was_switched_on_in_words():
    text = without(SOURCES, f"Enabled: yes\n{STANZA}", ADDRESS)
    assert text.count("Enabled") == 1
    assert "Enabled: no\n" in text


def test_addresses_that_go_on_in_the_next_line():
    text = f"Types: deb\nURIs:\n {ADDRESS}\nSuites: trixie\n"
    assert "Enabled: no" in without(SOURCES, text, ADDRESS)


def test_a_stanza_of_several_repositories_is_left_to_people():
    text = f"Types: deb\nURIs: {ADDRESS} http://deb.example/debian\nSuites: trixie\n"
    with pytest.raises(ProvisionError, match="a stanza of its own"):
        without(SOURCES, text, ADDRESS)
