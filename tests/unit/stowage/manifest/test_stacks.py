# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section stacks: what a compose project becomes, and everything that is said of a bad one."""

from __future__ import annotations

import pytest

from stowage.errors import DeclarationError
from stowage.manifest import parse_manifest
from stowage.model.desired import Credentials, File, Image, Policy
from stowage.service.confighash import network_hash, volume_hash

SHA = "sha256:" + "ab" * 32
PLACE = "/srv/shop"


def parts(**keys):
    return parse_manifest({"stacks": {"shop": {"directory": PLACE, **keys}}})


def desired(**keys):
    ((found, _policy),) = parts(**keys)
    return found


def services(**named):
    return {name: {"image": "app:1", **keys} for name, keys in named.items()}


def one(**keys):
    (container,) = desired(services=services(web=keys)).containers
    return container


def entry(**keys):
    return {"digest": SHA, "mode": 0o644, **keys}


# -- what is read ------------------------------------------------------------------------------------


def test_a_stack_is_a_scope_and_a_project_of_its_name():
    found = desired()
    assert (found.scope, found.project, found.directory, found.left) == ("shop", "shop", PLACE, frozenset())
    assert (found.containers, found.images, found.networks, found.volumes, found.files) == ((), (), (), (), ())


@pytest.mark.parametrize(
    ("document", "scopes"),
    [
        ({"stacks": {}}, []),
        ({"stacks": {"b": {}, "a": {}}}, ["b", "a"]),
        ({"stacks": {"a": {}}, "containers": {}}, ["host", "a"]),
        ({"stacks": {"a": {}}, "scope": "mine"}, ["mine", "a"]),
        ({"stacks": {"a": {}}, "prune": False, "registries": {}}, ["a"]),
        ({"containers": {}}, ["host"]),
    ],
)
def test_a_declaration_of_nothing_but_stacks_has_no_scope_besides(document, scopes):
    assert [part.desired.scope for part in parse_manifest(document)] == scopes


def test_logins_are_for_all():
    found = parse_manifest({"registries": {"r": {"username": "ci", "password": "x"}}, "stacks": {"a": {}, "b": {}}})
    assert [part.desired.registries for part in found] == [{"r": Credentials("ci", "x")}] * 2


@pytest.mark.parametrize(
    ("keys", "policy"),
    [
        ({}, Policy()),
        ({"prune": False, "wait": False, "wait_timeout": 5, "monitor": 0},
         Policy(prune=False, wait=False, wait_timeout=5.0, monitor=0.0)),
        ({"remove_volumes": True, "remove_images": True}, Policy(remove_volumes=True, remove_images=True)),
        ({"state": "absent"}, Policy(one_offs=True)),
        ({"state": "absent", "prune": False}, Policy(prune=True, one_offs=True)),
        ({"state": "stopped"}, Policy()),
    ],
)  # fmt: skip
def test_how_to_go_about_it(keys, policy):
    assert parts(**keys)[0].policy == policy


@pytest.mark.parametrize(
    ("state", "states"),
    [("present", ["started"]), ("stopped", ["stopped"]), ("restarted", ["restarted"]), ("absent", [])],
)
def test_states(state, states):
    assert [container.state for container in desired(services=services(web={}), state=state).containers] == states


def test_of_what_shall_go_the_rest_is_not_read():
    found = desired(state="absent", services={"web": {"nonsense": 1}}, networks=5, files={"../x": {}})
    assert (found.containers, found.files, found.directory) == ((), (), PLACE)


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({}, ["shop-web-1"]),
        ({"scale": 3}, ["shop-web-1", "shop-web-2", "shop-web-3"]),
        ({"deploy": {"replicas": 2}}, ["shop-web-1", "shop-web-2"]),
        ({"scale": 1, "deploy": {"replicas": 1}}, ["shop-web-1"]),
        ({"scale": 0}, []),
        ({"container_name": "front"}, ["front"]),
        ({"container_name": "front", "scale": 0}, []),
    ],
)
def test_names(keys, names):
    assert [container.name for container in desired(services=services(web=keys)).containers] == names


