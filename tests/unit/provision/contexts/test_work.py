# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users' files: in docker's own form, with the user's rights alone, and remembered."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from provision.commands import Commands
from provision.contexts.accounts import Account, Accounts
from provision.contexts.plan import Home, Ours, Wish, ours_after, ours_meanwhile, plan
from provision.contexts.store import Context, Store, digest
from provision.contexts.work import Users, needed_clients
from provision.errors import ProvisionError
from provision.files import Files

TEXTS = {"admin": {"ca": "the CA\n", "cert": "a certificate\n", "key": "a key\n"}}
DIGESTS = {name: digest(text) for name, text in TEXTS["admin"].items()}
FAR = Context("tcp://far:2376", "A far one", DIGESTS)


class Known(Accounts):
    """Users of a test's own; all of them are who runs it."""

    def __init__(self, *names):
        super().__init__(Commands())
        self.names = names
        self.group = set()

    def find(self, name):
        return Account(name, os.geteuid(), os.getegid(), f"/home/{name}") if name in self.names else None

    def members(self, group):
        return frozenset(self.group)

    def join(self, user, group):
        self.group.add(user)

    def leave(self, user, group):
        self.group.discard(user)


@pytest.fixture
def accounts(tmp_path):
    (tmp_path / "home/bob").mkdir(parents=True)
    return Known("bob", "eve")


@pytest.fixture
def users(tmp_path, accounts):
    return Users(Files(str(tmp_path)), accounts)


@pytest.fixture
def store(tmp_path):
    return Store(Files(str(tmp_path)), "/home/bob", "bob")


def converge(users, wish):
    ours = users.ours()
    operations = plan(wish, ours, users.homes(wish, ours), users.members())
    users.act(operations, wish, TEXTS)
    users.remember(ours_after(wish, ours, operations))
    return [operation.step.verb for operation in operations]


WISH = Wish(("bob",), {"httpProxy": "http://p"}, ("bob",), {"far": FAR}, {"far": "admin"}, ("bob",))


def test_from_nothing_and_back(users, accounts, tmp_path):
    assert converge(users, WISH) == ["JoinGroup", "WriteContext", "WriteConfig"]
    assert converge(users, WISH) == []
    assert accounts.group == {"bob"}
    assert users.ours() == Ours(("bob",), {"bob": ["httpProxy"]}, {"bob": ["far"]})
    assert converge(users, Wish()) == ["LeaveGroup", "WriteConfig", "RemoveContext"]
    assert list((tmp_path / "home/bob").iterdir()) == []
    assert users.ours() == Ours()
    assert not (tmp_path / "var/lib/stowage/engine/client.json").exists()


def test_dockers_own_form(users, tmp_path):
    converge(users, WISH)
    folder = tmp_path / "home/bob/.docker"
    name = hashlib.sha256(b"far").hexdigest()
    assert json.loads((folder / "contexts/meta" / name / "meta.json").read_text()) == {
        "Name": "far",
        "Metadata": {"Description": "A far one"},
        "Endpoints": {"docker": {"Host": "tcp://far:2376", "SkipTLSVerify": False}},
    }
    assert (folder / "contexts/tls" / name / "docker/key.pem").read_text() == "a key\n"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_dir()}
    assert modes == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {0o600}
    assert (folder / "config.json").read_text().startswith('{\n\t"proxies"')


def test_a_context_that_docker_made_is_seen_as_it_is(store, tmp_path):
    name = hashlib.sha256(b"far").hexdigest()
    meta = tmp_path / "home/bob/.docker/contexts/meta" / name
    meta.mkdir(parents=True)
    # As docker context create of 20.10 and 26.1 writes it.
    text = (
        '{"Name":"far","Metadata":{"Description":"x"},"Endpoints":{"docker":{"Host":"ssh://u@h","SkipTLSVerify":%s}}}'
    )
    (meta / "meta.json").write_text(text % "false")
    assert store.context("far") == Context("ssh://u@h", "x")
    (meta / "meta.json").write_text(text % "true")
    assert store.context("far").known is False
    (meta / "meta.json").write_text("{")
    assert store.context("far").known is False
    assert store.context("other") is None


def test_a_context_that_needs_certificates_no_more(store):
    store.put_context("far", FAR, TEXTS["admin"])
    assert store.context("far") == FAR
    store.put_context("far", Context("ssh://far"), {})
    assert store.context("far") == Context("ssh://far")


@pytest.mark.parametrize(("text", "told"), [("{", "is not JSON"), ("[]", "is no JSON object")])
def test_a_config_that_is_broken(users, tmp_path, text, told):
    folder = tmp_path / "home/bob/.docker"
    folder.mkdir()
    (folder / "config.json").write_text(text)
    with pytest.raises(ProvisionError, match=f"config.json of bob {told}.*repair it"):
        users.homes(WISH, Ours())


