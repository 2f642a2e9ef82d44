# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from plugins.plugin_utils.compose.dotenv import parse_dotenv, parse_raw
from tests.unit.plugin_utils.compose.oracle import ask, ask_all

VARIABLES = {"A": "a", "EMPTY": "", "N": "5", "DOLLAR": "x$y"}

# One line each, which ends the file without a newline.
LINES = r"""
X=1
X=
 X=1
X =1
X= 1
X = 1
export X=1
  export   X=1
exportX=1
export=1
export: 1
X: 1
X:1
X :a
X:a=b
X:=a
X=a:b
X=a=b
X==
X=a b
X=a#b
X=a #b # c
X=a	#b
X=a \#b
X=#b
X= # b
X=${A} #b
X=${A}#b
# X=1
  # X=1
X="a#b" #c
X="a"#b
X='a#b' #c
X=" #c"
X="a  "
X='  a'
X=""
X=''#c
X="a'b"
X='a"b'
X=a"b"
X=a 'b
X="a\nb\tc\rd\ae\bf\fg\vh"
X="a\"b\\c\\nd"
X="a\qb\x41\u0041\ c\'"
X="\0101\0377\061\0\08\7"
X='a\nb\\'
X='a\'b'
X='a\\\'b'
X=a\nb\\
X=\"a\"
X=C:\a\n
X="C:\a\n"
X=$A
X="$A"
X='$A'
X=\$A
X="\$A"
X="\\$A"
X="\\\$A"
X="\$$A"
X=$$A
X="$$A"
X=$DOLLAR
X=${A}b${A}-$N.$A
X=${B}
X=${B:-d e}
X="${B:-d e}"
X='${B:-d}'
X=${EMPTY:-d}${EMPTY-d}
X=${A:+z}
X=${B:-${A}}
X=${B:-"q"}
X="${B:-\"q\"}"
X=${B:-#q}
X=$ $1
X={"a": "b"}
X=`a` $(a)
X=é
é=1
X.Y=1
X-Y=1
1X=1
X[0]=1
_=1
X="a" Y="b"
X='a' Y=b
A=5
A=$A
N=${N}1
""".strip("\n").split("\n")

FILES = [
    "X = 1 ",
    "\tX\t=\t1\t",
    'X="a  "  ',
    "",
    "\n\n",
    "X=1\nY=2\n",
    "X=1\r\nY='b'\r\nZ=c #d\r\n",
    "\ufeffX=1",
    "X=1\n\n  \n\tY=2 # c\n# c\n  Z=3\n",
    'X="a\nb # c\n# d"\nY=1',
    "X='a\n$A\n'\nY=$X",
    'X="$A\n${B:-q}\n"\nY=$X',
    "X='a\r\nb'\r\nY=1",
    "X=a\\\nY=1",
    "X=1\nX=2",
    "X=1\nX=${X}2\nX=${X}3",
    "Y=$X\nX=1",
    "A=1\nX=$A\nEMPTY=1\nY=$EMPTY",
    "A\nX\nN\nEMPTY\nDOLLAR\n",
    "export A\nexport X\n",
    "  A  \nX=1",
    "A:\nX=",
    "X= \nY=#\n",
    "export\nX=1\n",
    'X = "a" \nY=1',
    "X=\u00a0a\u00a0\n\u00a0Y=1",
    "X=a\u2028b\x85c\x0bd\n",
]

RAW = [
    "X=1\nY= a \nZ=\n",
    "X=\"a\"\nY='b'\nZ=$A # c\n",
    "# c\n  # d\n  X=\t1\t\n\nY=a\\nb\r\nZ==",
    "A\nX\nN",
    "\ufeffX=1\nX=2",
    'a.b=c\nx!=1\n"X"=1\n',
]

CHARACTERS = "a name has letters, digits, and . - _ [ ], but not"
NO_VARIABLE = "not a variable as in ${NAME}; a $ of its own is written $$"
NO_NAME = "there is no name before the value"
BEHIND = "X: there is something behind the closing quote"
WRONG = {
    "X=1\nX Y=2\nZ=3\nA B\n": [f"f:2: {CHARACTERS} a space", f"f:4: {CHARACTERS} a space"],
    "X/Y=1": [f"f:1: {CHARACTERS} '/'"],
    '"X"=1': [f"f:1: {CHARACTERS} '\"'"],
    "$A=1": [f"f:1: {CHARACTERS} '$'"],
    "A #c\n": [f"f:1: {CHARACTERS} a space"],
    "\nX='a": ["f:2: X: the quote ' is not closed"],
    'X="a\\"\nY=1': ['f:1: X: the quote " is not closed'],
    "X='a\\\\'b'": [f"f:1: {BEHIND}"],
    'X="a"; Y=1\n': [f"f:1: {BEHIND}"],
    'X="a" "b"\n': [f"f:1: {BEHIND}"],
    "X=${1}\nY=${": [f"f:1: X: {NO_VARIABLE}", f"f:2: Y: {NO_VARIABLE}"],
    "X=${B:-a #q}": ["f:1: X: the } of a variable is missing; a $ of its own is written $$"],
    'X="${B:-\\n}"': ["f:1: X: the } of a variable is missing; a $ of its own is written $$"],
    "X=1\nY=${B:?too bad}\nZ=${C?}": [
        "f:2: Y: the variable B is not set, and required: too bad",
        "f:3: Z: the variable C is not set, and required",
    ],
}