def test_services_left_alone_are_noted_and_not_read():
    found = desired(services={**services(web={}), "old": {"nonsense": True}}, left=["old"])
    assert found.left == {"old"}
    assert [container.service for container in found.containers] == ["web"]


def test_images_that_are_built_have_the_name_that_compose_gives_them():
    build = {"shop-web": {"build": {"context": "/x", "remote_src": True}}}
    found = desired(services={"web": {"build": {"context": "/x"}, "pull_policy": "build"}}, images=build)
    (container,) = found.containers
    assert container.definition == {"image": "shop-web:latest"}
    (image,) = found.images
    assert (image.reference, image.path) == ("shop-web:latest", "$.stacks.shop.images.shop-web")


@pytest.mark.parametrize(
    ("policy", "pull", "every"),
    [
        (None, "missing", 0),
        ("always", "always", 0),
        ("never", "never", 0),
        ("if_not_present", "missing", 0),
        ("daily", "always", 86400),
        ("weekly", "always", 604800),
        ("every_12h", "always", 43200),
        ("every_1w2d", "always", 777600),
        ("every_1h30m10s", "always", 5410),
    ],
)
def test_pull_policies(policy, pull, every):
    found = desired(services=services(web={"pull_policy": policy} if policy else {}))
    assert found.images == (Image("app:1", "$.stacks.shop.services.web.image", pull=pull, every=every),)


def test_of_several_that_say_when_to_ask_the_soonest_counts():
    policies = {"a": "weekly", "b": "daily", "c": "missing", "d": "never"}
    (image,) = desired(services=services(**{name: {"pull_policy": p} for name, p in policies.items()})).images
    assert (image.pull, image.every, image.path) == ("always", 86400, "$.stacks.shop.services.b.image")


def test_networks_and_volumes_have_the_labels_of_compose():
    network, volume = {"name": "shop_default", "ipam": {}}, {"name": "shop_data", "labels": {"a": "b"}}
    outside = {"name": "corp", "external": True}
    found = desired(networks={"default": network, "corp": outside}, volumes={"data": volume, "out": outside})
    marks = {"com.docker.compose.project": "shop", "com.docker.compose.version": "5.6.1"}
    hashed = "com.docker.compose.config-hash"
    assert [n.body["Labels"] for n in found.networks] == [
        {**marks, "com.docker.compose.network": "default", hashed: network_hash(network)},
        {},
    ]
    assert [v.body["Labels"] for v in found.volumes] == [
        {"a": "b", **marks, "com.docker.compose.volume": "data", hashed: volume_hash(volume)},
        {},
    ]


def test_short_names_become_real_ones():
    found = desired(
        services=services(
            web={
                "networks": {"default": None, "corp": {"aliases": ["w"]}},
                "volumes": [
                    {"type": "volume", "source": "data", "target": "/data"},
                    {"type": "bind", "source": "/data", "target": "/host"},
                ],
            }
        ),
        networks={"default": {"name": "shop_default"}, "corp": {"name": "corporate", "external": True}},
        volumes={"data": {"name": "shop_data"}},
    )
    definition = found.containers[0].definition
    assert definition["networks"] == {"shop_default": None, "corporate": {"aliases": ["w"]}}
    assert [mount["source"] for mount in definition["volumes"]] == ["shop_data", "/data"]


