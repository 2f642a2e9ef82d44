# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value of the wrong type is refused at every key of a service and of the sections, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.plugin_utils.compose import LoadError, Options, load_project
from stowage.service import canonical

# Wrong values as YAML, parted by |. Behind a key with ? are those that compose takes all the same.
SERVICE = """
annotations | 5 | [[x]] | {a: [x]}
attach | [x] | {a: b} | perhaps
blkio_config | x | [x]
blkio_config.weight | {a: b} | heavy
blkio_config.weight_device | x | [x]
blkio_config.device_read_bps | x | [x] | [{path: [x]}]
blkio_config.device_read_iops | {a: b}
blkio_config.device_write_bps | {a: b}
blkio_config.device_write_iops | {a: b}
build | 5 | [x]
build.additional_contexts | 5
build.args | 5 | [[x]]
build.cache_from | x | {a: b}
build.cache_to | x
build.context | [x]
build.dockerfile | [x] | {a: b}
build.dockerfile_inline | [x]
build.entitlements | x
build.extra_hosts | 5
build.isolation | [x]
build.labels | 5
build.network | [x]
build.no_cache | [x] | perhaps
build.no_cache_filter | {a: b}
build.platforms | x
build.privileged | [x]
build.provenance | [x]
build.pull | [x]
build.sbom | [x]
build.secrets | x | [[x]]
build.shm_size | [x]
build.ssh | 5
build.tags | x
build.target | [x]
build.ulimits | x
cap_add | NET_ADMIN | {a: b} | [[x]]
cap_drop | ALL | [{a: b}]
cgroup | [x] | other
cgroup_parent | [x]
command | {a: b} | 5 | [[x]]
configs | x | {a: b} | [[x]]
container_name | [x] | {a: b}
cpu_count | [x] | -1
cpu_percent | [x]
cpu_period | [x]
cpu_quota | [x]
cpu_rt_period | [x]
cpu_rt_runtime | [x]
cpu_shares | [x] | {a: b}
cpus | [x] | many
cpuset | [x] | {a: b}
depends_on | x | 5 | [[x]] | {b: {condition: other}} | {b: x}
deploy | x | [x]
deploy.endpoint_mode | [x]
deploy.labels | 5
deploy.mode | [x]
deploy.placement | x
deploy.placement.constraints | x
deploy.placement.max_replicas_per_node | [x]
deploy.placement.preferences | x
deploy.replicas | [x] | many
deploy.resources | x
deploy.resources.limits | x
deploy.resources.limits.cpus | [x]
deploy.resources.limits.memory | [x] | lots
deploy.resources.limits.pids | [x]
deploy.resources.reservations | [x]
deploy.resources.reservations.devices | x | [{count: 1}]
deploy.resources.reservations.generic_resources | x
deploy.restart_policy | x
deploy.restart_policy.condition | [x]
deploy.restart_policy.delay | [x] | soon
deploy.restart_policy.max_attempts | [x]
deploy.restart_policy.window | [x]
deploy.rollback_config | x
deploy.update_config | x
deploy.update_config.delay | [x]
deploy.update_config.failure_action | [x]
deploy.update_config.max_failure_ratio | [x]
deploy.update_config.monitor | [x]
deploy.update_config.order | other | [x]
deploy.update_config.parallelism | [x]
develop | x | [x]
develop.watch | x | [{path: x}] | [{path: x, action: other}]
device_cgroup_rules | x | [[x]]
devices | x | [[x]]
dns | {a: b} | [[x]]
dns_opt | x
dns_search | {a: b}
domainname | [x]
entrypoint | {a: b} | 5
environment | 5 | x | [[x]] | {a: [x]}
expose | x | [[x]]
external_links | x
extra_hosts | 5 | x | [[x]]
gpus | x | {a: b}
group_add | x | [[x]]
healthcheck | x | [x]
healthcheck.disable | [x] | perhaps
healthcheck.interval | [x] | soon
healthcheck.retries | [x]
healthcheck.start_interval | [x]
healthcheck.start_period | [x]
healthcheck.test | 5 | {a: b}
healthcheck.timeout | [x]
hostname | [x] | {a: b}
image | [x] | {a: b}
init | [x] | perhaps
ipc | [x]
isolation | [x]
labels | 5 | x | [[x]] | {a: [x]}
links | x | [[x]]
logging | x | [x]
logging.driver | [x]
logging.options | x
mac_address | [x]
mem_limit | [x] | lots
mem_reservation | [x]
mem_swappiness | [x]
memswap_limit | [x]
network_mode | [x]
networks | x | 5 | [[x]] | {default: x}
networks.default.aliases | x
networks.default.driver_opts | x
networks.default.gw_priority | [x]
networks.default.interface_name | [x]
networks.default.ipv4_address | [x]
networks.default.ipv6_address | [x]
networks.default.link_local_ips | x
networks.default.mac_address | [x]
networks.default.priority | [x]
oom_kill_disable | [x]
oom_score_adj | [x]
pid | [x]
pids_limit | [x]
platform | [x]
ports | x | 5 | [[x]] | [{target: [x]}] | [eighty]
post_start | x | [x] | [{user: x}]
pre_start | x | [x]
pre_stop | x | [x] | [{command: {a: b}}]
privileged | [x] | perhaps
profiles | x | [[x]]
pull_policy | [x] | sometimes | every_day
pull_refresh_after | [x] | soon
read_only | [x]
restart | [x] | {a: b} | sometimes
runtime | [x]
scale | [x] | many
secrets | x | {a: b} | [[x]]
security_opt | x | [[x]]
shm_size | [x]
stdin_open | [x]
stop_grace_period | [x] | soon
stop_signal | [x]
storage_opt | x
sysctls | 5 | [[x]]
tmpfs | {a: b} | [[x]]
tty | [x]
ulimits | x | {nofile: {soft: 1}} | {nofile: [x]}
user | [x] | {a: b}
userns_mode | [x]
uts | [x]
volumes | x | {a: b} | [[x]] | [{type: other, target: /x}] | [{type: volume, source: x}]
volumes_from | x | [[x]]
working_dir | [x]
"""
SECTIONS = """
networks.n | x | [x]
networks.n.attachable | [x] | perhaps
networks.n.driver | [x]
networks.n.driver_opts | x
networks.n.enable_ipv4 | [x]
networks.n.enable_ipv6 | [x]
networks.n.external | [x]
networks.n.internal | [x] | perhaps
networks.n.ipam | x
networks.n.ipam.config | x | [x]
networks.n.ipam.driver | [x]
networks.n.ipam.options | x
networks.n.labels | 5
networks.n.name | [x]
volumes.vv | x
volumes.vv.driver | [x]
volumes.vv.driver_opts | x
volumes.vv.external | [x]
volumes.vv.labels | 5
volumes.vv.name | [x]
configs.c | x
configs.c.content | [x]
configs.c.environment | [x]
configs.c.external | [x]
configs.c.file | [x]
configs.c.labels | 5
configs.c.name | [x]
secrets.s | x
secrets.s.environment | [x]
secrets.s.external | [x]
secrets.s.file | [x]
secrets.s.labels | 5
secrets.s.name | [x]
name | [x]
services | x | [x]
services.a | x | [x]
networks | x | [x]
volumes | x | [x]
configs | x | [x]
secrets | x | [x]
include | x | 5 | [[x]]
"""


