# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the engine is called: the unit's command, our drop-in for it, the init script's options, and their clashes.

Pure: texts in, texts out. A key that stands in daemon.json and is a flag of dockerd as well keeps it from starting,
and the vendor's unit says ``-H fd://``: a drop-in takes that out where ``hosts`` is ours.
"""

from __future__ import annotations

import shlex
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..errors import ProvisionError
from .keys import flags_of

UNIT = "docker.service"
# The first that has the unit hides those in later places.
UNIT_FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
DROP_IN = "/etc/systemd/system/docker.service.d/stowage.conf"
PROXIES = "/etc/docker/stowage-proxies.env"
DEFAULTS = "/etc/default/docker"

HEAD = "# Written by stowage.docker; changes are lost.\n"
_MARK = "# stowage.docker"
_SOURCING = f"[ ! -r {PROXIES} ] || {{ set -a; . {PROXIES}; set +a; }} {_MARK}\n"
_VARIABLES = {"http-proxy": "HTTP_PROXY", "https-proxy": "HTTPS_PROXY", "no-proxy": "NO_PROXY"}


def command(texts: Iterable[str]) -> Optional[List[str]]:
    """Return the words of ExecStart of a unit and its drop-ins, the later over the earlier; None where it has none."""
    found: Optional[List[str]] = None
    for text in texts:
        section = ""
        for line in _lines(text):
            if line.startswith("["):
                section = line
            name, equals, value = line.partition("=")
            if section != "[Service]" or not equals or name.strip() != "ExecStart":
                continue
            # An empty one forgets those before it; docker.service can have only one.
            found = value.strip().split() or None
    return found


def without_hosts(words: Sequence[str]) -> List[str]:
    """Return a command without what it says of where to listen."""
    kept: List[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in ("-H", "--host"):
            skip = True
        elif not word.startswith(("-H=", "--host=")) and not (word.startswith("-H") and not word.startswith("--")):
            kept.append(word)
    return kept


def says_hosts(words: Sequence[str]) -> bool:
    """Tell whether a command says where to listen."""
    return without_hosts(words) != list(words)


def drop_in(words: Optional[Sequence[str]], environment: bool) -> Optional[str]:
    """Return the drop-in that gives the unit another command, and the file of proxies; None where it needs neither."""
    lines = [f"EnvironmentFile={PROXIES}"] if environment else []
    if words is not None:
        lines += ["ExecStart=", f"ExecStart={' '.join(words)}"]
    return f"{HEAD}[Service]\n" + "".join(f"{line}\n" for line in lines) if lines else None


def proxies_file(proxies: Mapping[str, str]) -> Optional[str]:
    """Return variables that systemd and shells read alike; None where there are none.

    Raises ProvisionError for what cannot be quoted for both.
    """
    lines = []
    for key, value in proxies.items():
        if "'" in value or "\n" in value:
            raise ProvisionError(f"$.proxies.{key}: write ' as %27 and put all on one line")
        # Programs differ in which spelling they read.
        lines += [f"{name}='{value}'\n" for name in (_VARIABLES[key], _VARIABLES[key].lower())]
    return HEAD + "".join(lines) if lines else None


def defaults_file(text: Optional[str], proxies: bool) -> Optional[str]:
    """Return /etc/default/docker with or without the line of ours that reads the proxies; None: no file."""
    lines = [line for line in (text or "").splitlines(keepends=True) if not line.rstrip().endswith(_MARK)]
    if proxies:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        lines.append(_SOURCING)
    return "".join(lines) if lines or text else None


def script_options(text: Optional[str]) -> List[str]:
    """Return the words of DOCKER_OPTS in /etc/default/docker, the last one said."""
    found: List[str] = []
    for line in _lines(text or ""):
        name, equals, value = line.partition("=")
        if equals and name.strip().rpartition(" ")[2] == "DOCKER_OPTS":
            try:
                found = " ".join(shlex.split(value, comments=True)).split()
            except ValueError:
                found = value.strip("\"'").split()
    return found


def clashes(names: Iterable[str], places: Mapping[str, Sequence[str]]) -> List[Tuple[str, str, str]]:
    """Return the keys that are flags of a command as well, each with the flag and the place that says it."""
    found = []
    for name in names:
        for place, words in places.items():
            flags = _flags(words)
            found += [(name, option, place) for option in flags_of(name) if option in flags and name != "runtimes"]
    return found


def value_of(words: Sequence[str], flag: str) -> Optional[str]:
    """Return what a command says behind a flag."""
    return _flags(words).get(flag)


def is_on(words: Sequence[str], flag: str) -> bool:
    """Tell whether a command has a switch on; what stands behind it is no value of it."""
    said = [word for word in words if word.partition("=")[0] == flag]
    return bool(said) and said[-1].partition("=")[2].lower() in ("", "1", "t", "true")


def plain_flags(words: Sequence[str]) -> List[str]:
    """Return the words behind the program, without the variables that only systemd knows."""
    return [word for word in words[1:] if not word.startswith("$")]


def _flags(words: Sequence[str]) -> Dict[str, str]:
    """Return the flags among words, each with its value where one stands with it or behind it."""
    found: Dict[str, str] = {}
    for index, word in enumerate(words):
        if not word.startswith("-"):
            continue
        name, equals, value = word.partition("=")
        if not name.startswith("--") and len(name) > 2:
            name, value = name[:2], name[2:]
        elif not equals and index + 1 < len(words) and not words[index + 1].startswith("-"):
            value = words[index + 1]
        found[name] = value
    return found


def _lines(text: str) -> Iterable[str]:
    """Return lines without comments, those that end with a backslash joined with the next."""
    joined = ""
    for line in text.splitlines():
        if line.lstrip().startswith(("#", ";")):
            continue
        joined += line
        if joined.endswith("\\"):
            joined = joined[:-1] + " "
            continue
        yield joined.strip()
        joined = ""
    if joined.strip():
        yield joined.strip()