def test_a_container_knows_what_compose_knows_it_by():
    document = {"image": "app:1", "command": None, "depends_on": {
        "db": {"condition": "service_healthy", "required": True, "restart": True}}}  # fmt: skip
    found = desired(
        services={"web": {**document, "scale": 2}, **services(db={})},
        config_files=["/srv/shop/compose.yaml", "/srv/shop/more.yaml"],
    )
    mark = found.containers[1].compose
    assert mark.service == {**document, "scale": 2}
    assert mark.labels == {
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": "web",
        "com.docker.compose.container-number": "2",
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.depends_on": "db:service_healthy:true",
        "com.docker.compose.version": "5.6.1",
        "com.docker.compose.project.working_dir": PLACE,
        "com.docker.compose.project.config_files": "/srv/shop/compose.yaml,/srv/shop/more.yaml",
    }


def test_what_only_choosing_and_developing_is_about_is_left_out():
    keys = {"profiles": ["x"], "develop": {"watch": [{"path": "/x", "action": "rebuild"}]}}
    assert one(**keys).definition == {"image": "app:1"}


# -- files -------------------------------------------------------------------------------------------

FILES = {
    "www/a": entry(),
    "www/b/c": entry(mode=0o600, uid=1, gid=2),
    "www2/a": entry(),
    "app.conf": entry(),
    "empty": {"digest": "", "mode": 0o755},
}


def test_files():
    assert desired(files=FILES).files == (
        File("www/a", SHA, 0o644),
        File("www/b/c", SHA, 0o600, 1, 2),
        File("www2/a", SHA, 0o644),
        File("app.conf", SHA, 0o644),
        File("empty", "", 0o755),
    )


def mounting(*sources, files=None):
    volumes = [{"type": "bind", "source": source, "target": f"/{n}"} for n, source in enumerate(sources)]
    (container,) = desired(
        services=services(web={"volumes": volumes}), files=FILES if files is None else files
    ).containers
    return container


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        (f"{PLACE}/www", True),
        (f"{PLACE}/www/b", True),
        (f"{PLACE}/app.conf", True),
        (f"{PLACE}/empty", True),
        (PLACE, True),
        (f"{PLACE}/data", True),
        (f"{PLACE}x", False),
        ("/srv", False),
        ("/etc/app.conf", False),
    ],
)
def test_what_a_container_reads(source, reads):
    assert mounting(source).reads == ((source,) if reads else ())


@pytest.mark.parametrize(
    ("sources", "changed", "differs"),
    [
        (["www"], "www/a", True),
        (["www"], "www/b/c", True),
        (["www"], "www2/a", False),
        (["www"], "app.conf", False),
        (["app.conf"], "app.conf", True),
        (["app.conf", "www2"], "www2/a", True),
    ],
)
@pytest.mark.parametrize("how", [{"digest": "sha256:" + "cd" * 32}, {"mode": 0o700}, {"uid": 7}, {"gid": 7}])
def test_content_follows_the_files_that_are_read(sources, changed, differs, how):
    paths = [f"{PLACE}/{source}" for source in sources]
    before = mounting(*paths).content
    after = mounting(*paths, files={**FILES, changed: {**FILES[changed], **how}}).content
    assert before
    assert (after != before) == differs


def test_a_folder_is_no_content():
    """Whoever writes there may make it its own."""
    assert mounting(f"{PLACE}/empty").content == ""
    less = {key: entry for key, entry in FILES.items() if key != "empty"}
    assert mounting(PLACE).content == mounting(PLACE, files=less).content


def test_who_reads_no_file_has_no_content():
    assert (mounting("/etc/x").content, mounting(f"{PLACE}/data").content) == ("", "")


