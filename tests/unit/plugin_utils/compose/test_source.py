# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.util
import json
import sys

import pytest

from plugins.plugin_utils.compose import source
from plugins.plugin_utils.compose.located import Map, Seq, Tagged
from tests.unit.plugin_utils.compose.oracle import ask, ask_all, plain

SCALARS = """
yes no on off Yes NO y n true True TRUE tRue false ~ null Null NULL nULL 0777 0o777 0O17 0x1F 0X1F -0x1F +0x1F 0b101
-0b11 0B1 1_000 0x_1 1__0 _1 1_ 010 08 09 00 -010 +010 0o8 +0o7 -0o7 1e3 1E3 1.5 .5 5. -.5 +.5 1.e3 1e+3 1.5e-3
1_0.5 1:30 22:22 190:20:30 1.2.3 9223372036854775807 9223372036854775808 18446744073709551615 36893488147419103232
-9223372036854775808 0xFFFFFFFFFFFFFFFF 0x1FFFFFFFFFFFFFFFF 1e400 -1e400 1e-400 . .. = -0 +1 -0.0 100.0 1e21 123456789.0
1e-7 .e1 1e 0x 0b 0o 12e03 0_1 0b_1 0o_7 01.5 0777.5 0e0 0x1p3 infinity inf nan NaN -inf + 1e1_0 0_8 0888 1e3_ 5_. ._5
.5_0 .5_ .5__0 .5e1_0 +_5 --1 1-1 0x-1 0b2 0o7777777777777777777777777 a:b a#b http://a:80 ?b -b :b ^a !!str '5' "5" 2001-01-01 2001-1-1 2001-13-01 2001-02-29 2001-12-14t21:59:43.10-05:00
2001-12-14T21:59:43 2001-12-14T21:59:43.1234567891Z 2001-12-14T1:2:3Z 2001-12-14T21:59:43+00:00 20011-1-2
""".split()
SCALARS += [
    "!!str 5",
    "!!int '5'",
    "!!float 5",
    "!!bool 'true'",
    "!!null ''",
    "!!binary aGk=",
    "!!timestamp 2001-01-01",
]

DOCUMENTS = {
    "nesting": "x-a: {b: [1, {c: d}], e: }\nx-f:\n- g\n-\n- - h\n  - i\n-   j: 1\n    k: 2\n",
    "texts": "x-a: |\n  hi\n   b\nx-b: >-\n  a\n  b\nx-h: 'it''s'\nx-d: \"a\\tb\\x41\"\nx-e: foo\n  bar\n\n  baz\n",
    "spaces": "x-a: {b: 2001-12-14 21:59:43.5, c: 2001-12-14  21:59:43, d: a b}\nx-e: \t1\n",
    "unicode": "x-a: é\U0001f600\n",
    "mark": "\ufeffx-a: 1\n",
    "carriage returns": "x-a: 1\r\nx-b: [1,\r\n 2]\r\n",
    "anchors": "x-a: &a {b: &b [1]}\nx-c: *a\nx-d: *b\n",
    "anchor again": "x-a: &a 1\nx-b: &a 2\nx-c: *a\n",
    "anchor as key": "x-a: &a foo\nx-b: {*a : 1}\n",
    "anchor of nothing": "x-a: &a\nx-b: *a\n",
    "merge": "x-a: &a {b: 1, c: 2}\nx-d: {c: 3, <<: *a}\nx-e: {<<: *a, c: 3}\n",
    "merge list": "x-a: &a {b: 1}\nx-c: &c {b: 2, d: 3}\nx-e: {<<: [*a, *c]}\nx-f: {<<: []}\nx-g: {<<: [{h: 1}, *c]}\n",
    "merge merged": "x-a: &a {b: 1}\nx-c: &c {<<: *a, d: 1}\nx-e: {<<: *c, b: 2}\n",
    "merge is shallow": "x-a: &a {b: {c: 1}}\nx-d: {<<: *a, b: {e: 2}}\n",
    "merge of all": "<<: {x-a: 1}\n",
    "merge in quotes": "x-a: {'<<': {b: 1}, c: '<<', d: !!str <<, e: <a, <f: g}\n",
    "keys": "x-z: {yes: 1, '5': 2, \"\": 3, a b: 4, ? c : 5, ? d}\n'x-x': 6\n? x-y\n: 7\n",
    "override": "x-a: !override {b: !override 5, c: 5}\nx-d: {e: !override true}\n",
    "collections": "x-a: !!map {b: 1}\nx-c: !!seq [1]\nx-d: !!set {e, f}\nx-g: !!omap [h: 1]\n",
}

