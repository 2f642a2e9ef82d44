# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from plugins.module_utils import bridge
from plugins.module_utils.options.common import OptionError

KINDS = ("host", "container", "image", "network", "volume", "host_info", "stack", "stack_info")


def params(kind, **given):
    """What AnsibleModule makes of a task: every option, None where nothing was set."""
    spec = bridge.argument_spec(kind)
    assert set(given) <= set(spec)
    return {key: given.get(key, option.get("default")) for key, option in spec.items()}


def request(kind, **given):
    return bridge.request_from(kind, params(kind, **given), check=False)


def test_host():
    got = request("host", scope="shop", containers={"web": {"image": "a", "env": {"A": "1"}}, "odd": 5})
    assert got == {
        "version": 1,
        "do": "converge",
        "engine": {},
        "check": False,
        "lock_timeout": 60.0,
        "remember": True,
        "manifest": {
            "version": 1,
            "scope": "shop",
            "prune": True,
            "wait": True,
            "wait_timeout": 300.0,
            "monitor": 2.0,
            "containers": {"web": {"image": "a", "environment": {"A": "1"}}, "odd": 5},
        },
    }


@pytest.mark.parametrize(
    ("kind", "given", "section"),
    [
        (
            "container",
            {"name": "web", "image": "a", "keep_volumes": False, "state": "healthy"},
            {"containers": {"web": {"image": "a", "recreate": False, "remove_volumes": True, "state": "started"}}},
        ),
        ("volume", {"name": "v"}, {"volumes": {"v": {"state": "present", "recreate": False}}}),
        (
            "volume",
            {"name": "v", "recreate": "options-changed", "driver_opts": {"o": "x"}},
            {"volumes": {"v": {"state": "present", "recreate": True, "driver_opts": {"o": "x"}}}},
        ),
        (
            "network",
            {"name": "n", "network_scope": "swarm", "ipam_config": [{"subnet": "10.0.0.0/8", "gateway": None}]},
            {"networks": {"n": {"state": "present", "scope": "swarm", "ipam": {"config": [{"subnet": "10.0.0.0/8"}]}}}},
        ),
        ("image", {"name": "a", "tag": "1"}, {"images": {"a:1": {"state": "present"}}}),
        ("image", {"name": "r:5000/a", "tag": "1"}, {"images": {"r:5000/a:1": {"state": "present"}}}),
        ("image", {"name": "a:1", "pull": True}, {"images": {"a:1": {"state": "present", "pull": "always"}}}),
        (
            "image",
            {"name": "a:1", "pull": {"platform": "linux/arm64"}},
            {"images": {"a:1": {"state": "present", "platform": "linux/arm64"}}},
        ),
        (
            "image",
            {"name": "a:1", "load_path": "x.tar", "source": "load"},
            {"images": {"a:1": {"state": "present", "load": {"path": "x.tar"}}}},
        ),
        (
            "image",
            {"name": "a:1", "build": {"context": "x", "target": None, "remote_src": False}},
            {"images": {"a:1": {"state": "present", "build": {"context": "x", "remote_src": False}}}},
        ),
        ("image", {"name": "a:1", "source": "local"}, {"images": {"a:1": {"state": "present", "pull": "never"}}}),
    ],
)
def test_single_objects(kind, given, section):
    got = request(kind, **given)
    assert got["remember"] is False
    manifest = got["manifest"]
    assert (manifest["scope"], manifest["prune"]) == ("object", False)
    (name,) = section
    assert {name: manifest[name]} == section


def test_a_container_alone_has_its_volumes_made():
    assert request("container", name="web", image="a")["manifest"]["implicit_volumes"] is True
    assert "implicit_volumes" not in request("host")["manifest"]


def test_host_info():
    got = request("host_info", drift=False, docker_host="tcp://a:1", validate_certs=True, client_cert="/c")
    assert got == {
        "version": 1,
        "do": "info",
        "engine": {"host": "tcp://a:1", "tls_verify": True, "cert_path": "/c"},
        "info": {"scope": None, "drift": False},
        "check": False,
    }


@pytest.mark.parametrize(
    ("kind", "given", "problems"),
    [
        ("image", {"name": "a:1", "tag": "2"}, ["tag: name has a tag already"]),
        ("image", {"name": "a", "source": "build"}, ["source: build needs the option build"]),
        ("image", {"name": "a", "source": "pull", "load_path": "x"}, ["source: pull contradicts build and load"]),
        ("image", {"name": "a", "pull": {"x": 1}}, ["pull: a mapping holds a platform and nothing else"]),
        ("volume", {"name": "v", "recreate": "always"}, ["recreate: 'always' is none of"]),
        ("network", {"name": "n", "ipam": {"driver": "a"}, "ipam_driver": "b"}, ["ipam_driver: ipam.driver is set"]),
        (
            "host",
            {"containers": {"a": {"paused": True}, "b": {"detach": False}}},
            ["containers.a.paused: not supported", "containers.b.detach: not supported"],
        ),
    ],
)
def test_all_problems_at_once(kind, given, problems):
    with pytest.raises(OptionError) as caught:
        request(kind, **given)
    assert len(caught.value.problems) == len(problems)
    for found, expected in zip(caught.value.problems, problems):
        assert found.startswith(expected)