def test_granted_files_are_mounted():
    plain, owned = ".stowage/secrets/pw", ".stowage/secrets/pw@1000-0-0400"
    found = desired(
        services=services(
            web={
                "configs": [{"source": "conf", "target": "/etc/app.conf"}],
                "secrets": [{"source": "pw", "target": "/run/secrets/pw"}],
                "volumes": [{"type": "tmpfs", "target": "/tmp"}],
            },
            api={"secrets": [{"source": "pw", "target": "own", "uid": "1000", "mode": "0400"}]},
        ),
        configs={"conf": {"path": "app.conf"}},
        secrets={"pw": {"path": plain}},
        files={"app.conf": entry(), plain: entry(), owned: entry(mode=0o400, uid=1000, gid=0)},
    )
    web, api = found.containers
    assert [(m["type"], m.get("source"), m["target"]) for m in web.definition["volumes"]] == [
        ("tmpfs", None, "/tmp"),
        ("bind", f"{PLACE}/app.conf", "/etc/app.conf"),
        ("bind", f"{PLACE}/{plain}", "/run/secrets/pw"),
    ]
    assert not {"configs", "secrets"} & set(web.definition)
    assert web.compose.granted == {"/etc/app.conf", "/run/secrets/pw"}
    assert web.reads == (f"{PLACE}/app.conf", f"{PLACE}/{plain}")
    (mount,) = api.definition["volumes"]
    assert (mount["source"], mount["target"], mount["read_only"]) == (f"{PLACE}/{owned}", "/run/secrets/own", True)
    assert len({web.content, api.content, ""}) == 3


def test_pre_start_containers():
    data = {"type": "volume", "source": "data", "target": "/data"}
    hooks = [
        {"image": "tool", "command": ["a"], "secrets": [{"source": "pw", "target": "/run/secrets/pw"}]},
        {"image": "tool:2", "volumes": [{"type": "tmpfs", "target": "/data"}], "networks": {"default": None}},
    ]
    found = desired(
        services=services(web={"volumes": [data], "pre_start": hooks, "scale": 2}),
        networks={"default": {"name": "shop_default"}},
        volumes={"data": {"name": "shop_data"}},
        secrets={"pw": {"path": "pw"}},
        files={"pw": entry()},
    )
    first, second = found.containers
    assert first.pre_start == second.pre_start
    assert "pre_start" not in first.definition
    one_, two = first.pre_start
    assert (one_.name, one_.service, one_.path) == (
        "shop-web-pre_start-1",
        "web",
        "$.stacks.shop.services.web.pre_start[0]",
    )
    assert [(m["type"], m.get("source"), m["target"]) for m in one_.definition["volumes"]] == [
        ("bind", f"{PLACE}/pw", "/run/secrets/pw"),
        ("volume", "shop_data", "/data"),
    ]
    assert one_.reads == (f"{PLACE}/pw",)
    assert [mount["type"] for mount in two.definition["volumes"]] == ["tmpfs"]
    assert two.definition["networks"] == {"shop_default": None}
    assert [image.reference for image in found.images] == ["app:1", "tool:latest", "tool:2"]


# -- what is refused ---------------------------------------------------------------------------------

RULE = "a stack's name is 1 to 63 of: lower-case letters, digits, '_', '-'"
NO_PATH = "must be a path below the stack's directory"
WEB = "$.stacks.shop.services.web"

REFUSED = [
    ({"stacks": []}, ["$.stacks: expected a mapping, found a list"]),
    ({"stacks": {"Shop": {}}}, [f"$.stacks.Shop: {RULE}"]),
    ({"stacks": {"a.b": {}}}, [f'$.stacks["a.b"]: {RULE}']),
    ({"stacks": {"-a": {}}}, [f"$.stacks.-a: {RULE}"]),
    ({"stacks": {"a" * 64: {}}}, [f"$.stacks.{'a' * 64}: {RULE}"]),
    ({"stacks": {"host": {}}}, ["$.stacks.host: host is the name of another scope; give the stack another one"]),
    ({"stacks": {"object": {}}}, ["$.stacks.object: object is the name of another scope; give the stack another one"]),
    ({"scope": "shop", "stacks": {"shop": {}}}, ["$.stacks.shop: the scope shop is declared twice"]),
    (
        {"containers": {"shop-web-1": {"image": "app:1"}}, "stacks": {"shop": {"services": services(web={})}}},
        [f"{WEB}: the container shop-web-1 is declared by the scope host too"],
    ),
    (
        {"networks": {"edge": {}}, "volumes": {"data": {}},
         "stacks": {"shop": {"networks": {"n": {"name": "edge"}}, "volumes": {"v": {"name": "data"}}}}},
        [
            "$.stacks.shop.networks.n: the network edge is declared by the scope host too",
            "$.stacks.shop.volumes.v: the volume data is declared by the scope host too",
        ],
    ),
    (
        {"containers": {"www": {"image": "app:1", "ports": ["80:80"]}},
         "stacks": {"shop": {"services": services(web={"ports": [{"target": 80, "published": "80"}]})}}},
        [f"{WEB}.ports[0]: port 80/tcp is published by www too"],
    ),
]  # fmt: skip

