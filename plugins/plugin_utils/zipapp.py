# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs the runtime, module_utils/stowage, into one zip that Python runs as it is.

Same sources, same bytes, whatever their times, modes and order on the disk. Comments and docstrings
stay behind; lines keep their numbers, so that tracebacks point into the real files. For the wire the
zip is squeezed as a whole, which takes a third less than its files one by one. Knows nothing of how
it gets to a host.
"""

from __future__ import annotations

import ast
import hashlib
import io
import os
import tempfile
import tokenize
import zipfile
import zlib
from pathlib import Path

PACKAGE = "stowage"
# Part of the cache's key: raise it whenever the same sources shall give other bytes.
_FORMAT = 1
_EPOCH = (1980, 1, 1, 0, 0, 0)
_STATEMENTS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def runtime_folder() -> Path:
    """Where the runtime's sources lie: beside this folder, in the same collection."""
    return Path(__file__).resolve().parent.parent / "module_utils" / PACKAGE


def pack_runtime(folder: Path | None = None) -> bytes:
    """The runtime as one zip, deflated: put it on ``sys.path``, or run it, as it is."""
    return _pack(_read_sources(folder or runtime_folder()), zipfile.ZIP_DEFLATED)


def squeeze_runtime(cache: Path | None = None, folder: Path | None = None) -> bytes:
    """The runtime for the wire: ``zlib`` of a zip that is only stored.

    ``cache`` is a folder that keeps it between runs, since every task's process asks anew.
    """
    sources = _read_sources(folder or runtime_folder())
    kept = cache / f"runtime-{_digest(sources)[:32]}.z" if cache else None
    content = _recall(kept) if kept else None
    if content is None:
        content = zlib.compress(_pack(sources, zipfile.ZIP_STORED), 9)
        if kept:
            _remember(kept, content)
    return content


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
    return total.hexdigest()


def _pack(sources: dict[str, bytes], method: int) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for name, content in sources.items():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.create_system = 3  # Unix, on whatever machine this runs
            member.external_attr = 0o644 << 16
            archive.writestr(member, strip(content.decode()), compress_type=method, compresslevel=9)
    return output.getvalue()


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
