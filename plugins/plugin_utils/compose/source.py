# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the YAML of compose files into located containers.

Knows YAML as compose reads it: which scalars are numbers, merge keys, tags, what is refused. Bounds what a
document may grow to. Knows nothing of compose's keys, and opens no files: it is given their text.

Documents are built from the parser's events, without the graph of nodes PyYAML would make of them first:
that is what makes this no slower than ``yaml.load``, for all it adds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from .dates import settle_dates
from .located import Map, Seq, Tagged
from .problems import Problem, join_path
from .scalars import HINTS, Date, resolve_scalar, resolve_tagged

try:
    from yaml.cyaml import CParser as _Parser
except ImportError:  # PyYAML without libyaml
    from yaml.parser import Parser as _PythonParser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Parser(Reader, Scanner, _PythonParser):  # type: ignore[no-redef]
        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            _PythonParser.__init__(self)


LARGEST_FILE = 16 * 1024 * 1024
LARGEST_DOCUMENT = 1_000_000
DEEPEST = 100

_CORE = "tag:yaml.org,2002:"
_CUSTOM_TAGS = ("!reset", "!override")
# Stand for the merge key, which no string is, for an anchor whose value is not complete yet, and for none.
_MERGE: Any = object()
_OPEN: Any = object()
_MISSING: Any = object()
_TAGS_OF = {
    MappingStartEvent: (_CORE + "map", _CORE + "set"),
    SequenceStartEvent: (_CORE + "seq", _CORE + "omap"),
}


class _Unusable(Exception):
    """What is left of the text is not worth reading."""


def read_documents(text: str, file: str, problems: list[Problem]) -> list[Map]:
    """Read all documents of a file, of which each overrides those before it.

    What is wrong is added to ``problems``. Documents come back all the same where later phases can find more
    that is wrong in them; there are none where the text is no YAML.
    """
    if len(text) > LARGEST_FILE:
        problems.append(Problem("", f"the file is larger than {LARGEST_FILE // 1024**2} MiB", file))
        return []
    try:
        reader = _Reader(text, file, problems)
        documents = reader.read()
    except _Unusable:
        return []
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(part for part in (error.context, error.problem) if part)
        problems.append(Problem("", f"not valid YAML: {message}", file, mark.line + 1 if mark else 0))
        return []
    except yaml.reader.ReaderError as error:
        # libyaml counts bytes, PyYAML's own reader characters.
        data = text if error.encoding == "unicode" else text.encode().decode("latin-1")
        line = data.count("\n", 0, error.position) + 1
        problems.append(Problem("", f"not valid YAML: {error.reason}", file, line))
        return []
    except UnicodeEncodeError as error:
        problems.append(Problem("", "the file is not in UTF-8", file, text.count("\n", 0, error.start) + 1))
        return []
    if not documents:
        problems.append(Problem("", "the file is empty", file))
    usable = []
    for document, line in documents:
        if isinstance(document, Map):
            usable.append(document)
            if reader.has_dates:
                settle_dates(document, problems)
        else:
            problems.append(Problem("", "the top level must be a mapping", file, line))
    return usable