SERVICE = "services: {s: {image: x}}\n"

# What is wrong: text -> all problems. None of these is a file to compose either.
WRONG = {
    "": ["f: the file is empty"],
    "# a comment\n": ["f: the file is empty"],
    "[1]": ["f:1: the top level must be a mapping"],
    "services: {}\n---\n": ["f:3: the top level must be a mapping"],
    "x-a: {b: 1,\n c: 2,\n b: 3}": ["f:3: x-a.b: the key is there twice; the first is in line 1"],
    "x-a: [{b: 1, b: 2}]\nx-c: {d: 1, d: 1}": [
        "f:1: x-a[0].b: the key is there twice; the first is in line 1",
        "f:2: x-c.d: the key is there twice; the first is in line 2",
    ],
    "services:\n  1: {}\n": ["f:2: services.1: a key must be a string; write it in quotes"],
    "x-a: {true: 1, null: 2, 2001-01-01: 3}": [
        "f:1: x-a.true: a key must be a string; write it in quotes",
        "f:1: x-a.null: a key must be a string; write it in quotes",
        'f:1: x-a["2001-01-01"]: a key must be a string; write it in quotes',
    ],
    "x-a: {[b]: 1}": ['f:1: x-a["?"]: a key must be a string'],
    "x-a: .inf\nx-b: -.INF\nx-c: .nan": [
        "f:1: x-a: the number is not finite",
        "f:2: x-b: the number is not finite",
        "f:3: x-c: the number is not finite",
    ],
    "x-a: !!int b\nx-c: !!bool yes": [
        "f:1: x-a: the value cannot be read as !!int",
        "f:2: x-c: the value cannot be read as !!bool",
    ],
    "x-a: !!binary '=='": ["f:1: x-a: the value cannot be read as !!binary"],
    "x-a: *b": ["f:1: x-a: *b stands for nothing: there is no &b before it"],
    "x-a: &a [1, *a]": ["f:1: x-a[1]: *a is inside of what it stands for"],
    "x-a: &a {b: {c: *a}}": ["f:1: x-a.b.c: *a is inside of what it stands for"],
    "x-a: {<<: 5}": ['f:1: x-a["<<"]: << takes a mapping or a list of mappings'],
    "x-a: {<<: [{b: 1}, 5]}": ['f:1: x-a["<<"]: << takes a mapping or a list of mappings'],
    "x-a: &a [{b: 1}]\nx-c:\n  <<: 1": ['f:3: x-c["<<"]: << takes a mapping or a list of mappings'],
    "x-a: {<<: {b: 1}, <<: {c: 1}}": ['f:1: x-a["<<"]: the key is there twice'],
    "x-a: {b: [}": ["f:1: not valid YAML: while parsing a flow node did not find expected node content"],
    "x-a: 1\n b: 2": ["f:2: not valid YAML: mapping values are not allowed in this context"],
    "x-a: 'é'\nx-b: '\x01'": ["f:2: not valid YAML: control characters are not allowed"],
    "services: {a: {image: 2001-01-01}}": [
        "f:1: services.a.image: a date, as this is to compose, does not fit; a string is written in quotes"
    ],
    "services: {a: {image: b, labels: [2001-01-01]}}": [
        "f:1: services.a.labels[0]: a date, as this is to compose, does not fit; a string is written in quotes"
    ],
}

# What compose takes, and does not do what one would think it does.
STRICTER = {
    "x-a: !foo 5": ["f:1: x-a: unknown tag !foo"],
    "x-a: !foo {b: 1}": ["f:1: x-a: unknown tag !foo"],
    "x-a: [b, <<]": ["f:1: x-a[1]: << is a key, which compose drops as a value; a string is written in quotes"],
    "x-a: !!str [1]": ["f:1: x-a: !!str does not fit"],
    "x-a: !override {b: [1, !reset 2]}": ["f:1: x-a.b[1]: !reset does nothing inside of a value that has a tag itself"],
}


def read(text):
    problems = []
    return source.read_documents(text, "f", problems), [str(problem) for problem in problems]


def untagged(value):
    if isinstance(value, Tagged):
        return untagged(value.value)
    if isinstance(value, dict):
        return {key: untagged(item) for key, item in value.items()}
    return [untagged(item) for item in value] if isinstance(value, list) else value


def extensions(document):
    return {key: value for key, value in untagged(document).items() if key.startswith("x-")}


