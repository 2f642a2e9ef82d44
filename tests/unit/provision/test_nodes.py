# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from provision import nodes
from provision.errors import ProvisionError


def node(identity, name, availability="active", state="ready"):
    return {
        "ID": identity,
        "Version": {"Index": 7},
        "Spec": {"Role": "worker", "Labels": {"zone": "a"}, "Availability": availability},
        "Description": {"Hostname": name},
        "Status": {"State": state},
    }


class Swarm:
    """A manager that answers from tables; each list of tasks is asked for once."""

    def __init__(self, *known, tasks=(), stale=0, states=()):
        self.known = list(known)
        self.states = list(states)
        self.turns = list(tasks)
        self.stale = stale
        self.updates = []

    def nodes(self):
        return self.known

    def node(self, identity):
        found = next(known for known in self.known if known["ID"] == identity)
        return {**found, "Status": {"State": self.states.pop(0)}} if self.states else found

    def update_node(self, identity, version, spec):
        if self.stale:
            self.stale -= 1
            raise RuntimeError("rpc error: code = Unknown desc = update out of sequence")
        self.updates.append((identity, version, spec))

    def tasks(self, filters):
        assert filters == {"node": ["n1"]}
        return [{"ID": f"task{state}", "Status": {"State": state}} for state in self.turns.pop(0)]


def test_a_node_is_found_by_id_or_by_name():
    swarm = Swarm(node("n1", "web1"), node("n2", "web2"))
    assert nodes.find_node(swarm, "n1")["ID"] == nodes.find_node(swarm, "web1")["ID"] == "n1"
    with pytest.raises(ProvisionError, match=r"no node web3; there are web1 \(n1\), web2 \(n2\)"):
        nodes.find_node(swarm, "web3")


def test_names_that_several_nodes_have_are_refused():
    with pytest.raises(ProvisionError, match="several nodes are called web1"):
        nodes.find_node(Swarm(node("n1", "web1"), node("n2", "web1", state="down")), "web1")


def test_a_plan_says_what_changes():
    assert nodes.plan_availability(node("n1", "web1"), "active") == ()
    [step] = nodes.plan_availability(node("n1", "web1"), "drain")
    assert str(step) == "UpdateNode web1 (its availability is active, and is to be drain)"


def test_only_the_availability_is_changed():
    swarm = Swarm(node("n1", "web1"))
    nodes.set_availability(swarm, "n1", "drain")
    assert swarm.updates == [("n1", 7, {"Role": "worker", "Labels": {"zone": "a"}, "Availability": "drain"})]


def test_somebody_else_at_the_same_time_is_no_failure_and_for_ever_is_one():
    swarm = Swarm(node("n1", "web1"), stale=2)
    nodes.set_availability(swarm, "n1", "drain")
    assert len(swarm.updates) == 1
    with pytest.raises(RuntimeError, match="out of sequence"):
        nodes.set_availability(Swarm(node("n1", "web1"), stale=99), "n1", "drain")


def clock(step=1.0):
    now = [0.0]

    def tell():
        now[0] += step
        return now[0]

    return tell


def test_a_drained_node_is_waited_for_until_its_tasks_have_ended():
    swarm = Swarm(node("n1", "web1"), tasks=[["running", "shutdown"], ["running"], ["shutdown", "failed", "orphaned"]])
    nodes.wait_until_empty(swarm, "n1", 60, clock(), lambda _seconds: None)
    assert swarm.turns == []


def test_tasks_that_stay_are_named_when_the_time_is_over():
    swarm = Swarm(node("n1", "web1"), tasks=[["running", "complete"]] * 9)
    with pytest.raises(ProvisionError, match=r"task taskrunning \(running\) did not end there within 3 s"):
        nodes.wait_until_empty(swarm, "n1", 3, clock(), lambda _seconds: None)


def test_a_node_is_waited_for_until_it_is_heard_of():
    nodes.wait_until_ready(
        Swarm(node("n1", "web1"), states=["down", "unknown", "ready"]), "n1", 60, clock(), lambda _s: None
    )
    with pytest.raises(ProvisionError, match="did not hear of the node within 3 s"):
        nodes.wait_until_ready(Swarm(node("n1", "web1", state="down")), "n1", 3, clock(), lambda _seconds: None)
