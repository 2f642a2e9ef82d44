# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""First deploys, changes in place, states, adoption: what is decided for one container at a time."""

from __future__ import annotations

from tests.unit.stowage.support.golden import Case, app, cases, check, containers, mode, state, stranger
from tests.unit.stowage.support.hosts import Host

HEALTH = {"test": ["CMD", "true"]}
THREE = {"aa": {}, "bb": {}, "cc": {}}
TWO = {"aa": {}, "bb": {}}
ALWAYS = {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}


@cases(
    Case("nothing declared, nothing there", None, {}, ""),
    Case(
        "a chain of dependencies, healthy and completed",
        None,
        {
            "networks": {"edge": {}},
            "volumes": {"data": {}},
            "containers": {
                "web": app(
                    networks=["edge"],
                    ports=["80:80"],
                    depends_on={
                        "db": {"condition": "service_healthy"},
                        "init": {"condition": "service_completed_successfully"},
                    },
                ),
                "init": app(
                    networks=["edge"],
                    environment={"BEHAVE": "done"},
                    depends_on={"db": {"condition": "service_healthy"}},
                ),
                "db": {"image": "db:1", "volumes": ["data:/data"], "networks": ["edge"], "healthcheck": HEALTH},
            },
        },
        """
            #1 CreateVolume data (volume is missing)
            #2 CreateNetwork edge (network is missing)
            #3 CreateContainer db <- #1, #2 (container is missing)
            #4 StartContainer db <- #3 (it was created)
            #5 WaitContainer db healthy <- #4 (it was started)
            #6 CreateContainer init <- #2 (container is missing)
            #7 StartContainer init <- #5, #6 (it was created)
            #8 WaitContainer init completed <- #7 (it was started)
            #9 CreateContainer web <- #2 (container is missing)
            #10 StartContainer web <- #5, #8, #9 (it was created)
            #11 WaitContainer web ready <- #10 (it was started)
        """,
    ),
    Case("nobody waits", None, {"wait": False, **containers(web=app(), db=app(depends_on=["web"]))}, """
            #1 CreateContainer web (container is missing)
            #2 StartContainer web <- #1 (it was created)
            #3 CreateContainer db (container is missing)
            #4 StartContainer db <- #2, #3 (it was created)
        """),
    Case(
        "several networks, one call each before API 1.44, the one of highest priority first",
        None,
        {"networks": THREE, **containers(web=app(networks={"aa": None, "bb": {"priority": 5}, "cc": None}))},
        """
            #1 CreateNetwork aa (network is missing)
            #2 CreateNetwork bb (network is missing)
            #3 CreateNetwork cc (network is missing)
            #4 CreateContainer web <- #1, #2, #3 (container is missing)
            #5 ConnectNetwork web to aa <- #4 (web was created)
            #6 ConnectNetwork web to cc <- #5 (web was created)
            #7 StartContainer web <- #6 (it was created)
            #8 WaitContainer web ready <- #7 (it was started)
        """,
        api=(1, 43),
    ),
    Case("several networks at once from API 1.44", None, {"networks": THREE, **containers(web=app(networks=list(THREE)))},
         """
            #1 CreateNetwork aa (network is missing)
            #2 CreateNetwork bb (network is missing)
            #3 CreateNetwork cc (network is missing)
            #4 CreateContainer web <- #1, #2, #3 (container is missing)
            #5 StartContainer web <- #4 (it was created)
            #6 WaitContainer web ready <- #5 (it was started)
        """, api=(1, 44)),
    Case("made but not to be started", None, containers(web=app(state="stopped"), db=app(state="present")), """
            #1 CreateContainer web (container is missing)
            #2 CreateContainer db (container is missing)
        """),
    Case("replicas", None, containers(web=app(scale=2)), """
            #1 CreateContainer web-1 (container is missing)
            #2 StartContainer web-1 <- #1 (it was created)
            #3 WaitContainer web-1 ready <- #2 (it was started)
            #4 CreateContainer web-2 (container is missing)
            #5 StartContainer web-2 <- #4 (it was created)
            #6 WaitContainer web-2 ready <- #5 (it was started)
        """),
    Case("one replica more", containers(web=app(scale=1)), containers(web=app(scale=2)), """
            #1 CreateContainer web-2 (container is missing)
            #2 StartContainer web-2 <- #1 (it was created)
            #3 WaitContainer web-2 ready <- #2 (it was started)
        """),
    Case("none of them", containers(web=app(scale=2)), containers(web=app(scale=0)), """
            #1 StopContainer web-1 (not declared any more)
            #2 RemoveContainer web-1 <- #1 (not declared any more)
            #3 StopContainer web-2 <- #1 (not declared any more)
            #4 RemoveContainer web-2 <- #3 (not declared any more)
        """),
    Case("hooks after the start", None, containers(web=app(post_start=[{"command": ["one"]}, {"command": ["two"]}])), """
            #1 CreateContainer web (container is missing)
            #2 StartContainer web <- #1 (it was created)
            #3 RunHook post_start in web <- #2 (it was started)
            #4 RunHook post_start in web <- #3 (it was started)
            #5 WaitContainer web ready <- #4 (it was started)
        """),
)  # fmt: skip
def test_first(case):
    check(case)