def rows(table: str) -> list[tuple[str, str]]:
    """Return (path, wrong value) of each case."""
    lines = (line.split(" | ") for line in table.strip().splitlines())
    return [(path, value) for path, *values in lines for value in values]


def written(path: str, value: str) -> str:
    """Return a project in which only this is wrong, a key to a line."""
    steps = path.split(".")
    lines = [f"{'  ' * depth}{step}:" for depth, step in enumerate(steps)]
    lines[-1] += f" {value}"
    keys = {".".join(steps[:depth]) for depth in range(1, len(steps) + 1)}
    if "services" not in keys:
        lines += ["services:", "  a:", "    image: x"]
    elif "services.a" in keys and path != "services.a" and not keys & {"services.a.image", "services.a.build"}:
        lines.append("    image: x")
    return "\n".join(lines) + "\n"


CASES = [(f"services.a.{path}", value) for path, value in rows(SERVICE)] + rows(SECTIONS)
IDS = [f"{path}-{value}" for path, value in CASES]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_wrong_value_is_refused_with_its_line(case: tuple[str, str], tmp_path: Path) -> None:
    path, value = case
    text = written(path, value)
    (tmp_path / "compose.yaml").write_text(text)
    with pytest.raises(LoadError) as caught:
        load_project(Options(directory=tmp_path))
    line = 1 + next(number for number, row in enumerate(text.splitlines()) if row.endswith(f": {value}"))
    about = [problem for problem in caught.value.problems if problem.path.startswith(path)]
    assert [(problem.file, problem.line) for problem in about] == [("compose.yaml", line)], str(caught.value)
    assert len(caught.value.problems) == 1, str(caught.value)


def test_every_key_of_a_service_is_there() -> None:
    parse = canonical._stack_keys()
    # The text of label_file is read by another phase: see test_environment.py.
    assert {path.split(".")[0] for path, _value in rows(SERVICE)} | {"label_file"} >= set(parse)