class _Reader:
    """Builds the documents of one text."""

    def __init__(self, text: str, file: str, problems: list[Problem]) -> None:
        self._next: Callable[[], Any] = _Parser(text).get_event
        self._file = file
        self._problems = problems
        self._anchors: dict[str, Any] = {}
        self._count = 0
        self.has_dates = False
        # Where in the document we are: for each open container the key or index that is being read.
        self._path: list[Any] = []
        # How many of the open containers have a tag of compose's.
        self._tagged = 0

    def read(self) -> list[tuple[Any, int]]:
        """Return the documents, each with its line."""
        documents: list[tuple[Any, int]] = []
        while True:
            event = self._next()
            kind = event.__class__
            if kind is StreamEndEvent:
                return documents
            if kind is DocumentStartEvent:
                self._anchors.clear()
                event = self._next()
                documents.append((self._value(event), event.start_mark.line + 1))

    def _value(self, event: Any) -> Any:
        kind = event.__class__
        if kind is ScalarEvent:
            text = event.value
            if event.tag is not None:
                value = self._tagged_scalar(event)
            elif event.implicit[0] and (not text or text[0] in HINTS):
                value = self._noted(resolve_scalar(text), event)
            else:
                value = text
            if event.anchor is not None:
                self._anchors[event.anchor] = value
            return value
        if kind is AliasEvent:
            return self._alias(event)
        return self._container(event)

    def _tagged_scalar(self, event: Any) -> Any:
        """Return the value of a scalar with a tag. One of compose's makes any scalar a string."""
        tag, text = event.tag, event.value
        if tag in _CUSTOM_TAGS:
            return self._tag(tag, text, event)
        if tag == "!":
            return text
        try:
            return self._noted(resolve_tagged(tag.removeprefix(_CORE), text), event)
        except KeyError:
            self._refuse(f"unknown tag {_shown(tag)}", event)
        except ValueError:
            self._refuse(f"the value cannot be read as {_shown(tag)}", event)
        return text

    def _container(self, event: Any) -> Any:
        tag, anchor = event.tag, event.anchor
        if len(self._path) >= DEEPEST:
            self._give_up(f"nested more than {DEEPEST} levels deep", event)
        if anchor is not None:
            self._anchors[anchor] = _OPEN
        custom = tag in _CUSTOM_TAGS
        self._tagged += custom
        self._path.append("")
        value: Any = self._map() if event.__class__ is MappingStartEvent else self._seq()
        self._path.pop()
        self._tagged -= custom
        self._grow(len(value), event)
        if custom:
            value = self._tag(tag, value, event)
        elif tag is not None and tag not in _TAGS_OF[event.__class__]:
            self._refuse(f"unknown tag {_shown(tag)}" if tag[:1] == "!" else f"{_shown(tag)} does not fit", event)
        if anchor is not None:
            self._anchors[anchor] = value
        return value

    def _map(self) -> Map:
        path, following, value_of = self._path, self._next, self._value
        result = Map(file=self._file)
        lines = result.lines
        merged: list[Map] | None = None
        while True:
            event = following()
            kind = event.__class__
            if kind is MappingEndEvent:
                break
            key = self._key(event)
            line = event.start_mark.line + 1
            if key is _MERGE:
                path[-1] = "<<"
                if merged is not None:
                    self._refuse("the key is there twice", event)
                event = following()
                merged = self._merged(value_of(event), event)
                continue
            path[-1] = key
            if key in lines:
                self._refuse(f"the key is there twice; the first is in line {lines[key]}", event)
            result[key] = value_of(following())
            lines[key] = line
        for other in merged or ():
            for key, value in other.items():
                if key not in lines:
                    result[key] = value
                    lines[key] = other.lines[key]
        return result

    def _seq(self) -> Seq:
        path, following, value_of = self._path, self._next, self._value
        result = Seq(file=self._file)
        lines = result.lines
        while True:
            event = following()
            if event.__class__ is SequenceEndEvent:
                return result
            path[-1] = len(lines)
            result.append(value_of(event))
            lines.append(event.start_mark.line + 1)

    def _key(self, event: Any) -> Any:
        """Return a key, or _MERGE. One that is no string is a problem, as it is to compose; its text is returned."""
        text = "?"
        if event.__class__ is ScalarEvent:
            text = event.value
            plain = event.tag is None and event.implicit[0]
            if (text == "<<" and plain) or event.tag == _CORE + "merge":
                return _MERGE
            if event.tag is None and event.anchor is None and not (plain and (not text or text[0] in HINTS)):
                return text
        self._path[-1] = text
        value = self._value(event)
        if isinstance(value, str) and not isinstance(value, Date):
            return value
        self._refuse("a key must be a string" + ("" if text == "?" else "; write it in quotes"), event)
        return text

    def _merged(self, value: Any, event: Any) -> list[Map]:
        """Return the mappings that the value of a merge key names, of which the first wins."""
        if isinstance(value, Tagged):
            value = {} if value.tag == "!reset" else value.value
        found = value if isinstance(value, Seq) and event.__class__ is not AliasEvent else [value]
        if not all(isinstance(one, dict) for one in found):
            self._refuse("<< takes a mapping or a list of mappings", event)
        return [one for one in found if isinstance(one, Map)]

    def _alias(self, event: Any) -> Any:
        value = self._anchors.get(event.anchor, _MISSING)
        if value is _OPEN:
            self._refuse(f"*{event.anchor} is inside of what it stands for", event)
            return None
        if value is _MISSING:
            self._refuse(f"*{event.anchor} stands for nothing: there is no &{event.anchor} before it", event)
            return None
        return self._copy(value, len(self._path), event)

    def _copy(self, value: Any, depth: int, event: Any) -> Any:
        """Return a value of its own for an alias: what is done to one place is not done to the other."""
        kind = value.__class__
        if kind is Tagged:
            inner = self._copy(value.value, depth, event)
            return self._tag(value.tag, inner, event)
        if kind is not Map and kind is not Seq:
            return value
        if depth >= DEEPEST:
            self._give_up(f"nested more than {DEEPEST} levels deep", event)
        self._grow(len(value), event)
        depth += 1
        if kind is Map:
            items = {key: self._copy(item, depth, event) for key, item in value.items()}
            return Map(items, value.file, dict(value.lines))
        return Seq([self._copy(item, depth, event) for item in value], value.file, list(value.lines))

    def _tag(self, tag: str, value: Any, event: Any) -> Any:
        """Return ``value`` with a tag of compose's, which has none below another."""
        if not self._tagged:
            return Tagged(tag, value)
        if tag == "!reset":
            self._refuse("!reset does nothing inside of a value that has a tag itself", event)
        return value

    def _noted(self, value: Any, event: Any) -> Any:
        """Return a value that may be no string, after a look at it."""
        if value.__class__ is float and not math.isfinite(value):
            self._refuse("the number is not finite", event)
        elif value.__class__ is Date:
            self.has_dates = True
        elif value == "<<" and event.tag is None:
            self._refuse("<< is a key, which compose drops as a value; a string is written in quotes", event)
        return value

    def _grow(self, size: int, event: Any) -> None:
        self._count += size
        if self._count > LARGEST_DOCUMENT:
            self._give_up(f"there are more than {LARGEST_DOCUMENT} values in the file, aliases replaced", event)

    def _refuse(self, message: str, event: Any) -> None:
        path = ""
        for key in self._path:
            path = join_path(path, key)
        self._problems.append(Problem(path, message, self._file, event.start_mark.line + 1))

    def _give_up(self, message: str, event: Any) -> NoReturn:
        self._refuse(message, event)
        raise _Unusable


def _shown(tag: str) -> str:
    return "!!" + tag.removeprefix(_CORE) if tag.startswith(_CORE) else tag