def odd(kind, path):
    """Leave something in a file's place that would keep whoever reads it busy for ever, or fill the memory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "zero":
        path.symlink_to("/dev/zero")
    elif kind == "huge":
        with path.open("wb") as file:
            file.truncate(1 << 40)
    elif kind == "deep":
        path.write_text("[" * 100_000)


@pytest.mark.parametrize(
    ("kind", "told"),
    [("pipe", "is no file"), ("zero", "is no file"), ("huge", "is too large"), ("deep", "is not JSON")],
)
def test_a_user_can_neither_hold_up_nor_fill_the_run(users, tmp_path, kind, told):
    odd(kind, tmp_path / "home/bob/.docker/config.json")
    with pytest.raises(ProvisionError, match=f"config.json of bob {told}"):
        users.homes(WISH, Ours())


@pytest.mark.parametrize("kind", ["pipe", "zero", "huge"])
def test_a_user_can_do_so_by_no_file_of_a_context_either(store, tmp_path, kind):
    store.put_context("far", FAR, TEXTS["admin"])
    folder = tmp_path / "home/bob/.docker/contexts/tls" / hashlib.sha256(b"far").hexdigest() / "docker"
    odd(kind, folder / "more.pem")  # what we would not have put there is not even read
    assert store.context("far") != FAR
    (folder / "key.pem").unlink()
    odd(kind, folder / "key.pem")
    with pytest.raises(ProvisionError, match=r"key\.pem of bob is"):
        store.context("far")


def test_a_context_that_is_deep_is_not_ours(store, tmp_path):
    odd("deep", tmp_path / "home/bob/.docker/contexts/meta" / hashlib.sha256(b"far").hexdigest() / "meta.json")
    assert store.context("far").known is False


class Killed(Exception):
    """Stands for a process that ends at once."""


class Mortal(Files):
    """Files of a run that is killed at its n-th change."""

    left = 1000

    def _spend(self):
        self.left -= 1
        if self.left < 0:
            raise Killed

    def write(self, *arguments, **keywords):
        self._spend()
        super().write(*arguments, **keywords)

    def remove(self, path):
        self._spend()
        super().remove(path)


@pytest.mark.parametrize("limit", range(7))
def test_no_key_stays_behind_where_a_run_was_killed(tmp_path, accounts, limit):
    """Neither where it was taking a context away, nor where it was writing one that then was not wanted any more."""
    files = Mortal(str(tmp_path))
    users, wish = Users(files, accounts), replace(WISH, members=(), proxies={}, proxy_users=())
    for before, now in ((WISH, Wish()), (Wish(), wish)):
        converge(users, before)
        ours = users.ours()
        operations = plan(now, ours, users.homes(now, ours), users.members())
        users.remember(ours_meanwhile(ours, ours_after(now, ours, operations)))
        files.left = limit
        with contextlib.suppress(Killed):
            users.act(operations, now, TEXTS)
        files.left = 1000
        converge(users, Wish())
        assert list(tmp_path.rglob("*.pem")) == []


def test_the_mode_of_a_config_stays(store, tmp_path):
    store.put_config({"a": 1})
    path = tmp_path / "home/bob/.docker/config.json"
    path.chmod(0o640)
    store.put_config({"a": 2})
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_users_who_are_missing(users):
    with pytest.raises(ProvisionError, match="there is no user mallory, trudy on this host"):
        users.homes(Wish(members=("trudy", "bob"), contexts={"far": FAR}, context_users=("mallory",)), Ours())
    # Those that nothing is asked for do not matter.
    assert users.homes(Wish(context_users=("mallory",), proxy_users=("trudy",)), Ours()) == {}


def test_a_user_without_a_home(users):
    with pytest.raises(ProvisionError, match="eve has no home"):
        users.homes(Wish(contexts={"far": FAR}, context_users=("eve",)), Ours())


def test_a_user_who_has_gone_takes_all_along(users, tmp_path):
    assert users.homes(Wish(), Ours(contexts={"trudy": ["far"]}, proxies={"eve": ["httpProxy"]})).keys() == {"eve"}


def test_which_clients_are_needed():
    operations = plan(WISH, Ours(), {}, frozenset({"bob"}))
    assert needed_clients(operations, WISH) == []
    assert needed_clients(plan(WISH, Ours(), {"bob": Home()}, frozenset({"bob"})), WISH) == ["admin"]


@pytest.fixture
def open_place():
    """A folder that others get into; pytest keeps its own to itself."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")
def test_a_link_leads_no_farther_than_its_user_gets(open_place):
    """A user's own folder may be a link to anywhere: what is written through it, is written with the user's rights."""
    protected = open_place / "etc"
    protected.mkdir(mode=0o755)
    home = open_place / "home/nobody"
    home.mkdir(parents=True)
    os.chown(home, 65534, 65534)
    (home / ".docker").symlink_to(protected)

    class Nobody(Accounts):
        def find(self, name):
            return Account("nobody", 65534, 65534, "/home/nobody")

    users = Users(Files(str(open_place)), Nobody(Commands()))
    wish = Wish(proxies={"httpProxy": "http://p"}, proxy_users=("nobody",))
    operations = plan(wish, Ours(), users.homes(wish, Ours()), frozenset())
    with pytest.raises(ProvisionError, match="Permission denied"):
        users.act(operations, wish, {})
    assert list(protected.iterdir()) == []
    assert os.geteuid() == 0
    (home / ".docker").unlink()
    users.act(operations, wish, {})
    assert (home / ".docker/config.json").stat().st_uid == 65534
    (protected / "secret").write_text('{"a": 1}')
    (protected / "secret").chmod(0o600)
    (home / ".docker/config.json").unlink()
    (home / ".docker/config.json").symlink_to(protected / "secret")
    with pytest.raises(ProvisionError, match="cannot be read: Permission denied"):
        users.homes(wish, Ours())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give it up")
def test_who_is_not_root_sets_up_nobody_else(accounts):
    os.seteuid(65534)
    try:
        with pytest.raises(ProvisionError, match="only root can set up the docker command of other: use become"):
            with accounts.acting_as(Account("other", 12345, 12345, "/")):
                pass
    finally:
        os.seteuid(0)