@cases(
    Case(
        "resources and restart policy",
        containers(web=app(mem_limit="64m")),
        containers(web=app(mem_limit="128m", cpus=1.5, restart="always", pids_limit=50)),
        """
            #1 UpdateContainer web (memory 64 MiB -> 128 MiB, cpus set to 1.5, pids limit set to 50, restart policy no -> always)
        """,
    ),
    Case(
        "leave one network and join another",
        {"networks": TWO, **containers(web=app(networks=["aa"]))},
        {"networks": TWO, **containers(web=app(networks={"bb": {"aliases": ["w"]}}))},
        """
            #1 ConnectNetwork web to bb (network bb added)
            #2 DisconnectNetwork web from aa (network aa removed)
        """,
    ),
    Case(
        "an alias more is a leave and a join",
        {"networks": TWO, **containers(web=app(networks=["aa"]))},
        {"networks": TWO, **containers(web=app(networks={"aa": {"aliases": ["w"]}}))},
        """
            #1 DisconnectNetwork web from aa (network aa alias w added)
            #2 ConnectNetwork web to aa <- #1 (network aa alias w added)
        """,
    ),
    Case(
        "join a network that is made for it",
        {"networks": {"aa": {}}, **containers(web=app(networks=["aa"]))},
        {"networks": TWO, **containers(web=app(networks=["aa", "bb"]))},
        """
            #1 CreateNetwork bb (network is missing)
            #2 ConnectNetwork web to bb <- #1 (network bb added)
        """,
    ),
    Case("both, and then what depends on it",
        {"networks": TWO, **containers(web=app(networks=["aa"]))},
        {"networks": TWO, **containers(web=app(networks=["aa", "bb"], mem_limit="64m"), api=app(depends_on=["web"]))},
        """
            #1 UpdateContainer web (memory set to 64 MiB)
            #2 ConnectNetwork web to bb (network bb added)
            #3 CreateContainer api (container is missing)
            #4 StartContainer api <- #2, #3 (it was created)
            #5 WaitContainer api ready <- #4 (it was started)
        """,
    ),
)  # fmt: skip
def test_in_place(case):
    check(case)


RESTARTED = containers(web=app(state="restarted"))


@cases(
    Case("exited", containers(web=app()), containers(web=app()), """
            #1 StartContainer web (has exited with code 1)
            #2 WaitContainer web ready <- #1 (it was started)
        """, state("web", Status="exited", ExitCode=1)),
    Case("created only", containers(web=app(state="stopped")), containers(web=app()), """
            #1 StartContainer web (is created)
            #2 WaitContainer web ready <- #1 (it was started)
        """, state("web", Status="created")),
    Case("present is as it is", containers(web=app()), containers(web=app(state="present")), "", state("web", Status="exited")),
    Case("to be stopped", containers(web=app(pre_stop=[{"command": ["bye"]}])),
         containers(web=app(pre_stop=[{"command": ["bye"]}], state="stopped")), """
            #1 RunHook pre_stop in web (declared stopped)
            #2 StopContainer web <- #1 (declared stopped)
        """),
    Case("paused", containers(web=app()), containers(web=app()), """
            #1 UnpauseContainer web (is paused)
        """, state("web", Status="paused")),
    Case("paused and to be stopped", containers(web=app()), containers(web=app(state="stopped")), """
            #1 StopContainer web (declared stopped)
        """, state("web", Status="paused")),
    Case("dead", containers(web=app(volumes=["/anon"])), containers(web=app(volumes=["/anon"])), """
            #1 RemoveContainer web (is dead)
            #2 CreateContainer web <- #1 (was dead)
            #3 StartContainer web <- #2 (it was created)
            #4 WaitContainer web ready <- #3 (it was started)
        """, state("web", Status="dead")),
    Case("to be restarted", containers(web=app()), RESTARTED, """
            #1 RestartContainer web (restart is declared)
            #2 WaitContainer web ready <- #1 (it was started)
        """, again=True),
    Case("paused and to be restarted", containers(web=app()), RESTARTED, """
            #1 RestartContainer web (restart is declared)
            #2 WaitContainer web ready <- #1 (it was started)
        """, state("web", Status="paused"), again=True),
    Case("down and to be restarted", containers(web=app()), RESTARTED, """
            #1 StartContainer web (has exited with code 0)
            #2 WaitContainer web ready <- #1 (it was started)
        """, state("web", Status="exited"), again=True),
    Case("recreate is declared", containers(web=app()), containers(web=app(recreate=True)), """
            #1 CreateContainer web.next (recreate is declared)
            #2 StopContainer web <- #1 (recreate is declared)
            #3 StartContainer web.next <- #2 (takes over: recreate is declared)
            #4 WaitContainer web.next ready <- #3 (it was started)
            #5 RemoveContainer web <- #4 (recreate is declared)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            undo #2, #3, #4: RemoveContainer web.next, StartContainer web
        """, again=True),
)  # fmt: skip
def test_states(case):
    check(case)


