# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re

import pytest

from plugins.plugin_utils.compose.interpolate import interpolate_document
from plugins.plugin_utils.compose.located import Map, Seq, Tagged
from plugins.plugin_utils.compose.source import read_documents
from tests.unit.plugin_utils.compose.oracle import ask, ask_all

VARIABLES = {"A": "a", "EMPTY": "", "_U": "u", "a1": "low", "DOLLAR": "x$y", "NEST": "${A}", "J": '{"k": [1]}'}

# What both compose and we make of a string; no name that begins with B to E is set.
STRINGS = {
    # plain
    "": "",
    "no variable": "no variable",
    "$A": "a",
    "${A}": "a",
    "$B": "",
    "${B}": "",
    "$A$A-$A.b/${A}": "aa-a.b/a",
    "$_U ${_U} ${a1}x": "u u lowx",
    "$a1x": "",
    "%A {{.A}} {{$A}}": "%A {{.A}} {{a}}",
    "{${A}} }${A}": "{a} }a",
    "x\n$A\ny\n": "x\na\ny\n",
    # dollars
    "$$": "$",
    "$$A $${A}": "$A ${A}",
    "$$$A $$$$ $$$": "$a $$ $$",
    "$ a$": "$ a$",
    "$1 $é $(A) $[A] $-x $} $\n": "$1 $é $(A) $[A] $-x $} $\n",
    "$éA${A}": "$éAa",
    "$${ $${A $${B:?x}": "${ ${A ${B:?x}",
    "\\$A \\${A}": "\\a \\a",
    # values are taken as they are
    "$DOLLAR $NEST $J": 'x$y ${A} {"k": [1]}',
    # defaults
    "${B:-d} ${B-d}": "d d",
    "${EMPTY:-d} ${EMPTY-d}": "d ",
    "${A:-d} ${A-d}": "a a",
    "${B:-} ${B-}": " ",
    "${B:-a b} ${B:- }|": "a b  |",
    "${B:-a:-b} ${B-a?b} ${B:-?} ${B--} ${B:-:?}": "a:-b a?b ? - :?",
    "${a-b-c}": "b-c",
    "${B:-\"q\"} ${B:-'q'} ${B:-\\}": "\"q\" 'q' \\",
    "${B:-é\r}": "é\r",
    # alternatives
    "${A:+x} ${A+x}": "x x",
    "${EMPTY:+x} ${EMPTY+x}": " x",
    "${B:+x} ${B+x}|": " |",
    # required ones that are there
    "${A:?x} ${A?} ${EMPTY?x}": "a a ",
    # nested ones
    "${B:-$A} ${B:-${A}} ${B:-${C:-${D:-e}}}": "a a e",
    "${B:-x${A}y${C:-z}}w": "xayzw",
    "${B:-${C-${A:+z}}-w}${D:-v}": "z-wv",
    "${B:-$$A} ${B:-$$${A}} ${B:-$$}": "$A $a $",
    "${B:-$DOLLAR}": "x$y",
    "${A+${B:-q}} ${B-${A:?x}}": "q a",
    "${B:-$} ${B:-a$} ${B:-$1}": "$ a$ $1",
    # what is not needed is not looked at
    "${A:-${B}} ${A-${B:?x}} ${B+${C:?x}} ${A:?${1}} ${A:-${1}} ${B:+${1}}": "a a  a a ",
    # braces: each counts, but for one behind an opening one; the last closes what would stay open
    "${B:-{}}": "{}",
    "${A:-{}}": "a",
    "${A:-{x}y}z": "az",
    "${B:-{x}y}z": "{x}yz",
    "${A:-{{x}}y}z": "ay}z",
    "${B:-{{x}}y}z": "{{x}y}z",
    "${A:-{}} and ${B:-x}": "a",
    '${B:-{"a": {"b": 1}}}': '{"a": {"b": 1}}',
    "${B:-{{$A}}}": "{{a}}",
    "${B:-a${B:-{}}c}d": "a{}cd",
    "${B:-a${A:-{}b}c": "aabc",
    "${A:-${B} ${A:-{}": "a",
    "${B:-x}\n${A:-x}\n}": "x\na\n}",
}

UNSET_WARNED = {"$B", "${B}", "$a1x"}

NO_VARIABLE = "not a variable as in ${NAME}; a $ of its own is written $$"
NO_END = "the } of a variable is missing; a $ of its own is written $$"
WRONG = {
    "${": NO_VARIABLE,
    "${}": NO_VARIABLE,
    "${A": NO_VARIABLE,
    "${1}": NO_VARIABLE,
    "${ A }": NO_VARIABLE,
    "${A:=x}": NO_VARIABLE,
    "${A/x/y}": NO_VARIABLE,
    "${A.b}": NO_VARIABLE,
    "${é}": NO_VARIABLE,
    "${${A}}": NO_VARIABLE,
    "${A}${": NO_VARIABLE,
    "${B:-${}}": NO_VARIABLE,
    "${A:+${1}}": NO_VARIABLE,
    "${B:-a": NO_END,
    "${B:-a\nb}": NO_END,
    "${B:?}": "the variable B is not set, and required",
    "${B?too bad}": "the variable B is not set, and required: too bad",
    "${EMPTY:?too bad}": "the variable EMPTY is empty, and required: too bad",
    "${B:?no $A}": "the variable B is not set, and required: no a",
    "${B-${C:?x}}": "the variable C is not set, and required: x",
}