def test_options_are_sorted_before_they_are_validated():
    given = {"name": "a", "env": {}, "environment": {}, "auto_remove": True, "imge": "x", "zzzzzz": 1}
    known, problems = bridge.sort_options("container", given)
    assert set(known) == {"name", "env"}
    assert problems == [
        "environment: is another name of env, which is set too",
        "auto_remove: not supported: a declared container is there until it is declared absent; use state: absent",
        "imge: there is no such option; did you mean image?",
        "zzzzzz: there is no such option",
    ]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("container", {"detach": True, "comparisons": {"*": "strict"}}),
        ("image", {"force_source": False, "force_tag": "no"}),
        ("network", {"force": False, "appends": False}),
    ],
)
def test_what_asks_for_what_is_done_anyway_is_left_out(kind, given):
    assert bridge.sort_options(kind, {"name": "a", **given}) == ({"name": "a"}, [])


@pytest.mark.parametrize("kind", KINDS)
def test_no_option_has_two_meanings(kind):
    names = [name for key, option in bridge.argument_spec(kind).items() for name in (key, *option.get("aliases", ()))]
    assert len(names) == len(set(names))


ANSWER = {
    "changed": True,
    "failed": False,
    "plan": ["#1 CreateContainer web (it is missing)", "#2 StartContainer web <- #1 (it was created)"],
    "containers": {"web": {"id": "1"}},
    "images": {},
    "networks": {},
    "volumes": {},
    "needed_files": [],
}


def test_a_result_of_host():
    got = bridge.result_from("host", {}, ANSWER, diff=True)
    assert got["diff"] == {"prepared": "\n".join(ANSWER["plan"]) + "\n"}
    assert got["containers"] == {"web": {"id": "1"}}
    assert "needed_files" not in got
    assert "diff" not in bridge.result_from("host", {}, ANSWER, diff=False)


def test_a_result_of_a_single_object():
    got = bridge.result_from("container", request("container", name="web"), ANSWER, diff=False)
    assert got["container"] == {"id": "1"}
    assert not set(got) & set(bridge.SECTIONS.values())
    gone = bridge.result_from("volume", request("volume", name="v"), ANSWER, diff=False)
    assert gone["volume"] == {}


def test_nothing_to_do_is_an_empty_diff():
    assert bridge.result_from("host", {}, {"plan": []}, diff=True)["diff"] == {"prepared": ""}


@pytest.mark.parametrize(
    ("kind", "path", "shown"),
    [
        ("host", "$.containers.web.ports[0]", "containers.web.ports[0]"),
        ("host", "$", "$"),
        ("container", "$.containers.web.ports[0]", "ports[0]"),
        ("container", '$.containers["we.b"].ports[0]', "ports[0]"),
        ("container", "$.containers.web", "name"),
        ("image", '$.images["a:1"].build.args', "build.args"),
        ("image", '$.images["a:1"]', "name"),
        ("volume", "$.scope", "scope"),
    ],
)
def test_problems_are_named_as_the_task_has_them(kind, path, shown):
    problem = {"path": path, "message": "is wrong"}
    text = bridge.refusal(kind, [problem, problem])
    assert text == f"the declaration was refused (1 problem), and nothing was changed:\n{shown}: is wrong"


# -- stacks ------------------------------------------------------------------------------------------

STACK = {
    "pull": "policy", "build": True, "recreate": False, "state": "present", "prune": True, "remove_volumes": False,
    "remove_images": "local", "wait": True, "wait_timeout": 300.0, "monitor": 2.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "name", "stack"),
    [
        ({"src": "shop"}, "", {"src": "shop"}),
        ({"name": "web", "src": "shop", "files": ["a.yaml"]}, "web", {"src": "shop", "files": ["a.yaml"]}),
        ({"definition": {"services": {}}, "name": "a"}, "a", {"definition": {"services": {}}}),
        ({"name": "a", "state": "absent", "remove_images": "all"}, "a", {"state": "absent", "remove_images": "all"}),
        (
            {"src": "s", "scale": {"web": 2}, "services": ["web"]},
            "",
            {"src": "s", "scale": {"web": 2}, "services": ["web"]},
        ),
    ],
)
def test_a_stack(given, name, stack):
    got = request("stack", **given)
    assert got["manifest"] == {"version": 1, "stacks": {name: {**STACK, **stack}}}
    assert (got["do"], got["remember"]) == ("converge", True)


