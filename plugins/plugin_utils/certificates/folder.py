# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CA's folder on the controller: what is in it, and how it is written. Decides nothing.

Every file is written whole or not at all, with a key before its certificate. One process at a time changes the folder:
Ansible runs an action for several hosts at once, each in a process of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from ...module_utils.provision.errors import ProvisionError
from .certificate import Certificate, read, read_all
from .holding import Client, Copy, Held, Record
from .issuing import PrivateKey, certificate_text, key_text, public_text
from .library import need, serialization

CURRENT, NEXT, FORMER = "ca", "ca-next", "ca-former"
_LOCK = ".lock"
_IGNORED = ".gitignore"
_PATIENCE = 60.0
_FOLDER_MODE = 0o700
_BEGUN = ".stowage-"
_SINCE = b"# has issued nothing since "


class Folder:
    """A CA's folder. ``writing`` is false where nothing may be changed, not even to lock it."""

    def __init__(self, path: str, passphrase: str = "", writing: bool = True) -> None:
        need()
        self.path = Path(path)
        self._passphrase = passphrase
        self._writing = writing

    @contextlib.contextmanager
    def locked(self, patience: float = _PATIENCE) -> Iterator[None]:
        """Keep others from changing the folder for a while. Raises ProvisionError where others go on too long."""
        self._check_writable()
        with self._errors():
            if self._writing:
                self.path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
                handle = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            else:
                try:
                    handle = os.open(self.path / _LOCK, os.O_RDONLY)
                except FileNotFoundError:
                    handle = -1
        if handle < 0:
            yield
            return
        try:
            self._wait(handle, patience)
            if self._writing:
                self._tidy()
            yield
        finally:
            os.close(handle)

    def read(self, name: str) -> bytes | None:
        """Return a file's content, or None where there is none."""
        with self._errors():
            try:
                return (self.path / name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def write(self, name: str, content: bytes, mode: int = 0o644) -> None:
        """Put a whole file in place at once."""
        target = self.path / name
        with self._errors():
            for place in (target.parent.parent, target.parent):
                place.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=_BEGUN, dir=target.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    os.fchmod(file.fileno(), mode)
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(target)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise

    def rename(self, name: str, other: str) -> None:
        """Give a file another's name, where it is there."""
        with self._errors(), contextlib.suppress(FileNotFoundError):
            (self.path / name).replace(self.path / other)

    def remove(self, name: str) -> None:
        """Remove a file, where it is there."""
        with self._errors():
            (self.path / name).unlink(missing_ok=True)

    def protect(self) -> None:
        """Take the keys out of others' sight."""
        with self._errors():
            for path in self._keys():
                path.chmod(0o600)

    def hold(self) -> Held:
        """Return what the folder holds. Raises ProvisionError where it is damaged, or a key cannot be opened."""
        current, following, former = (self._authority(name) for name in (CURRENT, NEXT, FORMER))
        clients, records = self._clients(), self.records()
        if current is None and (following or former or clients or records):
            raise ProvisionError(
                f"{self.path} has no ca.pem, though certificates were issued there: bring it back from a backup, or "
                "move the folder away to begin anew"
            )
        # Killed while the next one took over: it has begun with the copy of the current one, and ends with a rename.
        switching = bool(current and following and former and former.fingerprint == current.fingerprint)
        if switching:
            current, following = following, None
        if current:
            self.key_of(current)
        return Held(
            current=current,
            next=following,
            former=former,
            former_since=self._since(),
            switching=switching,
            plain_keys=any(self._is_plain(name) for name in (CURRENT, NEXT)),
            exposed_keys=any(stat.S_IMODE(path.stat().st_mode) & 0o077 for path in self._keys()),
            clients=clients,
            records=records,
        )

    def key_of(self, authority: Certificate) -> PrivateKey:
        """Return a CA's key. Raises ProvisionError where it is missing, cannot be opened, or is another's."""
        found = [key for key in (self._open(name) for name in (CURRENT, NEXT)) if key]
        if not found:
            raise ProvisionError(f"{self.path}/ca-key.pem is missing: bring it back from a backup")
        for key in found:
            if public_text(key.public_key()) == authority.public:
                return key
        raise ProvisionError(f"{self.path}/ca-key.pem is not the key of the CA in ca.pem: one of them is of another CA")

    def put_authority(self, name: str, key: PrivateKey, certificate: Certificate) -> None:
        """Write a CA: a key without a certificate is one that was never used."""
        self.write(f"{name}-key.pem", key_text(key, self._passphrase), 0o600)
        self.write(f"{name}.pem", certificate_text(certificate.parsed))

    def put_former(self, certificate: Certificate, since: datetime) -> None:
        """Keep a CA that issues no more, to be trusted for a while."""
        text = certificate_text(certificate.parsed)
        self.write(f"{FORMER}.pem", _SINCE + since.isoformat(timespec="seconds").encode() + b"\n" + text)

    def spare_repositories(self) -> None:
        """Have git leave out what must not be in a repository, unless somebody has said what it leaves out."""
        keys = ["clients/*/key.pem", *([] if self._passphrase else ["ca*-key.pem"])]
        if self.read(_IGNORED) is None:
            self.write(_IGNORED, "".join(f"{name}\n" for name in keys).encode())

    def encrypt(self) -> None:
        """Put the passphrase on keys that have none."""
        for name in (CURRENT, NEXT):
            if self._is_plain(name):
                key = self._open(name)
                if key:
                    self.write(f"{name}-key.pem", key_text(key, self._passphrase), 0o600)

    def client_key(self, name: str) -> PrivateKey | None:
        """Return a client's key, or None where it is missing or damaged."""
        text = self.read(f"clients/{name}/key.pem")
        try:
            return serialization.load_pem_private_key(text, None) if text else None
        except (ValueError, TypeError):
            return None

    def bundle(self, held: Held) -> bytes:
        """Return the CAs that are trusted, as one file."""
        return b"".join(certificate_text(one.parsed) for one in (held.current, held.next, held.former) if one)

    def keep_record(self, record: Record) -> None:
        """Remember what is known of a host; one that has nothing of this CA any more is forgotten."""
        name = f"hosts/{quote(record.host, safe='')}.json"
        if not record.copies and record.until < datetime.now(timezone.utc):
            self.remove(name)
            return
        document = _record_document(record)
        if _load(self.read(name)) != document:
            self.write(name, json.dumps(document, indent=1, sort_keys=True).encode() + b"\n")

    def _authority(self, name: str) -> Certificate | None:
        text = self.read(f"{name}.pem")
        if text is None:
            return None
        found = read(text)
        if found is None:
            raise ProvisionError(f"{self.path}/{name}.pem is damaged: bring it back from a backup")
        if not found.is_authority:
            raise ProvisionError(f"{self.path}/{name}.pem is not the certificate of a CA")
        return found

    def _since(self) -> datetime | None:
        first = (self.read(f"{FORMER}.pem") or b"").partition(b"\n")[0]
        try:
            return datetime.fromisoformat(first.removeprefix(_SINCE).decode()) if first.startswith(_SINCE) else None
        except ValueError:
            return None

    def _open(self, name: str) -> PrivateKey | None:
        text = self.read(f"{name}-key.pem")
        if text is None:
            return None
        secret = self._passphrase.encode() if self._passphrase and b"ENCRYPTED" in text else None
        try:
            return serialization.load_pem_private_key(text, secret)
        except TypeError:
            told = "is encrypted: its passphrase is needed (engine_tls_ca_passphrase)"
        except ValueError:
            # The library's own text differs from release to release, and says no more.
            told = "cannot be opened with this passphrase" if secret else "is damaged"
        raise ProvisionError(f"{self.path}/{name}-key.pem {told}")

    def _is_plain(self, name: str) -> bool:
        text = self.read(f"{name}-key.pem")
        return bool(self._passphrase and text and b"ENCRYPTED" not in text)

    def _keys(self) -> list[Path]:
        found = [self.path / f"{name}-key.pem" for name in (CURRENT, NEXT)]
        return [path for path in (*found, *self.path.glob("clients/*/key.pem")) if path.is_file()]

    def _clients(self) -> dict[str, Client]:
        with self._errors():
            return {path.name: self._client(path.name) for path in sorted(self.path.glob("clients/*")) if path.is_dir()}

    def _client(self, name: str) -> Client:
        key = self.client_key(name)
        trusted = read_all(self.read(f"clients/{name}/ca.pem") or b"")
        return Client(
            name,
            self.read(f"clients/{name}/cert.pem"),
            public_text(key.public_key()) if key else None,
            frozenset(one.fingerprint for one in trusted),
        )

    def records(self) -> dict[str, Record]:
        """Return what is known of the hosts."""
        with self._errors():
            found = {unquote(path.stem): _load(path.read_bytes()) for path in sorted(self.path.glob("hosts/*.json"))}
        return {host: _record(host, document) for host, document in found.items()}

    def _check_writable(self) -> None:
        place = self.path
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise ProvisionError(f"the CA's folder {self.path} cannot be written: {place} is not a folder")
        if not os.access(place, os.W_OK | os.X_OK):
            raise ProvisionError(f"the CA's folder {self.path} cannot be written: {place} is not writable")

    def _wait(self, handle: int, patience: float) -> None:
        end = time.monotonic() + patience
        while not self._lock(handle):
            if time.monotonic() > end:
                raise ProvisionError(
                    f"the CA's folder {self.path} has been in use by another run for {patience:g} s: try again later"
                )
            time.sleep(0.05)

    def _lock(self, handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_NB | (fcntl.LOCK_EX if self._writing else fcntl.LOCK_SH))
        except BlockingIOError:
            return False
        return True

    def _tidy(self) -> None:
        """Remove what a killed run left half written: it may be a key."""
        with self._errors():
            for place in (self.path, self.path / "hosts", *self.path.glob("clients/*")):
                for path in place.glob(f"{_BEGUN}*"):
                    path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ProvisionError(
                f"the CA's folder {self.path} cannot be used: {error.strerror} ({error.filename or self.path})"
            ) from error


def _load(text: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(text or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _record_document(record: Record) -> dict[str, Any]:
    return {
        "trusts": sorted(record.trusts),
        "issuer": record.issuer,
        "until": record.until.isoformat(timespec="seconds"),
        "copies": {
            label: {
                "trusts": sorted(copy.trusts),
                "issuer": copy.issuer,
                "until": copy.until.isoformat(timespec="seconds"),
            }
            for label, copy in record.copies.items()
        },
    }


def _record(host: str, document: dict[str, Any]) -> Record:
    """Read a record; one that is damaged says that the host is to be waited for."""
    try:
        copies = {
            label: Copy(frozenset(copy["trusts"]), copy["issuer"], datetime.fromisoformat(copy["until"]))
            for label, copy in document["copies"].items()
        }
        until = datetime.fromisoformat(document["until"])
        return Record(host, frozenset(document["trusts"]), document["issuer"], until, copies)
    except (KeyError, TypeError, ValueError, AttributeError):
        return Record(host, until=datetime.max.replace(tzinfo=timezone.utc))
