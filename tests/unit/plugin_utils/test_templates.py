# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts as Ansible's own loader and templar give them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("ansible")
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.template import Templar

from plugins.module_utils.stowage.content import ContentError
from plugins.plugin_utils import templates
from plugins.plugin_utils.templates import Texts

SECRET = [("default", VaultSecret(b"open sesame"))]


def trusted(value):
    """A text of the inventory's, which may be a template."""
    return templates.trust_as_template(value)


def texts(**variables):
    loader = DataLoader()
    loader.set_vault_secrets(SECRET)
    return Texts(SimpleNamespace(_loader=loader, _templar=Templar(loader, variables=variables)), variables)


def locked(text, secrets=SECRET):
    return VaultLib(secrets).encrypt(text, secrets[0][1]).decode()


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_plain_file_is_read_as_it_is(write):
    text = "image: x:${TAG:-{{ tag }}}\n# ä {% if %}\n"
    assert texts(tag="1").read(write("compose.yaml", text)) == text


def test_a_template_is_rendered(write):
    path = write("compose.yaml.j2", "image: x:{{ tag }}\n{% for n in names %}- {{ n }}\n{% endfor %}")
    assert texts(tag="1", names=["a", "b"]).read(path) == "image: x:1\n- a\n- b\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ number }}", "5"),
        ("{{ flag }}", "True"),
        ("- '\\d{1,3} \\\\ \\n'\n", "- '\\d{1,3} \\\\ \\n'\n"),
        ("$$HOME ${A:-b}", "$$HOME ${A:-b}"),
    ],
)
def test_what_comes_of_a_template_is_text(write, text, expected):
    assert texts(number=5, flag=True).read(write("x.j2", text)) == expected


def test_a_template_finds_others_beside_it(write):
    write("parts/web.yaml", "image: x")
    assert texts().read(write("parts/compose.yaml.j2", "{% include 'web.yaml' %}")) == "image: x"


def test_a_vault_is_opened(write, tmp_path):
    assert texts().read(write("secret.env", locked("A=s3cret\n"))) == "A=s3cret\n"
    assert texts(a=1).read(write("secret.env.j2", locked("A={{ a }}"))) == "A=1"
    assert texts().content(write("binary", locked("s3cret"))) == b"s3cret"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["binary", "secret.env", "secret.env.j2"]


def test_content_need_not_be_text(write):
    assert texts().content(write("logo.png", b"\x89PNG\xff")) == b"\x89PNG\xff"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("compose.yaml", b"\xff\xfe", "is not UTF-8"),
        ("x.j2", "{{ nowhere }}", "nowhere"),
        ("x.j2", "{% for %}", "(?i)error"),
        ("x.env", locked("A=1", [("default", VaultSecret(b"another"))]), "(?i)vault|decrypt"),
    ],
)
def test_what_cannot_be_read_is_an_error_of_one_line(write, name, text, words):
    with pytest.raises(OSError, match=words) as caught:
        texts().read(write(name, text))
    assert "\n" not in str(caught.value)
    assert "open sesame" not in str(caught.value)


def test_what_is_not_there(tmp_path):
    for read in (texts().read, texts().content):
        with pytest.raises(OSError):
            read(tmp_path / "gone")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        ("", ""),
        (5, "5"),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
        (None, None),
        (["a"], None),
        ({"a": 1}, None),
        (trusted("{{ other }}-{{ number }}"), "base-7"),
    ],
)
def test_variables(value, expected):
    assert texts(it=value, other="base", number=7).variable("it") == expected


def test_a_variable_whose_template_fails_is_not_taken_for_one_that_is_not_set():
    with pytest.raises(ContentError, match=r"the variable it of the host: .*nowhere"):
        texts(it=trusted("{{ nowhere }}")).variable("it")


def test_a_variable_that_nobody_has():
    assert texts(a="1").variable("b") is None