def interpolated(document, variables=VARIABLES):
    problems, warnings = [], []
    result = interpolate_document(document, variables.get, problems, warnings)
    return result, [str(problem) for problem in problems], warnings


@pytest.mark.parametrize("text", STRINGS)
def test_a_string_becomes(text):
    result, problems, warnings = interpolated(Map({"a": text}))
    assert result == {"a": STRINGS[text]}
    assert problems == []
    assert bool(warnings) == (text in UNSET_WARNED)


@pytest.mark.parametrize("text", WRONG)
def test_a_string_is_wrong(text):
    result, problems, _warnings = interpolated(Map({"a": text}, "f", {"a": 7}))
    assert problems == [f"f:7: a: {WRONG[text]}"]
    assert result == {"a": text}


def test_strings_become_what_compose_makes_of_them(tmp_path):
    text = json.dumps({"services": {"s": {"image": "x"}}, "x-a": list(STRINGS)})
    answer = ask(text, tmp_path, VARIABLES)
    # Compose prints what it could read again: a dollar of its own is two of them.
    assert [found.replace("$$", "$") for found in answer.document["x-a"]] == list(STRINGS.values())
    assert set(re.findall(r'The ."(.*?)." variable is not set', answer.messages)) == {"B", "a1x"}


def test_compose_refuses_what_is_wrong(tmp_path):
    texts = [json.dumps({"services": {"s": {"image": "x"}}, "x-a": text}) for text in WRONG]
    assert [
        text for text, answer in zip(WRONG, ask_all(texts, tmp_path, VARIABLES), strict=True) if answer.document
    ] == []


def test_everything_but_keys_is_interpolated():
    text = """\
x-$A: {$A: $A}
services:
  web: {image: $A, ports: [$A, {target: 80, published: $A}], tty: true, command: }
  db: !override {image: $A, command: [$A]}
  old: !override $A
  gone: !reset {image: "${B:?x}"}
"""
    [document] = read_documents(text, "f", [])
    result, problems, warnings = interpolated(document)
    assert problems == warnings == []
    assert result == {
        "x-$A": {"$A": "a"},
        "services": {
            "web": {"image": "a", "ports": ["a", {"target": 80, "published": "a"}], "tty": True, "command": None},
            "db": Tagged("!override", {"image": "a", "command": ["a"]}),
            "old": Tagged("!override", "a"),
            "gone": Tagged("!reset", {"image": "${B:?x}"}),
        },
    }
    assert result["services"]["web"].lines == {"image": 3, "ports": 3, "tty": 3, "command": 3}
    assert type(result["services"]["web"]["ports"]) is Seq


def test_all_problems_have_their_place():
    text = 'services:\n  web:\n    image: ${B:?first}\n    ports:\n      - 80\n      - "${1}"\nx-a: !override\n  b: $A ${C?}\n'
    [document] = read_documents(text, "f", [])
    assert interpolated(document)[1] == [
        "f:3: services.web.image: the variable B is not set, and required: first",
        f"f:6: services.web.ports[1]: {NO_VARIABLE}",
        "f:8: x-a.b: the variable C is not set, and required",
    ]


def test_a_variable_that_is_not_set_is_warned_of_once():
    [document] = read_documents("a: 1\nb: [$B, $B]\nc: ${B} $C\nd: ${B:-d} ${D-d} ${B+d}\n", "f", [])
    warnings = []
    for name in ("first", "second"):
        interpolate_document(document, VARIABLES.get, [], warnings)
        [document] = read_documents("a: $B $C\n", name, [])
    assert warnings == [
        "f:2: the variable B is not set; it counts as empty",
        "f:3: the variable C is not set; it counts as empty",
    ]
    assert interpolated(Map({"a": "$B", "b": "${B-d}"}))[0] == {"a": "", "b": "d"}


def test_a_variable_is_looked_up_once_and_only_if_it_is_used():
    asked = []
    document = Map({"a": "$A $A", "b": Seq(["$A", "${A:-$B}"]), "c": "$$C"})
    interpolate_document(document, lambda name: asked.append(name) or "v", [], [])
    assert asked == ["A"]
    assert document == {"a": "v v", "b": ["v", "v"], "c": "$C"}


def test_nesting_has_an_end():
    text = "${B:-" * 1000 + "x" + "}" * 1000
    assert interpolated(Map({"a": text}))[1] == ["a: variables are nested more than 20 levels deep"]
    assert interpolated(Map({"a": "${B:-" * 20 + "x" + "}" * 20}))[0] == {"a": "x"}