def test_scalars_are_what_they_are_to_compose(tmp_path):
    text = "".join(f"x-{number}: {scalar}\n" for number, scalar in enumerate(SCALARS))
    documents, problems = read(text)
    assert problems == []
    answer = ask(SERVICE + text, tmp_path).document
    differing = {
        scalar: (documents[0][f"x-{number}"], answer[f"x-{number}"])
        for number, scalar in enumerate(SCALARS)
        if plain(documents[0][f"x-{number}"]) != plain(answer[f"x-{number}"])
    }
    assert differing == {}


def test_documents_are_what_they_are_to_compose(tmp_path):
    answers = ask_all([text + SERVICE for text in DOCUMENTS.values()], tmp_path)
    for (name, text), answer in zip(DOCUMENTS.items(), answers, strict=True):
        documents, problems = read(text)
        assert problems == [], name
        assert answer.document, (name, answer.messages)
        assert plain(extensions(documents[0])) == plain(extensions(answer.document)), name


def test_dates_become_the_strings_that_compose_makes_of_them(tmp_path):
    dates = ["2001-01-01", "2001-12-14 21:59:43.50", "2001-12-14t21:59:43+05:30", "2001-12-14T21:59:43-00:00"]
    labels = ", ".join(f"l{number}: {date}" for number, date in enumerate(dates))
    text = (
        f"x-labels: &labels {{{labels}}}\nservices: {{a: {{image: x, labels: *labels, environment: {{<<: *labels}},"
        f" logging: {{options: {{a: 2001-01-01}}}}, sysctls: {{b: 2001-01-01}}}}}}"
    )
    documents, problems = read(text)
    assert problems == []
    theirs = ask(text, tmp_path).document
    assert documents[0]["x-labels"] == theirs["x-labels"]
    for key in ("labels", "environment", "logging", "sysctls"):
        assert documents[0]["services"]["a"][key] == theirs["services"]["a"][key]
    assert {type(value) for value in documents[0]["services"]["a"]["labels"].values()} == {str}


@pytest.mark.parametrize("text", WRONG)
def test_all_that_is_wrong_is_said_with_its_place(text):
    assert read(text)[1] == WRONG[text]


@pytest.mark.parametrize("text", STRICTER)
def test_what_would_be_misunderstood_is_wrong(text):
    assert read(text)[1] == STRICTER[text]


def test_compose_refuses_what_is_wrong_and_takes_what_is_misunderstood(tmp_path):
    texts = [text if "services" in text or text[:1] in ("", "#", "[") else SERVICE + text for text in WRONG]
    texts += [SERVICE + text for text in STRICTER]
    refused = [answer.document is None for answer in ask_all(texts, tmp_path)]
    assert refused == [True] * len(WRONG) + [False] * len(STRICTER)


def test_every_key_and_item_has_its_line():
    text = "services:\n  web:\n    image: x\n\n    ports:\n      - 80\n      # more\n      - target: 81\n    command: [a,\n      b]\n"
    document = read(text)[0][0]
    assert document.file == "f"
    assert document.lines == {"services": 1}
    web = document["services"]["web"]
    assert (type(web), web.file, web.lines) == (Map, "f", {"image": 3, "ports": 5, "command": 9})
    assert (type(web["ports"]), web["ports"].file, web["ports"].lines) == (Seq, "f", [6, 8])
    assert web["ports"][1].lines == {"target": 8}
    assert web["command"].lines == [9, 10]


def test_merged_and_aliased_values_have_the_lines_where_they_are_written():
    document = read("x-a: &a\n  b: 1\n  c: [1]\nx-d:\n  <<: *a\n  e: 1\nx-f: *a\n")[0][0]
    assert document["x-d"].lines == {"b": 2, "c": 3, "e": 6}
    assert document["x-f"].lines == {"b": 2, "c": 3}
    assert document["x-d"]["c"].lines == [3]


def test_each_alias_is_a_value_of_its_own():
    document = read("x-a: &a {b: [1]}\nx-c: *a\nx-d: {<<: *a}\n")[0][0]
    document["x-c"]["b"].append(2)
    document["x-d"]["b"].append(3)
    assert document == {"x-a": {"b": [1]}, "x-c": {"b": [1, 2]}, "x-d": {"b": [1, 3]}}