# What compose takes, with a result that nobody can want: variables without a name, words that are dropped.
STRICTER = {
    "=a": [f"f:1: {NO_NAME}"],
    "X=1\n =2\n": [f"f:2: {NO_NAME}"],
    'X="a"b\n': [f"f:1: {BEHIND}"],
    'X="a" A\n': [f"f:1: {BEHIND}"],
}

WRONG_RAW = {
    "export X=1": ["f:1: a name has no spaces; the format is raw"],
    "A=1\nX =1\nY: 1\n=b": [
        "f:2: a name has no spaces; the format is raw",
        "f:3: a name has no spaces; the format is raw",
        "f:4: there is no name before the =",
    ],
}


def parsed(text, *, raw=False):
    problems, warnings = [], []
    if raw:
        result = parse_raw(text, "f", VARIABLES.get, problems)
    else:
        result = parse_dotenv(text, "f", VARIABLES.get, problems, warnings)
    return result, [str(problem) for problem in problems], warnings


def project(directory, files):
    """Write a project with a service for each file of variables, and return its text."""
    services = {}
    for number, (text, raw) in enumerate(files):
        (directory / f"{number}.env").write_text(text, encoding="utf-8", newline="")
        entry = {"path": f"{number}.env", **({"format": "raw"} if raw else {})}
        services[f"s{number}"] = {"image": "x", "env_file": [entry]}
    return json.dumps({"services": services})


def test_files_have_the_variables_they_have_to_compose(tmp_path):
    files = [(text, False) for text in LINES + FILES] + [(text, True) for text in RAW]
    answer = ask(project(tmp_path, files), tmp_path, VARIABLES)
    assert answer.document, answer.messages
    differing = {}
    for number, (text, raw) in enumerate(files):
        ours, problems, _warnings = parsed(text, raw=raw)
        theirs = answer.document["services"][f"s{number}"].get("environment", {})
        theirs = {name: value.replace("$$", "$") for name, value in theirs.items()}
        if problems or ours != theirs:
            differing[text] = (ours, problems, theirs)
    assert differing == {}


def test_a_project_file_is_read_alike(tmp_path):
    (tmp_path / ".env").write_text("\n".join(FILES[5:7] + LINES[:20]), encoding="utf-8", newline="")
    ours, problems, _warnings = parsed((tmp_path / ".env").read_text(encoding="utf-8"))
    wanted = {"services": {"s": {"image": "x", "environment": {name: f"${{{name}-none}}" for name in "XYZ"}}}}
    theirs = ask(json.dumps(wanted), tmp_path, VARIABLES).document["services"]["s"]["environment"]
    assert problems == []
    assert {name: ours.get(name, "none") for name in "XYZ"} == theirs


@pytest.mark.parametrize("text", [*WRONG, *STRICTER])
def test_all_that_is_wrong_is_said_with_its_place(text):
    assert parsed(text)[1] == (WRONG.get(text) or STRICTER.get(text))


@pytest.mark.parametrize("text", WRONG_RAW)
def test_all_that_is_wrong_in_the_raw_format_is_said_with_its_place(text):
    assert parsed(text, raw=True)[1] == WRONG_RAW[text]


def test_compose_refuses_what_is_wrong_and_takes_what_nobody_can_want(tmp_path):
    files = (
        [(text, False) for text in WRONG] + [(text, True) for text in WRONG_RAW] + [(text, False) for text in STRICTER]
    )
    services = json.loads(project(tmp_path, files))["services"]
    texts = [json.dumps({"services": {name: service}}) for name, service in services.items()]
    refused = [answer.document is None for answer in ask_all(texts, tmp_path, VARIABLES)]
    assert refused == [True] * (len(WRONG) + len(WRONG_RAW)) + [False] * len(STRICTER)


def test_the_last_line_needs_no_newline():
    # Compose makes a variable without a name, whose value is "A", of a name that no newline follows.
    assert parsed("X=1\nA")[0] == {"X": "1", "A": "a"}
    assert parsed("X=1\nB")[0] == {"X": "1"}


def test_what_is_right_comes_back_beside_what_is_wrong():
    assert parsed('X=1\nY Z=2\nA=3\nX="b" c\nV=${B:?}\nW=4\n')[0] == {"X": "b", "A": "3", "W": "4"}


def test_a_variable_that_is_not_set_is_warned_of_once():
    text = "X=$B\nY='$D'\nZ=${B} ${C:-c}\nW=\"$E\"\n"
    assert parsed(text) == (
        {"X": "", "Y": "$D", "Z": " c", "W": ""},
        [],
        ["f:1: the variable B is not set; it counts as empty", "f:4: the variable E is not set; it counts as empty"],
    )
    assert parse_dotenv("X=$B", "f", VARIABLES.get, []) == {"X": ""}


def test_a_long_value_takes_no_time():
    long = "a" * 1_000_000
    assert parsed(f"X=\"{long}\\n\"\nY='{long}'\n# {long}\nZ={long}")[0] == {"X": long + "\n", "Y": long, "Z": long}
    assert parsed(f'X="{long}')[1] == ['f:1: X: the quote " is not closed']
