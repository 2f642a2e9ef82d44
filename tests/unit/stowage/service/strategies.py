# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services as people may write them, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

words = st.text("abcxyz019_.-/ =", max_size=8)
names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
numbers = st.integers(0, 70000)
sizes = st.one_of(numbers, st.builds("{}{}".format, st.integers(6, 900), st.sampled_from(["m", "MB", "g", "000000k"])))
durations = st.builds("{}{}".format, st.integers(1, 5000), st.sampled_from(["ms", "s", "m", "h"]))
port = st.integers(1, 65535)
ports = st.one_of(
    port,
    st.builds("{}:{}".format, port, port),
    st.builds(
        "{}:{}:{}/{}".format,
        st.sampled_from(["127.0.0.1", "[::1]", "0.0.0.0"]),
        port,
        port,
        st.sampled_from(["tcp", "udp"]),
    ),
    st.builds("{0}-{1}".format, st.integers(1, 9), st.integers(9, 12)),
    st.fixed_dictionaries({"target": port}, optional={"published": port, "protocol": st.sampled_from(["tcp", "UDP"])}),
)
paths = st.builds("/{}".format, names)
volumes = st.one_of(
    paths,
    st.builds("{}:{}".format, names, paths),
    st.builds("{}:{}:{}".format, paths, paths, st.sampled_from(["ro", "rw", "z", "rslave,ro"])),
    st.fixed_dictionaries(
        {"type": st.just("tmpfs"), "target": paths},
        optional={"tmpfs": st.fixed_dictionaries({}, optional={"size": sizes, "mode": st.just("755")})},
    ),
    st.fixed_dictionaries(
        {"type": st.just("bind"), "source": paths, "target": paths},
        optional={
            "bind": st.fixed_dictionaries(
                {}, optional={"create_host_path": st.booleans(), "recursive": st.just("disabled")}
            )
        },
    ),
)
tables = st.one_of(
    st.dictionaries(names, st.one_of(words, numbers, st.booleans(), st.none())),
    st.lists(st.builds("{}={}".format, names, words), unique_by=lambda pair: pair.partition("=")[0]),
)
services = st.fixed_dictionaries(
    {"image": names},
    optional={
        "command": st.one_of(st.lists(words), st.just("a 'b c'"), st.none()),
        "environment": tables,
        "labels": tables,
        "ports": st.lists(ports, max_size=3),
        "expose": st.lists(port, unique=True, max_size=3),
        "volumes": st.lists(volumes, max_size=3),
        "tmpfs": st.one_of(paths, st.lists(paths, max_size=2)),
        "networks": st.one_of(
            st.lists(names, unique=True, max_size=3),
            st.dictionaries(
                names,
                st.one_of(
                    st.none(), st.fixed_dictionaries({}, optional={"aliases": st.lists(names), "priority": numbers})
                ),
            ),
        ),
        "healthcheck": st.fixed_dictionaries(
            {},
            optional={
                "test": st.one_of(words, st.just(["CMD", "x"])),
                "interval": durations,
                "retries": numbers,
                "disable": st.booleans(),
            },
        ),
        "depends_on": st.one_of(
            st.lists(names, unique=True), st.dictionaries(names, st.just({"condition": "service_healthy"}))
        ),
        "restart": st.sampled_from(["no", "always", "on-failure:3", False]),
        "mem_limit": sizes,
        "shm_size": sizes,
        "cpus": st.one_of(st.floats(0, 64), st.sampled_from(["0.5", "2", 3])),
        "pids_limit": st.integers(-1, 100),
        "stop_grace_period": durations,
        "ulimits": st.dictionaries(names, st.one_of(numbers, st.just({"soft": 1, "hard": "2"}))),
        "extra_hosts": st.one_of(st.just(["a:1.1.1.1"]), st.dictionaries(names, st.just("::1"))),
        "sysctls": tables,
        "logging": st.fixed_dictionaries({}, optional={"driver": names, "options": tables}),
        "devices": st.lists(st.sampled_from(["/dev/a", "/dev/b:/dev/c:r", "v.example/x=all"]), unique=True),
        "gpus": st.sampled_from(["all", [{"count": 2}]]),
        "init": st.booleans(),
        "tty": st.sampled_from([True, False, "yes"]),
        "deploy": st.fixed_dictionaries({}, optional={"replicas": numbers, "restart_policy": st.just({"delay": "5s"})}),
        "dns": st.one_of(st.just("1.1.1.1"), st.just(["1.1.1.1"])),
        "group_add": st.lists(numbers),
    },
)
