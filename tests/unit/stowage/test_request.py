# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request is answered with: drift that is drift, and what was done although the engine is gone by then."""

from __future__ import annotations

import pytest

from stowage import request
from tests.unit.stowage.support.model_engine import ModelEngine


class Engine(ModelEngine):
    """A model engine as ``connect`` gives it; ``last_change`` is the one it does not outlive."""

    last_change = 0

    def change(self, call, act):
        done = super().change(call, act)
        self.dead = self.dead or len(self.changes) == self.last_change
        return done

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        pass


@pytest.fixture
def engine(monkeypatch, tmp_path):
    found = Engine((1, 51))
    found.images.have("app:1")
    monkeypatch.setattr(request, "connect", lambda options: (found, found.address))
    monkeypatch.setattr(request, "state_directory", lambda environ: str(tmp_path))
    monkeypatch.setattr(request, "_engine_facts", lambda engine: {})
    return found


def converge(manifest):
    return request.answer({"version": 1, "do": "converge", "manifest": {"monitor": 0, **manifest}})


def drift():
    return request.answer({"version": 1, "do": "info"})["drift"]["host"]


def web(**keys):
    return {"containers": {"web": {"image": "app:1", **keys}}}


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({"state": "restarted"}, id="restarted"),
        pytest.param({"recreate": True}, id="recreated"),
        pytest.param({"pull_policy": "missing"}, id="as it is"),
    ],
)
def test_what_a_declaration_asks_for_at_each_run_is_no_drift(engine, keys):
    assert not converge(web(**keys))["failed"]
    assert drift() == {"drifted": False, "plan": [], "msg": ""}


def test_no_registry_is_asked_about_drift(engine, monkeypatch):
    converge(web())
    monkeypatch.setattr(
        engine.images, "distribution", lambda *_args: pytest.fail("a registry was asked"), raising=False
    )
    request.Memory(request.state_directory({}), engine.address).remember(
        "host", {**web(), "monitor": 0, "images": {"app:1": {"pull": "always", "push": True}}}
    )
    assert drift() == {"drifted": False, "plan": [], "msg": ""}


def test_a_container_removed_by_hand_is_drift(engine):
    converge(web())
    engine.containers.remove("web", force=True)
    assert drift()["drifted"]
    assert "CreateContainer web" in drift()["plan"][0]


def test_an_engine_gone_after_the_last_change_hides_nothing(engine):
    engine.last_change = 2  # create, start
    answer = converge({**web(), "wait": False})
    assert (answer["failed"], answer["changed"]) == (False, True)
    assert [operation["status"] for operation in answer["operations"]] == ["done", "done"]
    assert "as they were before the run" in answer["warnings"][0]


def test_one_socket_by_two_paths_is_one_engine(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "var-run").symlink_to(tmp_path / "run")
    names = {request.connect({"host": f"unix://{tmp_path}/{folder}/docker.sock"})[1] for folder in ("run", "var-run")}
    assert names == {f"unix://{tmp_path}/run/docker.sock"}
