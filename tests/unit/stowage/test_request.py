# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request is answered with: drift that is drift, and what was done although the engine is gone by then."""

from __future__ import annotations

import base64

import pytest

from stowage import request
from tests.unit.stowage.support.model_engine import ModelEngine
from tests.unit.stowage.support.stacks import PROJECT, file


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
    manifest = {**web(), "monitor": 0, "images": {"app:1": {"pull": "always", "push": True}}}
    store = request.Store(request.state_directory({}), engine.address)
    store.finish(store.declare("host", manifest, by="test", now=0.0), outcome="done", now=0.0)
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


# -- stacks ------------------------------------------------------------------------------------------


def shop(tmp_path, text="A", **keys):
    place = f"{tmp_path}/stacks/shop"
    mount = {"type": "bind", "source": f"{place}/app.conf", "target": "/app.conf"}
    services = {"web": {"image": "app:1", "volumes": [mount]}}
    files = {"app.conf": file(text)}
    return {"stacks": {"shop": {"directory": place, "services": services, "files": files, "monitor": 0, **keys}}}


def brought(text):
    digest = file(text)["digest"]
    return {digest: base64.b64encode(text.encode()).decode()}


def ask(manifest, **more):
    return request.answer({"version": 1, "do": "converge", "manifest": manifest, **more})


def test_files_are_asked_for_before_anything_is_done(engine, tmp_path):
    answer = ask(shop(tmp_path))
    assert answer["needed_files"] == [file("A")["digest"]]
    assert "stacks" not in answer
    assert engine.changes == []
    assert not (tmp_path / "stacks").exists()


@pytest.mark.parametrize("way", ["contents", "files"])
def test_files_that_were_brought(engine, tmp_path, way):
    (tmp_path / "brought").write_text("A")
    told = brought("A") if way == "contents" else {file("A")["digest"]: str(tmp_path / "brought")}
    answer = ask(shop(tmp_path), **{way: told})
    assert (answer["failed"], answer["changed"], answer["needed_files"]) == (False, True, [])
    assert (tmp_path / "stacks/shop/app.conf").read_text() == "A"
    about = answer["stacks"]["shop"]
    assert (about["scope"], about["services"]["web"]["running"]) == ("shop", 1)
    again = ask(shop(tmp_path))
    assert (again["changed"], again["plan"], again["needed_files"]) == (False, [], [])


def test_a_look_needs_no_files(engine, tmp_path):
    answer = ask(shop(tmp_path), check=True)
    assert answer["needed_files"] == []
    assert answer["changed"]
    assert engine.changes == []


def test_files_for_an_engine_elsewhere_are_refused(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "address", "tcp://10.0.0.1:2376")
    answer = ask(shop(tmp_path), contents=brought("A"))
    assert answer["problems"] == [
        {
            "path": "$.stacks.shop.files",
            "message": "are for the engine's host, and the engine is reached from elsewhere; run the task on its host",
        }
    ]
    without = {"stacks": {"shop": {"services": {"web": {"image": "app:1"}}, "monitor": 0}}}
    assert not ask(without)["failed"]


def stack_info(**info):
    return request.answer({"version": 1, "do": "stacks", "info": info})["stacks"]


def test_stack_info(engine, tmp_path):
    ask(shop(tmp_path), contents=brought("A"))
    engine.containers.make("theirs", {"Image": "app:1", "Labels": {PROJECT: "blog"}})
    found = stack_info()
    assert set(found) == {"shop", "blog"}
    assert found["shop"]["drift"] == {"drifted": False, "plan": [], "msg": ""}
    assert found["blog"]["drift"] is None
    assert set(stack_info(name="shop")) == {"shop"}
    assert "drift" not in stack_info(drift=False)["shop"]
    assert stack_info(name="none")["none"]["services"] == {}


def test_drift_of_a_stack_sees_its_files(engine, tmp_path):
    ask(shop(tmp_path), contents=brought("A"))
    (tmp_path / "stacks/shop/app.conf").write_text("by hand")
    drift = stack_info()["shop"]["drift"]
    assert drift["drifted"]
    assert drift["plan"][0].endswith("app.conf (changed)")


def test_a_stack_that_went_has_no_drift(engine, tmp_path):
    ask(shop(tmp_path), contents=brought("A"))
    assert not ask({"stacks": {"shop": {"state": "absent", "directory": f"{tmp_path}/stacks/shop"}}})["failed"]
    assert stack_info() == {}
    assert not (tmp_path / "stacks/shop").exists()


def test_stacks_and_containers_in_one_declaration(engine, tmp_path):
    answer = ask({**shop(tmp_path), **web(), "monitor": 0}, contents=brought("A"))
    assert not answer["failed"]
    assert set(answer["containers"]) == {"web", "shop-web-1"}
    assert set(answer["stacks"]) == {"shop"}
    again = ask({**shop(tmp_path, state="absent"), **web(), "monitor": 0})
    assert (again["failed"], set(again["containers"])) == (False, {"web"})
