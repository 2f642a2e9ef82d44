# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a project is refused, all of it at once, each with its file, line and path.

In the files of a case, ``#! path words`` stands in the line of a problem: its path, and words of its message.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.compose import LoadError, Options, load_project
from tests.unit.plugin_utils.compose.oracle import ask_project

MARK = re.compile(r"#! (\S+) ?(.*)")
# The ways of compose with a case; it is not asked where it would take all memory there is.
REFUSED, TAKEN, NOT_ASKED = True, False, None


@dataclass(frozen=True)
class Bad:
    """Files, by name or compose.yaml alone; what else is said, as (file, line, path, words); what compose does."""

    files: dict[str, str] | str
    compose: bool | None = REFUSED
    more: tuple[tuple[str, int, str, str], ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def named(self) -> dict[str, str]:
        return {"compose.yaml": self.files} if isinstance(self.files, str) else self.files

    def expected(self) -> list[tuple[str, int, str, str]]:
        marked = [
            (name, number, found[1], found[2].strip())
            for name, text in self.named().items()
            for number, line in enumerate(text.splitlines(), 1)
            for found in [MARK.search(line)]
            if found
        ]
        return sorted([*marked, *self.more])


CIRCLES = {
    "extends-itself": Bad("""
services:
  a: {image: x, extends: a} #! services.a.extends circle
"""),
    "extends-in-a-circle": Bad("""
services:
  a:
    image: x
    extends: b
  b:
    extends: {service: c}
  c:
    extends: a #! services.c.extends circle: a -> b -> c -> a
"""),
    "extends-in-a-circle-of-files": Bad(
        {
            "compose.yaml": """
services:
  a:
    extends: {file: b.yaml, service: b}
""",
            "b.yaml": """
services:
  b:
    extends: {file: compose.yaml, service: a} #! services.b.extends circle
""",
        }
    ),
    "includes-itself": Bad("""
include: [compose.yaml] #! include[0] circle
services: {a: {image: x}}
"""),
    "includes-in-a-circle": Bad(
        {
            "compose.yaml": "include: [b/b.yaml]\nservices: {a: {image: x}}\n",
            "b/b.yaml": "include:\n  - ../c.yaml\n",
            "c.yaml": "include:\n  - path: b/b.yaml #! include[0] circle\n",
        }
    ),
    "depends-on-itself": Bad("""
services:
  a: {image: x, depends_on: [a]} #! services.a.depends_on wait for each other: a -> a
"""),
    "depends-on-in-a-circle": Bad("""
services:
  a:
    image: x
    depends_on: [b] #! services.a.depends_on wait for each other: a -> b -> c -> a
  b: {image: x, depends_on: {c: {condition: service_started}}}
  c: {image: x, depends_on: [a]}
"""),
    "links-in-a-circle": Bad("""
services:
  a: {image: x, links: [b]} #! services.a.depends_on wait for each other: a -> b -> a
  b: {image: x, network_mode: "service:a"}
"""),
}
MISSING = {
    "no-file": Bad({"README": "x\n"}, more=(("", 0, "", "there is no compose file"),)),
    "no-such-file": Bad(
        {"compose.yaml": "services: {a: {image: x}}\n"},
        more=(("other.yaml", 0, "", "no such file"),),
        options={"files": ("compose.yaml", "other.yaml")},
    ),
    "no-such-env-file-of-the-project": Bad(
        "services: {a: {image: x}}\n",
        more=(("other.env", 0, "", "no such file"),),
        options={"env_files": ("other.env",)},
    ),
    "env-file": Bad("""
services:
  a:
    image: x
    env_file: gone.env #! services.a.env_file[0] gone.env: no such file
  b:
    image: x
    env_file:
      - path: ./gone2.env #! services.b.env_file[0] gone2.env: no such file
"""),
    "label-file": Bad("""
services:
  a:
    image: x
    label_file:
      - gone.labels #! services.a.label_file[0] gone.labels: no such file
"""),
    "include": Bad("""
include:
  - gone.yaml #! include[0] gone.yaml: no such file
services: {a: {image: x}}
"""),
    "include-env-file": Bad(
        {
            "compose.yaml": """
include:
  - path: b.yaml #! include[0] gone.env: no such file
    env_file: gone.env
""",
            "b.yaml": "services: {a: {image: x}}\n",
        }
    ),
    "extends-file": Bad("""
services:
  a:
    extends:
      file: gone.yaml #! services.a.extends.file gone.yaml: no such file
      service: b
"""),
    "extends-service": Bad("""
services:
  a:
    extends: gone #! services.a.extends there is no service gone
  b:
    image: x
    extends:
      service: lost #! services.b.extends there is no service lost
"""),
    "extends-service-of-a-file": Bad(
        {
            "compose.yaml": """
services:
  a:
    extends:
      file: b.yaml
      service: gone #! services.a.extends there is no service gone
""",
            "b.yaml": "services: {a: {image: x}}\n",
        }
    ),
    "a-variable": Bad("""
services:
  a:
    image: ${IMAGE:?name the image} #! services.a.image name the image
    user: "${WHO?}" #! services.a.user WHO
    labels:
      x: ${DEEP:-${DEEPER:?tell me}} #! services.a.labels.x tell me
networks:
  default:
    name: ${NET:?} #! networks.default.name NET
"""),
    "an-empty-variable": Bad(
        "services:\n  a:\n    image: ${EMPTY:?is empty} #! services.a.image is empty\n",
        options={"environment": {"EMPTY": ""}},
    ),
    "a-variable-of-a-secret": Bad(
        """
services: {a: {image: x, secrets: [s]}}
secrets:
  s:
    environment: NOT_SET #! secrets.s.environment the variable NOT_SET is not set
""",
        TAKEN,
    ),
    "bad-variables": Bad("""
services:
  a:
    image: ${ #! services.a.image
    user: "${}" #! services.a.user
    hostname: "${A" #! services.a.hostname
"""),
    "bad-dotenv": Bad(
        {"compose.yaml": "services: {a: {image: x}}\n", ".env": 'A=1\nB="open\nC=2\n'},
        more=((".env", 2, "B", "not closed"),),
    ),
    "bad-env-file": Bad(
        {"compose.yaml": "services: {a: {image: x, env_file: a.env}}\n", "a.env": "A=1\nno key here\n"},
        more=(("a.env", 2, "", ""),),
    ),
}
UNDEFINED = {
    "network": Bad("""
services:
  a:
    image: x
    networks:
      - gone #! services.a.networks.gone there is no network gone
  b:
    image: x
    networks:
      lost: #! services.b.networks.lost there is no network lost
        aliases: [x]
networks: {other: {}}
"""),
    "volume": Bad("""
services:
  a:
    image: x
    volumes:
      - gone:/a #! services.a.volumes[0] there is no volume gone
      - type: volume #! services.a.volumes[1] there is no volume lost
        source: lost
        target: /b
volumes: {other: {}}
"""),
    "config": Bad("""
services:
  a:
    image: x
    configs:
      - gone #! services.a.configs[0] there is no config gone
      - source: lost #! services.a.configs[1] there is no config lost
        target: /x
"""),
    "secret": Bad("""
services:
  a:
    image: x
    secrets:
      - gone #! services.a.secrets[0] there is no secret gone
      - source: lost #! services.a.secrets[1] there is no secret lost
"""),
    "build-secret": Bad("""
services:
  a:
    build:
      context: .
      secrets:
        - gone #! services.a.build.secrets[0] there is no secret gone
"""),
    "service-to-depend-on": Bad("""
services:
  a:
    image: x
    depends_on:
      - gone #! services.a.depends_on.gone there is no service gone
  b:
    image: x
    depends_on:
      lost: {condition: service_started} #! services.b.depends_on.lost there is no service lost
"""),
    "services-named-elsewhere": Bad("""
services:
  a:
    image: x
    links:
      - gone #! services.a.links[0] there is no service gone
    volumes_from:
      - lost:ro #! services.a.volumes_from[0] there is no service lost
  b:
    image: x
    network_mode: service:gone #! services.b.network_mode there is no service gone
    ipc: service:lost #! services.b.ipc there is no service lost
    pid: service:away #! services.b.pid there is no service away
  c:
    build:
      context: .
      additional_contexts:
        base: service:gone #! services.c.build.additional_contexts.base there is no service gone
"""),
    "disabled-service": Bad("""
services:
  a:
    image: x
    depends_on:
      - off #! services.a.depends_on.off disabled
  "off": {image: x, profiles: [debug]}
"""),
}
OUTSIDE = {
    "config": Bad(
        """
services: {a: {image: x, configs: [c]}}
configs:
  c:
    file: ../c.conf #! configs.c.file leads out of the project
""",
        TAKEN,
    ),
    "secret": Bad(
        """
services: {a: {image: x, secrets: [s, t]}}
secrets:
  s:
    file: ./a/../../s.txt #! secrets.s.file leads out of the project
  t: {file: ..} #! secrets.t.file leads out of the project
""",
        TAKEN,
    ),
}
LAUGHS = "\n".join(f"x-{n}: &{n} [{', '.join(f'*{chr(ord(n) - 1)}' for _ in range(9))}]" for n in "bcdefghi")
YAML = {
    "billion-laughs": Bad(
        f"x-a: &a [lol, lol, lol]\n{LAUGHS}\nservices: {{a: {{image: x}}}}\n".replace(
            "x-g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f]",
            "x-g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f] #! x-g[2]",
        ),
        NOT_ASKED,
    ),
    "alias-of-itself": Bad("x-a: &a {b: *a} #! x-a.b inside\nservices: {a: {image: x}}\n"),
    "alias-of-nothing": Bad("services:\n  a:\n    image: x\n    user: *x #! services.a.user stands for nothing\n"),
    "duplicate-service": Bad("""
services:
  a: {image: x}
  b: {image: x}
  a: {image: y} #! services.a twice
"""),
    "duplicate-keys-everywhere": Bad("""
services:
  a:
    image: x
    environment:
      A: 1
      A: 2 #! services.a.environment.A twice
    image: y #! services.a.image twice
networks: {}
networks: {} #! networks twice
"""),
    "no-yaml": Bad("services:\n  a: {image: x\n  b: }\n", more=(("compose.yaml", 3, "", "not valid YAML"),)),
    "tabs": Bad("services:\n\ta: {}\n", more=(("compose.yaml", 2, "", "not valid YAML"),)),
    "a-list": Bad("- services\n", more=(("compose.yaml", 1, "", "must be a mapping"),)),
    "empty": Bad("", more=(("compose.yaml", 0, "", "empty"),)),
    "unknown-tag": Bad("services: {a: {image: !vault x}} #! services.a.image unknown tag\n", TAKEN),
    "key-that-is-no-string": Bad("services:\n  1: {image: x} #! services.1 must be a string\n"),
    "not-in-utf-8": Bad(
        {"compose.yaml": "services: {a: {image: x, env_file: a.env}}\n", "a.env": "\udcff\n"},
        more=(("compose.yaml", 1, "services.a.env_file[0]", "not in UTF-8"),),
    ),
}
UNKNOWN = {
    "top": Bad("servics: {a: {image: x}} #! servics\nservices: {a: {image: x}}\n"),
    "service": Bad("""
services:
  a:
    image: x
    enviroment: {} #! services.a.enviroment environment
    port: [80] #! services.a.port ports
"""),
    "nested": Bad("""
services:
  a:
    image: x
    build:
      contxt: . #! services.a.build.contxt context
    deploy:
      replica: 1 #! services.a.deploy.replica replicas
      resources:
        limit: {} #! services.a.deploy.resources.limit limits
        limits:
          ram: 1g #! services.a.deploy.resources.limits.ram
        reservations:
          devices:
            - capabilities: [gpu]
              name: x #! services.a.deploy.resources.reservations.devices[0].name
      update_config:
        paralelism: 1 #! services.a.deploy.update_config.paralelism parallelism
      restart_policy:
        attempts: 1 #! services.a.deploy.restart_policy.attempts
      placement:
        constraint: [] #! services.a.deploy.placement.constraint constraints
    healthcheck:
      test: x
      tries: 1 #! services.a.healthcheck.tries
    logging:
      driver: none
      opts: {} #! services.a.logging.opts
    networks:
      default:
        alias: [x] #! services.a.networks.default.alias aliases
    ports:
      - target: 80
        publish: 80 #! services.a.ports[0].publish published
    volumes:
      - type: bind
        source: .
        target: /a
        readonly: true #! services.a.volumes[0].readonly read_only
        bind:
          create: true #! services.a.volumes[0].bind.create
    depends_on:
      b:
        condition: service_started
        optional: true #! services.a.depends_on.b.optional
    develop:
      watch:
        - path: .
          action: sync
          target: /a
          excludes: x #! services.a.develop.watch[0].excludes
    post_start:
      - command: x
        shell: sh #! services.a.post_start[0].shell
    configs:
      - source: c
        path: /x #! services.a.configs[0].path
    ulimits:
      nofile: {soft: 1, hard: 2, medium: 3} #! services.a.ulimits.nofile.medium
    blkio_config:
      wight: 1 #! services.a.blkio_config.wight weight
    env_file:
      - path: none #! services.a.env_file[0] must be a path, or a mapping
        required: false
        formt: raw
  b:
    image: x
    extends:
      service: c
      files: x #! services.b.extends.files
  c: {image: x}
configs: {c: {content: x}}
"""),
    "sections": Bad("""
services: {a: {image: x, networks: [n], volumes: ["vv:/v"], configs: [c], secrets: [s]}}
networks:
  n:
    drivers: x #! networks.n.drivers driver
    ipam:
      conf: [] #! networks.n.ipam.conf config
      config:
        - sub: x #! networks.n.ipam.config[0].sub
volumes:
  vv:
    drive: x #! volumes.vv.drive driver
configs:
  c:
    content: x
    files: x #! configs.c.files file
secrets:
  s:
    file: compose.yaml
    content: x #! secrets.s.content
"""),
    "include": Bad(
        {
            "compose.yaml": """
include:
  - path: b.yaml
    profiles: [x] #! include[0].profiles unknown key
services: {a: {image: x}}
""",
            "b.yaml": "services: {b: {image: x}}\n",
        },
        TAKEN,
    ),
    "in-an-included-file": Bad(
        {
            "compose.yaml": "include: [b/b.yaml]\nservices: {a: {image: x}}\n",
            "b/b.yaml": "services:\n  b:\n    imag: x #! services.b.imag image\n    image: x\n",
        }
    ),
    "in-an-extended-file": Bad(
        {
            "compose.yaml": "services:\n  a:\n    extends: {file: b.yaml, service: b}\n",
            "b.yaml": "services:\n  b:\n    image: x\n    imag: x #! services.a.imag image\n",
        }
    ),
    "in-an-override": Bad(
        {
            "compose.yaml": "services:\n  a:\n    image: x\n",
            "compose.override.yaml": "services:\n  a:\n    imag: x #! services.a.imag image\n",
        }
    ),
}
# Keys of the specification that a host has no use for: ours to refuse.
UNSUPPORTED = {
    "models": Bad(
        """
services:
  a:
    image: x
    models: [m] #! services.a.models
models: #! models
  m: {model: ai/x}
""",
        TAKEN,
    ),
    "provider": Bad("services:\n  a:\n    provider: {type: x} #! services.a.provider\n", TAKEN),
    "credential-spec": Bad(
        "services:\n  a:\n    image: x\n    credential_spec: {file: x} #! services.a.credential_spec\n", TAKEN
    ),
    "use-api-socket": Bad(
        "services:\n  a:\n    image: x\n    use_api_socket: true #! services.a.use_api_socket\n", TAKEN
    ),
    "jobs": Bad("services: {a: {image: x}}\njobs: #! jobs\n  j: {image: x, triggers: {manual: true}}\n", TAKEN),
}
MERGES = {
    "types-that-do-not-merge": Bad(
        {
            "compose.yaml": 'services:\n  a:\n    image: x\n    ports: ["80:80"]\n    healthcheck: {test: x}\n',
            "compose.override.yaml": """
services:
  a:
    ports: {a: b} #! services.a.ports
    healthcheck: [x] #! services.a.healthcheck
""",
        }
    ),
}
SEVERAL = {
    "all-at-once": Bad(
        {
            "compose.yaml": """
include:
  - b.yaml
services:
  web:
    image: [x] #! services.web.image string
    ports:
      - "80:80"
      - "eighty" #! services.web.ports[1]
    restart: sometimes #! services.web.restart
    mem_limit: lots #! services.web.mem_limit
    healthcheck:
      interval: soon #! services.web.healthcheck.interval
    colour: red #! services.web.colour
  bad/name: {image: x} #! services["bad/name"]
networks:
  net:
    internal: perhaps #! networks.net.internal
""",
            "compose.override.yaml": """
services:
  web:
    user: {a: b} #! services.web.user string
    environment: 5 #! services.web.environment
""",
            "b.yaml": "services:\n  other:\n    image: x\n    tty: perhaps #! services.other.tty\n",
        }
    ),
}
NAMES = {
    "service": Bad('services:\n  a/b: {image: x} #! services["a/b"] letters\n'),
    "sections": Bad("""
services: {a: {image: x}}
networks:
  a/b: {} #! networks["a/b"] letters
volumes:
  a/b: {} #! volumes["a/b"] letters
configs:
  a/b: {content: x} #! configs["a/b"] letters
secrets:
  a/b: {file: compose.yaml} #! secrets["a/b"] letters
"""),
    "no-image-and-no-build": Bad("services:\n  a: {command: x} #! services.a must have an image or a build\n"),
    "project": Bad("services: {a: {image: x}}\n", more=(("", 0, "name", "no name"),), options={"name": "A B"}),
}
GROUPS = {
    "circle": CIRCLES,
    "missing": MISSING,
    "undefined": UNDEFINED,
    "outside": OUTSIDE,
    "yaml": YAML,
    "unknown": UNKNOWN,
    "unsupported": UNSUPPORTED,
    "merge": MERGES,
    "several": SEVERAL,
    "name": NAMES,
}
CASES = {f"{group}-{name}": bad for group, cases in GROUPS.items() for name, bad in cases.items()}
ASKED = [case for case, bad in CASES.items() if bad.compose is not NOT_ASKED]


def written(bad: Bad, directory: Path) -> Path:
    directory.mkdir(exist_ok=True)
    for name, text in bad.named().items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, errors="surrogateescape")
    return directory


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_told_with_its_place(case: str, tmp_path: Path) -> None:
    bad = CASES[case]
    with pytest.raises(LoadError) as caught:
        load_project(Options(directory=written(bad, tmp_path), **bad.options))
    problems = sorted(caught.value.problems, key=lambda problem: (problem.file, problem.line, problem.path))
    places = [(problem.file, problem.line, problem.path) for problem in problems]
    assert places == [found[:3] for found in bad.expected()], str(caught.value)
    for problem, (file, line, path, words) in zip(problems, bad.expected(), strict=True):
        assert words.lower() in problem.message.lower()
        assert problem.message.strip()
        told = str(problem)
        assert told in str(caught.value)
        assert all(part in told for part in (file, str(line or ""), path))


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """Whether compose refuses each of the cases that it is asked about."""
    top = tmp_path_factory.mktemp("refused")

    def ask(case: str) -> bool:
        bad = CASES[case]
        arguments = [part for name in bad.options.get("files", ()) for part in ("-f", name)]
        arguments += [part for name in bad.options.get("env_files", ()) for part in ("--env-file", name)]
        arguments += ["-p", bad.options["name"]] if "name" in bad.options else []
        environment = bad.options.get("environment")
        return ask_project(written(bad, top / case), arguments, environment).document is None

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(ASKED, pool.map(ask, ASKED), strict=True))


@pytest.mark.parametrize("case", ASKED)
def test_we_are_stricter_than_compose_only_where_it_is_noted(refused: dict[str, bool], case: str) -> None:
    assert refused[case] == CASES[case].compose