STACK = [
    ({"state": "gone"}, ["$.stacks.shop.state: 'gone' is none of: present, stopped, restarted, absent"]),
    ({"prune": "yes"}, ["$.stacks.shop.prune: expected true or false, found a string"]),
    ({"wait_timeout": "5m"}, ["$.stacks.shop.wait_timeout: expected a number of seconds, found a string"]),
    ({"remove_images": "all"}, ["$.stacks.shop.remove_images: expected true or false, found a string"]),
    ({"left": "web"}, ["$.stacks.shop.left: expected a list, found a string"]),
    ({"config_files": {}, "services": services(web={})}, ["$.stacks.shop.config_files: expected a list, found a mapping"]),
    ({"directory": "srv"}, ["$.stacks.shop.directory: must be an absolute path without a slash at its end"]),
    ({"directory": "/srv/"}, ["$.stacks.shop.directory: must be an absolute path without a slash at its end"]),
    ({"directory": None, "files": {"a": entry()}}, ["$.stacks.shop.directory: files need a directory on the host"]),
    ({"files": {"": entry()}}, [f'$.stacks.shop.files[""]: {NO_PATH}']),
    ({"files": {"/etc/x": entry()}}, [f'$.stacks.shop.files["/etc/x"]: {NO_PATH}']),
    ({"files": {"a/../b": entry()}}, [f'$.stacks.shop.files["a/../b"]: {NO_PATH}']),
    ({"files": {"./a": entry()}}, [f'$.stacks.shop.files["./a"]: {NO_PATH}']),
    ({"files": {"a//b": entry()}}, [f'$.stacks.shop.files["a//b"]: {NO_PATH}']),
    ({"files": {"a/": entry()}}, [f'$.stacks.shop.files["a/"]: {NO_PATH}']),
    ({"files": {"a": entry(digest="md5:1")}}, ["$.stacks.shop.files.a.digest: expected sha256: and 64 digits"]),
    ({"files": {"a": entry(mode="0644")}}, ["$.stacks.shop.files.a.mode: expected a number from 0 to 4095"]),
    ({"files": {"a": {"digest": SHA}}}, ["$.stacks.shop.files.a.mode: expected a number from 0 to 4095"]),
    ({"files": {"a": entry(mode=True)}}, ["$.stacks.shop.files.a.mode: expected a number from 0 to 4095"]),
    ({"files": {"a": entry(uid="root")}}, ["$.stacks.shop.files.a.uid: expected a number from 0 to 4294967294"]),
    ({"files": {"a": entry(gid=-1)}}, ["$.stacks.shop.files.a.gid: expected a number from 0 to 4294967294"]),
    ({"files": {"a": entry(mode=0o100644)}}, ["$.stacks.shop.files.a.mode: expected a number from 0 to 4095"]),
    ({"files": {"a": entry(owner=1)}}, ["$.stacks.shop.files.a.owner: unknown key; known here: digest, gid, mode, uid"]),
    (
        {"services": {"web": {"image": "UPPER"}}},
        [f"{WEB}.image: 'UPPER' is no image reference: the repository's name must be lower case"],
    ),
    (
        {"services": services(web={"container_name": "x1", "scale": 2})},
        [f"{WEB}.container_name: 2 replicas cannot share one name"],
    ),
    (
        {"services": services(web={"container_name": "x1"}, api={"container_name": "x1"})},
        ["$.stacks.shop.services.api: the name x1 is taken by web already"],
    ),
    (
        {"services": services(web={"depends_on": {"db": {"condition": "service_started"}}})},
        [f"{WEB}.depends_on.db: refers to db, which is not declared"],
    ),
    (
        {"services": services(web={"network_mode": "service:db"})},
        [f"{WEB}: refers to db, which is not declared"],
    ),
    (
        {"services": services(web={"secrets": [{"source": "pw", "target": "/x"}], "configs": [{"source": "c"}]})},
        [
            f"{WEB}.configs: c is not among the configs that were brought",
            f"{WEB}.secrets: pw is not among the secrets that were brought",
        ],
    ),
    (
        {"services": services(web={"secrets": [{"source": "pw", "target": "/x", "mode": "0400"}]}),
         "secrets": {"pw": {"path": "pw"}}, "files": {"pw": entry()}},
        [f"{WEB}.secrets: pw is not among the secrets that were brought"],
    ),
    ({"secrets": {"pw": {"file": "x"}}}, ["$.stacks.shop.secrets.pw.file: unknown key; known here: path"]),
    ({"services": {"web": []}}, [f"{WEB}: expected a mapping, found a list"]),
]  # fmt: skip


