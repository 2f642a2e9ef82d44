# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed access to an untrusted document: every wrong key, type or name becomes a Problem.

Knows JSON's types and paths. Knows nothing of what the keys mean. Nothing here raises for bad input;
a value that does not fit is reported and replaced by its default, so that one reading finds all.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Tuple, Union

from ..errors import Problem
from ..service.labels import PREFIX
from ..service.shapes import BAD, child, refuse_key, strings

# RestrictedNamePattern of the engine (daemon/names) for containers and volumes: two characters at least.
# Networks may have any name; theirs are held to the same, but for the length.
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}\Z")
NEXT_SUFFIX = ".next"

read_strings = strings()


class Reader:
    """One mapping of the document, at ``path``; problems go to the list all readers share."""

    def __init__(self, document: Any, path: str, problems: List[Problem]) -> None:
        self.path = path
        self.problems = problems
        self.document: Mapping[str, Any] = {}
        if document is None:
            return
        if not isinstance(document, Mapping):
            self.problem(f"expected a mapping, found {type_name(document)}")
            return
        for key in document:
            if not isinstance(key, str):
                self.problem(f"key {key!r} is not a string")
        self.document = document

    def problem(self, message: str, *keys: Union[str, int]) -> None:
        """Report what is wrong with this mapping, or with what is found in it by these keys and indexes."""
        self.problems.append(Problem(join(self.path, *keys), message))

    def only(self, allowed: Iterable[str]) -> None:
        """Report each key that is not among the allowed ones."""
        known = sorted(allowed)
        for key in self.document:
            if key not in known:
                refuse_key(self.path, key, known, self.problems, f"; known here: {', '.join(known)}")

    def items(self) -> Iterator[Tuple[str, Any]]:
        return ((key, value) for key, value in self.document.items() if isinstance(key, str))

    def reader(self, key: str) -> Reader:
        return Reader(self.document.get(key), join(self.path, key), self.problems)

    def text(self, key: str, default: str = "", choices: Tuple[str, ...] = ()) -> str:
        value = self._typed(key, str, default)
        if choices and value and value not in choices:
            self.problem(f"{value!r} is none of: {', '.join(choices)}", key)
            return default
        return str(value)

    def flag(self, key: str, default: bool = False) -> bool:
        return bool(self._typed(key, bool, default))

    def seconds(self, key: str, default: float) -> float:
        value = self.document.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e9:
            self.problem(f"expected a number of seconds, found {type_name(value)}", key)
            return default
        return float(value)

    def texts(self, key: str) -> Dict[str, str]:
        """A mapping of strings; numbers and flags are written as YAML would show them."""
        result: Dict[str, str] = {}
        for name, value in self.reader(key).items():
            if isinstance(value, (Mapping, list)) or value is None:
                self.problem(f"expected a string, found {type_name(value)}", key, name)
                continue
            result[name] = str(value).lower() if isinstance(value, bool) else str(value)
        return result

    def labels(self) -> Dict[str, str]:
        """Labels, as a mapping or as a list of ``key=value``; null stands for an empty value."""
        found = read_strings(self.document.get("labels") or {}, join(self.path, "labels"), self.problems)
        labels: Dict[str, str] = {} if found is BAD else found
        for key in labels:
            if key.startswith(PREFIX):
                self.problem(f"labels that begin with {PREFIX} are kept for book-keeping", "labels", key)
        return labels

    def sequence(self, key: str) -> List[Any]:
        value = self._typed(key, list, [])
        return list(value)

    def _typed(self, key: str, kind: type, default: Any) -> Any:
        value = self.document.get(key)
        if value is None:
            return default
        if not isinstance(value, kind):
            self.problem(f"expected {TYPE_NAMES[kind]}, found {type_name(value)}", key)
            return default
        return value


TYPE_NAMES = {
    str: "a string",
    bool: "true or false",
    list: "a list",
    dict: "a mapping",
    int: "a number",
    float: "a number",
}


def type_name(value: Any) -> str:
    """The JSON name of a value's type, as error texts use it."""
    return "nothing" if value is None else TYPE_NAMES.get(type(value), type(value).__name__)


def join(path: str, *keys: Union[str, int]) -> str:
    """``path.key[0]``; keys are quoted where they have dots, slashes or spaces themselves."""
    for key in keys:
        path = f"{path}[{key}]" if isinstance(key, int) else child(path, key)
    return path


def check_name(name: str, path: str, what: str, problems: List[Problem]) -> None:
    """Report a name the engine would refuse, or one reserved for replacements under way."""
    if not NAME.match(name) or (len(name) < 2 and what != "network"):
        rule = "letters, digits, '_', '.', '-'" if what == "network" else "two or more letters, digits, '_', '.', '-'"
        problems.append(Problem(path, f"{name!r} is no valid {what} name ({rule})"))
    elif name.endswith(NEXT_SUFFIX) and what == "container":
        problems.append(Problem(path, f"{name!r}: names ending in {NEXT_SUFFIX} are kept for replacements under way"))
