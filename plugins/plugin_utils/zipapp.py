# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs the runtime, module_utils/stowage: as one file that a host runs as it is, or for the wire.

Same sources, same bytes, whatever their times, modes and order on the disk. Comments and docstrings
stay behind; lines keep their numbers, so that tracebacks point into the real files. All sources are
squeezed as one, which takes a third less than a zip. Knows nothing of how they travel.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import re
import tempfile
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

PACKAGE = "stowage"
# Part of the cache's key: raise it whenever the same sources shall give other bytes.
_FORMAT = 3
_EPOCH = (1980, 1, 1, 0, 0, 0)
_STATEMENTS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# What only a runtime that stays on a host has a use for: it is not sent along with a request.
_RESIDENT = ("agent/", "cli/", "client.py", "handing.py", "pruning/", "terminal.py", "__main__.py")
_ANY_PYTHON = "/usr/bin/env python3"
# What joined texts say once, or have from each other.
_TOGETHER = re.compile(r"^from (?:__future__|\.loader) import .*\n", re.MULTILINE)


class Squeezed(NamedTuple):
    """Squeezed sources: JSON, file to text, behind zlib; and what identifies them."""

    content: bytes
    digest: str


def runtime_folder() -> Path:
    """Where the runtime's sources lie: beside this folder, in the same collection."""
    return Path(__file__).resolve().parent.parent / "module_utils" / PACKAGE


def pack_runtime(folder: Path | None = None, interpreter: str = _ANY_PYTHON) -> bytes:
    """The command ``stowage`` as one executable file: a zip with a launcher and all sources, squeezed.

    ``interpreter`` is what follows ``#!``.
    """
    sources = _read_sources(folder or runtime_folder())
    main = f"{join_texts('loader', 'launcher')}\n\nraise SystemExit(start({_digest(sources)!r}))\n"
    members = {
        "__main__.py": (main.encode(), zipfile.ZIP_DEFLATED),
        "runtime.z": (_squeeze(sources), zipfile.ZIP_STORED),
    }
    return f"#!{interpreter}\n".encode() + _pack(members)


def join_texts(*names: str) -> str:
    """Files of this folder as one program for a host, stripped."""
    texts = [strip((Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")) for name in names]
    return "from __future__ import annotations\n" + "".join(_TOGETHER.sub("", text) for text in texts)


def runtime_digest() -> str:
    """What identifies the sources: hosts know their runtime by it."""
    return _digest(_read_sources(runtime_folder()))


def squeeze_runtime(cache: Path | None = None, folder: Path | None = None) -> Squeezed:
    """What answers a request, for the wire; the digest is that of the whole runtime, by which hosts know it.

    ``cache`` is a folder that keeps it between runs: each task's process asks anew.
    """
    sources = _read_sources(folder or runtime_folder())
    digest = _digest(sources)
    kept = cache / f"runtime-{digest}.z" if cache else None
    content = _recall(kept) if kept else None
    if content is None:
        resident = tuple(f"{PACKAGE}/{name}" for name in _RESIDENT)
        content = _squeeze({name: text for name, text in sources.items() if not name.startswith(resident)})
        if kept:
            _remember(kept, content)
    return Squeezed(content, digest)


def strip(source: str) -> str:
    """The source without comments and docstrings, line for line where it was."""
    lines = source.splitlines(keepends=True)
    cuts = [*_docstrings(source), *_comments(source)]
    for (first, start), (last, end), replacement in sorted(cuts, reverse=True):
        tail = lines[last - 1].encode()[end:].decode()
        head = lines[first - 1].encode()[:start].decode()
        lines[first - 1 : last] = [head + replacement + "\n" * (last - first) + tail]
        # Later cuts lie above this one, so their line numbers still hold.
    return "\n".join(line.rstrip() for line in "".join(lines).split("\n"))


_Cut = tuple[tuple[int, int], tuple[int, int], str]


def _docstrings(source: str) -> list[_Cut]:
    cuts: list[_Cut] = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, _STATEMENTS) or ast.get_docstring(node, clean=False) is None:
            continue
        text = node.body[0]
        # The empty string keeps a body that has nothing else a body.
        cuts.append(((text.lineno, text.col_offset), (text.end_lineno or 0, text.end_col_offset or 0), '""'))
    return cuts


def _comments(source: str) -> list[_Cut]:
    cuts: list[_Cut] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            start = len(token.line[: token.start[1]].encode())
            end = start + len(token.string.encode())
            cuts.append(((token.start[0], start), (token.end[0], end), ""))
    return cuts


def _read_sources(folder: Path) -> dict[str, bytes]:
    """Sources by their name in the zip."""
    paths = sorted(path for path in folder.rglob("*.py") if path.is_file())
    return {f"{PACKAGE}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in paths}


def _digest(sources: dict[str, bytes]) -> str:
    total = hashlib.sha256(f"format {_FORMAT}\0".encode())
    for name, content in sources.items():
        total.update(f"{name}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:32]


def _pack(members: dict[str, tuple[bytes, int]]) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for name, (content, method) in members.items():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.create_system = 3  # Unix, on whatever machine this runs
            member.external_attr = 0o644 << 16
            archive.writestr(member, content, method, 9 if method == zipfile.ZIP_DEFLATED else None)
    return output.getvalue()


def _squeeze(sources: dict[str, bytes]) -> bytes:
    # Those of one level are more alike than those of one package: that makes it smaller.
    names = sorted(sources, key=lambda name: (name.count("/"), name))
    texts = {name: strip(sources[name].decode()) for name in names}
    return zlib.compress(json.dumps(texts, separators=(",", ":")).encode(), 9)


def _recall(path: Path) -> bytes | None:
    """What was kept, if nobody but its owner, who is us, could have written it."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & 0o022:
                return None
            content = file.read()
        zlib.decompress(content)
    except (OSError, zlib.error):
        return None
    return content


def _remember(path: Path, content: bytes) -> None:
    """Keep it, and drop what earlier versions kept. A cache that cannot be written is no error."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    except OSError:
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
        for old in path.parent.glob("runtime-*.z"):
            if old != path:
                old.unlink(missing_ok=True)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
