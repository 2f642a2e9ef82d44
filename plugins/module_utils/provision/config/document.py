# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``daemon.json`` as text, as a document, and as entries by path; what of it is secret. Pure.

A path is a key (``mtu``), or a key and an entry where each entry may be somebody else's (``log-opts/max-size``,
``labels/rack``).
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any, Dict, List, Mapping, Optional

from ..errors import ProvisionError
from ..memory import digest
from . import keys
from .keys import KEYS

Document = Dict[str, Any]

_PASSWORD = re.compile(r"(?<=://)[^/@\s]*(?=@)")
_MASK = "********"
_LONGEST = 70


def parse(text: Optional[str], path: str) -> Document:
    """Return the document in a file's text; {} where there is no file, or nothing in it.

    Raises ProvisionError where it is no JSON object, with the place.
    """
    stripped = (text or "").lstrip("\ufeff")
    if not stripped.strip():
        return {}
    try:
        found = json.loads(stripped)
    except ValueError as error:
        where = f" line {error.lineno}, column {error.colno}:" if isinstance(error, json.JSONDecodeError) else ""
        said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise ProvisionError(
            f"{path} is no JSON:{where} {said}. Mend the file or move it away; nothing was changed"
        ) from None
    if not isinstance(found, dict):
        raise ProvisionError(
            f"{path} has to hold a JSON object, {{…}}. Mend the file or move it away; nothing was changed"
        )
    return found


def render(document: Mapping[str, Any], like: Optional[str] = None) -> str:
    """Return a document as text, indented as the text that it takes the place of."""
    found = re.search(r"^([ \t]+)\S", like or "", re.MULTILINE)
    return json.dumps(document, indent=found.group(1) if found else 2, ensure_ascii=False) + "\n"


def flatten(document: Mapping[str, Any]) -> Document:
    """Return a document's values by path. What does not look as it should is one value."""
    flat: Document = {}
    for name, value in document.items():
        shape = KEYS[name].shape if name in KEYS else ""
        if not value:
            flat[name] = value
        elif shape in keys.MAPS and isinstance(value, dict):
            flat.update({f"{name}/{entry}": item for entry, item in value.items()})
        elif shape == keys.ASSIGNMENTS and _all_assignments(value):
            flat.update({f"{name}/{item.partition('=')[0]}": item for item in value})
        else:
            flat[name] = value
    return flat


def put(document: Document, path: str, value: Any) -> None:
    """Set what stands at a path; keys and entries that are there keep their place."""
    name, slash, entry = path.partition("/")
    if not slash or name not in KEYS:
        document[path] = value
    elif KEYS[name].shape == keys.ASSIGNMENTS:
        items = document[name] if _all_assignments(document.get(name)) else []
        places = [index for index, item in enumerate(items) if item.partition("=")[0] == entry]
        if places:
            items = [value if index == places[-1] else item for index, item in enumerate(items)]
        else:
            items = [*items, value]
        document[name] = items
    else:
        entries = document[name] if isinstance(document.get(name), dict) else {}
        document[name] = {**entries, entry: value}


def drop(document: Document, path: str) -> None:
    """Take out what stands at a path, and the key with its last entry."""
    name, slash, entry = path.partition("/")
    if not slash or name not in KEYS:
        document.pop(path, None)
        return
    value = document.get(name)
    if isinstance(value, list):
        document[name] = [item for item in value if item.partition("=")[0] != entry]
    elif isinstance(value, dict):
        document[name] = {key: item for key, item in value.items() if key != entry}
    if not document.get(name):
        document.pop(name, None)


def digests(document: Mapping[str, Any]) -> Dict[str, str]:
    """Return what identifies each value of a document, by path."""
    return {path: digest(value) for path, value in flatten(document).items()}


def masked(document: Mapping[str, Any]) -> Document:
    """Return a copy that anybody may see."""
    flat = flatten(document)
    result = copy.deepcopy(dict(document))
    for path, value in flat.items():
        put(result, path, mask(path, value))
    return result


def mask(path: str, value: Any) -> Any:
    """Return a value as anybody may see it."""
    if path in keys.SECRETS:
        return _MASK
    if isinstance(value, str):
        return _PASSWORD.sub(_MASK, value)
    if isinstance(value, list):
        return [mask("", item) for item in value]
    if isinstance(value, dict):
        return {name: mask("", item) for name, item in value.items()}
    return value


def has_secrets(document: Mapping[str, Any]) -> bool:
    """Tell whether not everybody may read it."""
    return masked(document) != document


def shown(path: str, value: Any) -> str:
    """Return a value in a few words for a plan."""
    value = mask(path, value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def dotted(path: str) -> str:
    """Return a path as people write it."""
    return path.replace("/", ".", 1)


def _all_assignments(value: Any) -> bool:
    items: List[Any] = value if isinstance(value, list) else [None]
    names = [item.partition("=")[0] if isinstance(item, str) and "=" in item else None for item in items]
    # Two of one name: which of them counts is not ours to say.
    return None not in names and len(set(names)) == len(names)