ONCE = {"restart": "no", "environment": {"BEHAVE": "done"}}


@cases(
    Case("done is done", containers(job=app(**ONCE)), containers(job=app(**ONCE)), ""),
    Case("failed runs again", containers(job=app(**ONCE)), containers(job=app(**ONCE)), """
            #1 StartContainer job (has exited with code 3)
            #2 WaitContainer job ready <- #1 (it was started)
        """,
         state("job", Status="exited", ExitCode=3)),
    Case("no one-shot by its policy: down is down", containers(web=app()), containers(web=app()), """
            #1 StartContainer web (has exited with code 0)
            #2 WaitContainer web ready <- #1 (it was started)
        """,
         state("web", Status="exited", ExitCode=0)),
    Case("one-shot because others wait for its end",
         containers(job=app(environment={"BEHAVE": "done"}), web=app(depends_on={"job": {"condition": "service_completed_successfully"}})),
         containers(job=app(environment={"BEHAVE": "done"}), web=app(depends_on={"job": {"condition": "service_completed_successfully"}})),
         ""),
    Case("another one-shot runs, and failing starts no old one", containers(job=app(**ONCE)),
         containers(job=app(restart="no", environment={"BEHAVE": "done", "X": "1"})), """
            #1 CreateContainer job.next (environment X added)
            #2 StartContainer job.next <- #1 (takes over: environment X added)
            #3 WaitContainer job.next ready <- #2 (it was started)
            #4 RemoveContainer job <- #3 (environment X added)
            #5 RenameContainer job.next to job <- #4 (it takes over)
            undo #2, #3: RemoveContainer job.next
        """),
)  # fmt: skip
def test_one_shots(case):
    check(case)


@cases(
    Case("as it is where it fits", None, containers(web=mode("a", restart="always")), "",
         stranger("web", Env=["MODE=a"], HostConfig=ALWAYS)),
    Case("changed in place where that is enough", None, containers(web=mode("a")), """
            #1 UpdateContainer web (restart policy always -> no)
        """,
         stranger("web", Env=["MODE=a"], HostConfig=ALWAYS)),
    Case("replaced where it does not fit", None, containers(web=mode("b")), """
            #1 CreateContainer web.next (environment LEFT removed, environment MODE changed, label x removed)
            #2 StopContainer web <- #1 (environment LEFT removed, environment MODE changed, label x removed)
            #3 StartContainer web.next <- #2 (takes over: environment LEFT removed, environment MODE changed, label x removed)
            #4 WaitContainer web.next ready <- #3 (it was started)
            #5 RemoveContainer web <- #4 (environment LEFT removed, environment MODE changed, label x removed)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            undo #2, #3, #4: RemoveContainer web.next, StartContainer web
        """,
         stranger("web", Env=["MODE=a", "LEFT=over"], Labels={"x": "y"})),
    Case("not removed later, for it was never ours", None, {}, "", stranger("web")),
)  # fmt: skip
def test_adoption(case):
    check(case)


def test_adoption_touches_nothing_that_fits():
    host = Host()
    stranger("web", Env=["MODE=a"])(host)
    before = host.container("web")["Id"]
    host.engine.revive()
    host.deploy(containers(web=mode("a")))
    assert host.container("web")["Id"] == before
    assert host.engine.changes == []


