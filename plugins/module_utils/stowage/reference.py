# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of images: the grammar of the distribution project, read and written.

``nginx`` is the familiar form, ``docker.io/library/nginx:latest`` the full one. Pure; parsed by hand,
for the grammar is small and regular expressions would be compiled anew in every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from .errors import BadReference

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
MAX_PATH = 255
MAX_TAG = 128

_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
_LETTERS = _LOWER | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = frozenset("0123456789")
_HEX = _DIGITS | frozenset("abcdef")
_TAG = _LETTERS | _DIGITS | frozenset("_.-")
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True)
class Reference:
    """One image's name, taken apart. ``tag`` and ``digest`` (``sha256:…``) are "" where not given."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """Without tag and digest, in full: ``docker.io/library/nginx``."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """Without tag and digest, as the engine lists it: ``nginx``."""
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        short = self.path.removeprefix("library/")
        return self.path if "/" in short else short

    @property
    def familiar(self) -> str:
        """As the engine lists it: ``nginx:1.27``."""
        return self.familiar_name + self._suffix()

    @property
    def version(self) -> str:
        """What the pull endpoint wants as ``tag``: the digest, else the tag, else ``latest``."""
        return self.digest or self.tag or DEFAULT_TAG

    def with_default_tag(self) -> Reference:
        """The same, tagged ``latest`` where neither tag nor digest is given."""
        if self.tag or self.digest:
            return self
        return Reference(self.domain, self.path, DEFAULT_TAG)

    def __str__(self) -> str:
        return self.name + self._suffix()

    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse(text: str) -> Reference:
    """Parse a familiar or full reference. Raises BadReference that says which part is wrong.

    An image's id is no reference: 64 hexadecimal digits are refused, as the engine does it.
    """
    if not text or len(text) > 4096:
        raise _bad(text, "it is empty" if not text else "it is too long")
    if len(text) == 64 and _HEX.issuperset(text):
        raise _bad(text, "64 hexadecimal digits are an image's id, not a name")
    rest, at, digest = text.partition("@")
    if at:
        _check_digest(text, digest)
    domain, path_and_tag = _split_domain(rest)
    path, colon, tag = path_and_tag.partition(":")
    if colon and not (0 < len(tag) <= MAX_TAG and _TAG.issuperset(tag) and tag[0] not in ".-"):
        raise _bad(text, "a tag is 1 to 128 letters, digits, _, . and -, and starts with neither . nor -")
    _check_domain(text, domain)
    if path.lower() != path:
        raise _bad(text, "the repository's name must be lower case")
    if not all(_is_component(component) for component in path.split("/")):
        raise _bad(text, "a repository's name is lower-case letters and digits, joined by ., _, __ or -")
    if len(path) > MAX_PATH:
        raise _bad(text, f"the repository's name is longer than {MAX_PATH} characters")
    return Reference(domain, path, tag, digest)


def familiar(text: str) -> str:
    """The name under which the engine lists such an image: ``nginx:latest``, or ``nginx@sha256:…``.

    A tag beside a digest says nothing more. Raises BadReference.
    """
    name = parse(text).with_default_tag()
    return f"{name.familiar_name}@{name.digest}" if name.digest else name.familiar


def repository(text: str) -> str:
    """What the engine's RepoDigests begin with: ``nginx``. Raises BadReference."""
    return parse(text).familiar_name


def _split_domain(text: str) -> Tuple[str, str]:
    first, slash, rest = text.partition("/")
    looks_like_one = "." in first or ":" in first or first == "localhost" or first.lower() != first
    if not (slash and looks_like_one):
        return DEFAULT_DOMAIN, text if slash else f"library/{text}"
    if first in (DEFAULT_DOMAIN, "index.docker.io"):
        return DEFAULT_DOMAIN, rest if "/" in rest else f"library/{rest}"
    return first, rest


def _check_domain(text: str, domain: str) -> None:
    if domain.startswith("["):
        host, bracket, tail = domain[1:].partition("]")
        well_formed = bool(bracket and host) and (_HEX | frozenset("ABCDEF:")).issuperset(host)
        port = tail[1:]
        well_formed = well_formed and (not tail or tail[0] == ":")
        colon = tail[:1]
    else:
        host, colon, port = domain.partition(":")
        well_formed = all(_is_domain_label(label) for label in host.split("."))
    if not well_formed or (colon and not (port and _DIGITS.issuperset(port))):
        raise _bad(text, "the registry is written host or host:port")


def _is_domain_label(label: str) -> bool:
    return (
        bool(label) and (_LETTERS | _DIGITS | frozenset("-")).issuperset(label) and label[0] != "-" and label[-1] != "-"
    )


def _is_component(component: str) -> bool:
    """Words of ``[a-z0-9]+``, joined by ``.``, ``_``, ``__`` or any number of ``-``."""
    separator = ""
    previous_word = False
    for character in component:
        if character in _LOWER or character in _DIGITS:
            if separator and not (separator in (".", "_", "__") or set(separator) == {"-"}):
                return False
            separator = ""
            previous_word = True
        elif previous_word and character in "._-":
            separator += character
        else:
            return False
    return previous_word and not separator


def _check_digest(text: str, digest: str) -> None:
    algorithm, _colon, digits = digest.partition(":")
    if len(digits) != _DIGEST_LENGTHS.get(algorithm) or not _HEX.issuperset(digits):
        raise _bad(text, "a digest is sha256: and 64 lower-case hexadecimal digits (or sha384, sha512)")


def _bad(text: str, reason: str) -> BadReference:
    return BadReference(f"{text[:300]!r} is no image reference: {reason}")