def test_tags_of_compose_are_kept():
    text = "a: !reset null\nb: !override [1]\nc: {d: !reset {e: 1}}\nf: [!reset g]\nh: &h !reset 1\ni: *h\n"
    assert read(text) == (
        [
            {
                "a": Tagged("!reset", "null"),
                "b": Tagged("!override", [1]),
                "c": {"d": Tagged("!reset", {"e": 1})},
                "f": [Tagged("!reset", "g")],
                "h": Tagged("!reset", "1"),
                "i": Tagged("!reset", "1"),
            }
        ],
        [],
    )


def test_an_alias_brings_no_tag_below_another():
    document = read("x-a: &a !override {b: 1}\nx-c: !override {d: *a}\n")[0][0]
    assert document["x-c"] == Tagged("!override", {"d": {"b": 1}})


def test_merge_looks_through_tags():
    assert read("a: {<<: !override {b: 1}}\nc: {<<: !reset {d: 1}}\n") == ([{"a": {"b": 1}, "c": {}}], [])


def test_a_file_may_have_several_documents():
    documents, problems = read("x-a: &a 1\n---\nx-a: 2\n...\n---\nx-b: 3\n")
    assert documents == [{"x-a": 1}, {"x-a": 2}, {"x-b": 3}]
    assert documents[1].lines == {"x-a": 3}
    assert problems == []
    assert read("x-a: &a 1\n---\nx-b: *a\n")[1] == ["f:3: x-b: *a stands for nothing: there is no &a before it"]


def test_what_is_right_comes_back_beside_what_is_wrong():
    assert read("a: {b: 1, b: 2}\nc: !!int d\ne: 5\n")[0] == [{"a": {"b": 2}, "c": "d", "e": 5}]


def test_aliases_that_multiply_are_stopped():
    laughs = "x-0: &a0 [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"x-{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
    )
    documents, problems = read(laughs)
    assert documents == []
    assert len(problems) == 1
    assert problems[0].endswith("there are more than 1000000 values in the file, aliases replaced")


@pytest.mark.parametrize(
    "text",
    [
        "x-a: " + "[" * 100_000,
        "x-a: " + "{b: " * 100_000,
        "".join("- " * level for level in range(1, 200)),
        "x-0: &a0 1\n" + "".join(f"x-{level}: &a{level} [*a{level - 1}]\n" for level in range(1, 150)),
        "x-a: &a " + "[" * 60 + "]" * 60 + "\nx-b: " + "[" * 60 + "*a" + "]" * 60,
    ],
    ids=["flow", "flow mappings", "block", "aliases", "an alias far down"],
)
def test_nesting_has_an_end(text):
    documents, problems = read(text)
    assert documents == []
    assert len(problems) == 1
    assert problems[0].endswith("nested more than 100 levels deep")


def test_nesting_of_a_hundred_levels_is_none_too_deep():
    documents, problems = read("x-a: " + "[" * 99 + "]" * 99)
    assert problems == []
    assert len(documents) == 1


def test_a_file_that_is_too_large_is_not_read(monkeypatch):
    monkeypatch.setattr(source, "LARGEST_FILE", 1024**2)
    assert read("a: 1\n" + "#" * 1024**2) == ([], ["f: the file is larger than 1 MiB"])
    assert read("a: 1\n" + "#" * (1024**2 - 5)) == ([{"a": 1}], [])


def test_a_file_that_is_not_in_utf8_is_refused():
    assert read("a: 1\nb: \udcff\n") == ([], ["f:2: the file is not in UTF-8"])


def test_without_libyaml_all_is_the_same(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml.cyaml", None)
    name = f"{source.__package__}.source_without_libyaml"
    spec = importlib.util.spec_from_file_location(name, source.__file__)
    pure = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, pure)
    spec.loader.exec_module(pure)
    assert pure._Parser is not source._Parser
    text = "".join(DOCUMENTS[name] for name in ("keys", "nesting"))
    problems = []
    documents = pure.read_documents(text, "f", problems)
    assert problems == []
    assert json.dumps(documents) == json.dumps(read(text)[0])
    assert documents[0].lines == read(text)[0][0].lines
    for text in ("x-a: {b: 1, b: 2}", "x-é: 'é'\nx-b: '\x01'", "a: 1\n b: 2", "x-a: " + "[" * 200):
        problems.clear()
        pure.read_documents(text, "f", problems)
        assert [(problem.file, problem.line, problem.path) for problem in problems] == [
            (problem.file, problem.line, problem.path) for problem in _problems(text)
        ]


def _problems(text):
    problems = []
    source.read_documents(text, "f", problems)
    return problems