@cases(
    Case(
        "a namespace and volumes that are another's go with that one",
        containers(vpn=app(), web=app(network_mode="service:vpn"), log=app(volumes_from=["web"]), no=app()),
        containers(vpn=mode("b"), web=app(network_mode="service:vpn"), log=app(volumes_from=["web"]), no=app()),
        """
            #1 CreateContainer vpn.next (environment MODE added)
            #2 StopContainer vpn <- #1 (environment MODE added)
            #3 StartContainer vpn.next <- #2 (takes over: environment MODE added)
            #4 WaitContainer vpn.next ready <- #3 (it was started)
            #5 RemoveContainer vpn <- #4 (environment MODE added)
            #6 RenameContainer vpn.next to vpn <- #5 (it takes over)
            #7 CreateContainer web.next <- #3, #6 (vpn is replaced, whose namespace or volumes it uses)
            #8 StopContainer web <- #7 (vpn is replaced, whose namespace or volumes it uses)
            #9 StartContainer web.next <- #8 (takes over: vpn is replaced, whose namespace or volumes it uses)
            #10 WaitContainer web.next ready <- #9 (it was started)
            #11 RemoveContainer web <- #10 (vpn is replaced, whose namespace or volumes it uses)
            #12 RenameContainer web.next to web <- #11 (it takes over)
            #13 CreateContainer log.next <- #9, #12 (web is replaced, whose namespace or volumes it uses)
            #14 StopContainer log <- #13 (web is replaced, whose namespace or volumes it uses)
            #15 StartContainer log.next <- #14 (takes over: web is replaced, whose namespace or volumes it uses)
            #16 WaitContainer log.next ready <- #15 (it was started)
            #17 RemoveContainer log <- #16 (web is replaced, whose namespace or volumes it uses)
            #18 RenameContainer log.next to log <- #17 (it takes over)
            undo #2, #3, #4: RemoveContainer vpn.next, StartContainer vpn
            undo #8, #9, #10: RemoveContainer web.next, StartContainer web
            undo #14, #15, #16: RemoveContainer log.next, StartContainer log
        """,
    ),
    Case(
        "of replicas the first",
        containers(vpn=app(scale=2), web=app(network_mode="service:vpn")),
        containers(vpn=mode("b", scale=2), web=app(network_mode="service:vpn")),
        """
            #1 CreateContainer vpn-1.next (environment MODE added)
            #2 StopContainer vpn-1 <- #1 (environment MODE added)
            #3 StartContainer vpn-1.next <- #2 (takes over: environment MODE added)
            #4 WaitContainer vpn-1.next ready <- #3 (it was started)
            #5 RemoveContainer vpn-1 <- #4 (environment MODE added)
            #6 RenameContainer vpn-1.next to vpn-1 <- #5 (it takes over)
            #7 CreateContainer vpn-2.next <- #6 (environment MODE added)
            #8 StopContainer vpn-2 <- #7 (environment MODE added)
            #9 StartContainer vpn-2.next <- #8 (takes over: environment MODE added)
            #10 WaitContainer vpn-2.next ready <- #9 (it was started)
            #11 RemoveContainer vpn-2 <- #10 (environment MODE added)
            #12 RenameContainer vpn-2.next to vpn-2 <- #11 (it takes over)
            #13 CreateContainer web.next <- #3, #6 (vpn-1 is replaced, whose namespace or volumes it uses)
            #14 StopContainer web <- #12, #13 (vpn-1 is replaced, whose namespace or volumes it uses)
            #15 StartContainer web.next <- #14 (takes over: vpn-1 is replaced, whose namespace or volumes it uses)
            #16 WaitContainer web.next ready <- #15 (it was started)
            #17 RemoveContainer web <- #16 (vpn-1 is replaced, whose namespace or volumes it uses)
            #18 RenameContainer web.next to web <- #17 (it takes over)
            undo #2, #3, #4: RemoveContainer vpn-1.next, StartContainer vpn-1
            undo #8, #9, #10: RemoveContainer vpn-2.next, StartContainer vpn-2
            undo #14, #15, #16: RemoveContainer web.next, StartContainer web
        """,
    ),
)
def test_parents(case):
    check(case)


def test_a_dead_containers_anonymous_volumes_go_to_the_next():
    host = Host()
    document = containers(web=app(volumes=["/anon"]))
    host.deploy(document)
    volume = host.container("web")["Mounts"][0]["Name"]
    host.container("web")["State"]["Status"] = "dead"
    host.deploy(document)
    assert host.container("web")["Mounts"][0]["Name"] == volume
