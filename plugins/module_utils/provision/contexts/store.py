# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's files for the docker command, in docker's own form: config.json, and the store of contexts.

Reads and writes, and decides nothing. A context is a folder named by the hash of its name, with a file that says what
it is, and another folder for its certificates.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional

from ..errors import ProvisionError
from ..files import Files

CERTIFICATE_FILES = ("ca", "cert", "key")
# No file of docker's own comes near it.
_LONGEST = 1 << 20
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600

Document = Dict[str, Any]


@dataclass(frozen=True)
class Context:
    """One context: where its engine is, and the digests of the files that it is reached with (none: {})."""

    host: str
    description: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    known: bool = True  # False: what is there says something that this package would not say


class Store:
    """The docker command's files below one home."""

    def __init__(self, files: Files, home: str, user: str) -> None:
        self._files = files
        self._user = user
        self._folder = f"{home}/.docker"
        self._config = f"{self._folder}/config.json"

    def config(self) -> Document:
        """Return config.json; {} where there is none. Raises ProvisionError where it cannot be understood."""
        text = self._read(self._config)
        if text is None or not text.strip():
            return {}
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ProvisionError(
                f"{self._config} of {self._user} is not JSON ({error}): repair it, or move it away"
            ) from error
        if not isinstance(found, dict):
            raise ProvisionError(f"{self._config} of {self._user} is no JSON object: repair it, or move it away")
        return found

    def put_config(self, document: Document) -> None:
        """Write config.json as docker does; remove it where nothing is in it."""
        if not document:
            self._files.remove(self._config)
            self._files.remove_folder(self._folder)
            return
        standing = self._files.standing(self._config)
        mode = standing.mode if standing and standing.kind == "file" else _FILE_MODE
        self._files.folder(self._folder, _FOLDER_MODE)
        self._files.write(self._config, json.dumps(document, indent="\t", ensure_ascii=False), mode)

    def context(self, name: str) -> Optional[Context]:
        """Return a context, or None where there is none of that name."""
        text = self._read(f"{self._meta(name)}/meta.json")
        digests = self._digests(name)
        if text is None and not digests:
            return None
        try:
            # Certificates without a word about them: a run was killed before it had written all.
            found = json.loads(text or "")
            endpoint = found["Endpoints"]["docker"]
            description = found.get("Metadata", {}).get("Description", "")
            known = (
                found["Name"] == name and not endpoint.get("SkipTLSVerify") and set(found["Endpoints"]) == {"docker"}
            )
            return Context(endpoint["Host"], description, digests, known)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Context("", "", digests, known=False)

    def put_context(self, name: str, context: Context, texts: Mapping[str, str]) -> None:
        """Write a context; what says that it is there comes last."""
        if texts:
            for part in (
                "",
                "/contexts",
                "/contexts/tls",
                f"/contexts/tls/{_id(name)}",
                f"/contexts/tls/{_id(name)}/docker",
            ):
                self._files.folder(self._folder + part, _FOLDER_MODE)
            for file in CERTIFICATE_FILES:
                self._files.write(f"{self._tls(name)}/{file}.pem", texts[file], _FILE_MODE)
        for file in self._files.list(self._tls(name)):
            if not texts or file not in {f"{kept}.pem" for kept in CERTIFICATE_FILES}:
                self._files.remove(f"{self._tls(name)}/{file}")
        for part in ("", "/contexts", "/contexts/meta", f"/contexts/meta/{_id(name)}"):
            self._files.folder(self._folder + part, _FOLDER_MODE)
        about = {"Description": context.description} if context.description else {}
        document = {
            "Name": name,
            "Metadata": about,
            "Endpoints": {"docker": {"Host": context.host, "SkipTLSVerify": False}},
        }
        self._files.write(f"{self._meta(name)}/meta.json", json.dumps(document, separators=(",", ":")), _FILE_MODE)

    def remove_context(self, name: str) -> None:
        """Remove a context, and the folders that are empty then. What says that it is there goes last."""
        for file in self._files.list(self._tls(name)):
            self._files.remove(f"{self._tls(name)}/{file}")
        self._files.remove(f"{self._meta(name)}/meta.json")
        for folder in (self._tls(name), f"{self._folder}/contexts/tls/{_id(name)}", self._meta(name)):
            self._files.remove_folder(folder)
        for folder in ("/contexts/tls", "/contexts/meta", "/contexts", ""):
            self._files.remove_folder(self._folder + folder)

    def _digests(self, name: str) -> Dict[str, str]:
        """Return what tells a context's files apart; of what is not among them only that it is there."""
        wanted = {f"{file}.pem": file for file in CERTIFICATE_FILES}
        return {
            wanted.get(found, found): digest(self._read(f"{self._tls(name)}/{found}") or "") if found in wanted else ""
            for found in self._files.list(self._tls(name))
        }

    def _read(self, path: str) -> Optional[str]:
        """Return a file's text, or None where there is none. Raises ProvisionError for what is not read.

        It is a user's, who may have left there what never ends: a pipe, a link to a device, a file with a hole.
        """
        try:
            with open(os.open(self._files.path(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise ProvisionError(f"{path} of {self._user} is no file: move it away")
                content = file.read(_LONGEST + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ProvisionError(f"{path} cannot be read: {error.strerror}") from error
        if len(content) > _LONGEST:
            raise ProvisionError(f"{path} of {self._user} is too large to be read: move it away")
        return content.decode(errors="surrogateescape")

    def _meta(self, name: str) -> str:
        return f"{self._folder}/contexts/meta/{_id(name)}"

    def _tls(self, name: str) -> str:
        return f"{self._folder}/contexts/tls/{_id(name)}/docker"


def digest(text: str) -> str:
    """Return what tells one text from another."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