def problems(document):
    with pytest.raises(DeclarationError) as caught:
        parse_manifest(document)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(("document", "expected"), REFUSED)
def test_refused(document, expected):
    assert problems(document) == expected


@pytest.mark.parametrize(("keys", "expected"), STACK)
def test_a_stack_that_is_refused(keys, expected):
    assert problems({"stacks": {"shop": {"directory": PLACE, **keys}}}) == expected


def test_circles():
    needs = {key: {"condition": "service_started", "required": True} for key in ("web", "db")}
    found = problems(
        {
            "stacks": {
                "shop": {
                    "services": services(
                        web={"depends_on": {"db": needs["db"]}}, db={"depends_on": {"web": needs["web"]}}
                    )
                }
            }
        }
    )
    assert len(found) == 1
    assert "web" in found[0]
    assert "db" in found[0]


def test_everything_at_once():
    document = {
        "stacks": {"shop": {"state": "gone", "files": {"/x": {}}, "services": {"web": {"imge": "x"}}, "nope": 1}}
    }
    paths = [problem.partition(": ")[0] for problem in problems(document)]
    assert {"$.stacks.shop.state", '$.stacks.shop.files["/x"]', f"{WEB}.imge", "$.stacks.shop.nope"} <= set(paths)


def test_no_stack_lies_in_another():
    def stack(directory):
        return {"services": {"web": {"image": "app:1"}}, "directory": directory}

    def refused(first, second):
        with pytest.raises(DeclarationError) as caught:
            parse_manifest({"stacks": {"one": stack(first), "two": stack(second)}})
        return [str(problem) for problem in caught.value.problems]

    assert refused("/srv/a", "/srv/a/b") == ["$.stacks.two.directory: is in the directory of the stack one"]
    assert len(refused("/srv/a", "/srv/a")) == 2
    assert parse_manifest({"stacks": {"one": stack("/srv/a"), "two": stack("/srv/ab")}})


@pytest.mark.parametrize("section", ["files", "configs", "secrets"])
def test_a_section_is_read_once_however_much_is_in_it(section):
    """Thousands of files are brought: one look through all of them for each of them takes seconds."""

    class Counted(dict):
        looks = 0

        def __iter__(self):
            self.looks += 1
            return super().__iter__()

    value = entry() if section == "files" else {"path": "a"}
    document = Counted({f"f{number}": value for number in range(20)})
    parts(**{section: document})
    assert document.looks < 5