def test_logins_of_a_stack_are_the_documents():
    manifest = request("stack", src="s", registries={"r": {"username": "ci"}})["manifest"]
    assert manifest["registries"] == {"r": {"username": "ci"}}
    assert "registries" not in manifest["stacks"][""]


def test_stack_info():
    assert request("stack_info")["info"] == {"name": "", "drift": True}
    assert request("stack_info", name="shop", drift=False)["info"] == {"name": "shop", "drift": False}
    assert request("stack_info")["do"] == "stacks"


def test_stacks_in_host_wait_as_the_rest_unless_told_otherwise():
    got = request("host", wait=False, stacks={"a": {"src": "s"}, "b": {"definition": {}, "src": "s", "wait": True}})
    assert got["manifest"]["stacks"] == {
        "a": {**STACK, "src": "s", "wait": False},
        "b": {**STACK, "src": "s", "definition": {}, "wait": True},
    }


def test_other_names_of_options_work_in_host_too():
    stacks = {"a": {"project_src": "s", "remove_orphans": False, "healthy_wait_timeout": 5}}
    assert request("host", stacks=stacks)["manifest"]["stacks"]["a"] == {
        **STACK, "src": "s", "prune": False, "wait_timeout": 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({}, ["src: a stack needs src (a project directory) or definition"]),
        ({"name": "a"}, ["src: a stack needs src (a project directory) or definition"]),
        ({"src": "s", "definition": {"services": {}}}, ["src: cannot stand beside definition"]),
        ({"definition": {"a": 1}, "files": ["x"]}, ["files: are files of src, which is not set"]),
        ({"state": "absent"}, ["name: a stack that is to go needs its name, or its src or definition"]),
        ({"state": "absent", "name": "a", "services": ["web"]},
         ["services: a stack goes as a whole; take services out of its files to remove them"]),
    ],
)  # fmt: skip
def test_a_stack_that_contradicts_itself(given, problems):
    with pytest.raises(OptionError) as caught:
        request("stack", **given)
    assert caught.value.problems == problems


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (None, "stacks.a: must be a mapping with src or definition"),
        ("src", "stacks.a: must be a mapping with src or definition"),
        ({"src": "s", "sevices": []}, "stacks.a.sevices: there is no such option"),
        ({"src": "s", "registries": {}}, "stacks.a.registries: there is no such option"),
        ({"src": "s", "services": "web"}, "stacks.a.services: must be a list"),
        ({"src": "s", "prune": "no"}, "stacks.a.prune: must be a bool"),
        ({"src": "s", "monitor": "2s"}, "stacks.a.monitor: must be a number"),
        ({"src": "s", "monitor": True}, "stacks.a.monitor: must be a number"),
        ({"src": 5}, "stacks.a.src: must be a path"),
        ({"src": "s", "state": "started"}, "stacks.a.state: must be one of present, absent, stopped, restarted"),
        ({}, "stacks.a.src: a stack needs src (a project directory) or definition"),
        ({"src": "s", "files": [1]}, "stacks.a.files: must be a list of strings"),
    ],
)
def test_a_stack_in_host_that_is_refused(options, problem):
    with pytest.raises(OptionError) as caught:
        request("host", stacks={"a": options})
    assert caught.value.problems == [problem]


def test_options_of_other_tools_are_refused_with_a_reason():
    given = {"src": "s", "assume_yes": True, "cli_context": "c", "remove_orphans": True}
    known, problems = bridge.sort_options("stack", given)
    assert known == {"src": "s", "remove_orphans": True}
    assert problems == [
        "assume_yes: not supported: nothing here asks questions",
        "cli_context: not supported: use docker_host",
    ]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("$.stacks.shop.services.web.image", "services.web.image"),
        ('$.stacks["a.b"].services.web', "services.web"),
        ("$.stacks.shop", "name"),
        ("$.registries.r", "registries.r"),
        ("compose.yaml:3: services.web.image", "compose.yaml:3: services.web.image"),
    ],
)
def test_problems_of_a_stack_are_named_as_the_task_has_them(path, shown):
    assert bridge.refusal("stack", [{"path": path, "message": "is wrong"}]).endswith(f"\n{shown}: is wrong")


def test_a_result_of_a_stack():
    about = {"scope": "shop", "services": {}}
    got = bridge.result_from("stack", {}, {**ANSWER, "stacks": {"shop": about}}, diff=True)
    assert got["stack"] == about
    assert "stacks" not in got
    assert got["diff"] == {"prepared": "\n".join(ANSWER["plan"]) + "\n"}
    assert bridge.result_from("stack", {}, ANSWER, diff=False)["stack"] == {}
    assert bridge.result_from("host", {}, {**ANSWER, "stacks": {"shop": about}}, diff=False)["stacks"] == {
        "shop": about
    }
