#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_config
short_description: Have a host's container engine configured, and the configuration in force
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Lays what is declared over C(daemon.json). Keys of others are kept; ours are remembered, and removed once they are
    no longer declared. Dictionaries such as C(log-opts), C(runtimes) and C(features), and lists of C(name=value) such
    as C(labels) and C(exec-opts), are layered entry by entry.
  - Unknown and mistyped keys are refused, and so is what does not fit the engine's version. From 23.0 on C(dockerd)
    itself judges the result as well, before anything is changed.
  - The engine reads its configuration anew where it can take the change up so, and is restarted only where it must.
    With live-restore containers run on through that, and are never stopped for a change that turns live-restore on
    itself. Containers that could not run on are started again.
  - Where the engine does not start with the new configuration, the former one comes back, and the module fails with
    what the engine said last.
  - An engine that does not run is left alone; it finds its configuration when it is started.
  - What stands in C(daemon.json) and is a flag of the command as well keeps the engine from starting. C(-H fd://) of
    the unit is taken out by a drop-in where O(hosts) or O(tls) needs that; other clashes are refused.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  state:
    description: V(absent) takes back all that this module has set, and nothing of others.
    type: str
    choices: [present, absent]
    default: present
  log_driver:
    description: Where containers log to. Empty leaves it to the engine (C(json-file)), or to who wrote C(daemon.json).
    type: str
    default: ""
  log_options:
    description:
      - Options of the log driver.
      - Unset bounds the files of C(json-file) to three of 10 MB for each container, unless others have bounded them.
    type: dict
  data_root:
    description: Where images, containers and volumes are kept. The engine moves nothing there by itself.
    type: str
    default: ""
  storage_driver:
    description: How layers are stored, as V(overlay2).
    type: str
    default: ""
  registry_mirrors:
    description: Mirrors of Docker Hub, as URLs.
    type: list
    elements: str
    default: []
  insecure_registries:
    description: Registries without TLS, or with certificates that nobody vouches for.
    type: list
    elements: str
    default: []
  registry_certificates:
    description:
      - Certificates by registry (C(host) or C(host:port)), each a dictionary of C(ca), C(cert) and C(key) with files on
        the controller. They are put into C(/etc/docker/certs.d), where the engine reads them whenever it needs them.
    type: dict
    default: {}
  address_pools:
    description: Pools that networks get their subnets from, each with C(base) and C(size).
    type: list
    elements: dict
    default: []
  bip:
    description: Address and prefix of the default bridge, as V(172.17.0.1/16).
    type: str
    default: ""
  dns:
    description: Name servers of containers.
    type: list
    elements: str
    default: []
  dns_search:
    description: Search domains of containers.
    type: list
    elements: str
    default: []
  dns_options:
    description: Resolver options of containers.
    type: list
    elements: str
    default: []
  mtu:
    description: MTU of the default bridge; V(0) leaves it to the engine.
    type: int
    default: 0
  ipv6:
    description: Whether the default bridge has IPv6.
    type: bool
  fixed_cidr_v6:
    description: The IPv6 subnet of the default bridge; needed with O(ipv6) before 27.0.
    type: str
    default: ""
  default_ulimits:
    description: Limits of containers by name, each a number, or a dictionary of C(soft) and C(hard).
    type: dict
    default: {}
  cgroup_driver:
    description: Who makes cgroups. Empty leaves it to the engine.
    type: str
    choices: ["", systemd, cgroupfs]
    default: ""
  userns_remap:
    description: Whose subordinate ids containers run under, V(default) or C(user:group). One that is not declared any
      more stays on an engine that holds images or containers, which would be out of sight; RV(pending) tells it.
    type: str
    default: ""
  live_restore:
    description:
      - Whether containers run on while the engine is down. V(auto) says yes unless the host is part of a swarm, which
        does not allow it, or others wrote something else.
    type: str
    choices: [auto, "true", "false"]
    default: auto
  metrics_address:
    description: Where the engine tells Prometheus its metrics, as V(127.0.0.1:9323).
    type: str
    default: ""
  proxies:
    description: The engine's way out. Before 23.0 they are variables of its environment, in a file only root reads.
    type: dict
    suboptions:
      http:
        description: As in C(http_proxy).
        type: str
      https:
        description: As in C(https_proxy).
        type: str
      "no":
        description: As in C(no_proxy), names separated by commas.
        type: str
  features:
    description: Features to switch on or off, as C(containerd-snapshotter).
    type: dict
    default: {}
  default_runtime:
    description: The runtime of containers that name none.
    type: str
    default: ""
  debug:
    description: Whether the engine tells more in its log.
    type: bool
  labels:
    description: Labels of the engine, each C(key=value).
    type: list
    elements: str
    default: []
  icc:
    description: Whether containers on the default bridge reach each other.
    type: bool
  userland_proxy:
    description: Whether published ports also go through a process each.
    type: bool
  no_new_privileges:
    description: Whether processes of containers are kept from gaining privileges, by setuid programs for example.
    type: bool
  seccomp_profile:
    description: A seccomp profile on the host in place of the engine's own.
    type: str
    default: ""
  hosts:
    description:
      - Where the engine listens, as V(fd://), V(unix:///var/run/docker.sock) or V(tcp://127.0.0.1:2375). O(socket) has
        to be among them.
    type: list
    elements: str
    default: []
  config:
    description: Any other keys of C(daemon.json); they go before the options above.
    type: dict
    default: {}
  hardening:
    description:
      - Values for options that are not set, from the CIS Docker Benchmark. V(baseline) is C(icc) off,
        C(no-new-privileges) and live-restore on, and the log level C(info). V(cis) has C(userland-proxy) off as well,
        and C(userns-remap) on hosts that have neither images nor containers yet.
    type: str
    choices: [none, baseline, cis]
    default: none
  tls:
    description: Has the engine listen on TCP for clients that show a certificate.
    type: dict
    suboptions:
      address:
        description: The address it listens on.
        type: str
        default: 0.0.0.0
      port:
        description: The port it listens on.
        type: int
        default: 2376
      ca:
        description: The CA's certificate on the host.
        type: path
        required: true
      cert:
        description: The engine's certificate on the host.
        type: path
        required: true
      key:
        description: The certificate's key on the host.
        type: path
        required: true
      renewed:
        description:
          - Says that the certificates are others than those the engine runs with. That is seen from the files too, but
            not in check mode, before they are written.
        type: bool
        default: false
  runtimes:
    description: Runtimes besides runc that containers can name. They have to be on the host.
    type: list
    elements: str
    choices: [crun, runsc, kata]
    default: []
  runtime_arguments:
    description: "Arguments by runtime, as C({runsc: [--platform=systrap]})."
    type: dict
    default: {}
  secrets:
    description: Parts of other options that are secret; the action plugin takes them out of there. Not to be set.
    type: dict
    default: {}
  version:
    description:
      - The version of the engine that an earlier task installs, or of its package. In check mode that task has not
        installed it, and yet it decides which keys there are. Empty, or outside check mode, what is installed counts.
    type: str
    default: ""
  restart:
    description:
      - Whether the engine may be restarted where a change cannot be taken up otherwise. V(false) writes it, and tells
        in RV(pending) what waits.
    type: bool
    default: true
  started:
    description:
      - Whether to see to it as well that the engine runs, answers, and is the one that is installed, as
        M(stowage.docker.engine_service) does, in the same call. An engine that is started reads the configuration then.
      - With O(restart=false) an engine that runs is left as it is. Otherwise one that is on its way up under systemd,
        and read a configuration that has changed since, is stopped first.
    type: bool
    default: false
  socket:
    description: The engine's socket.
    type: path
    default: /var/run/docker.sock
  log:
    description: Where an engine that is started directly writes its log.
    type: path
    default: /var/log/docker.log
  timeout:
    description: How long the engine may take to answer after a restart, in seconds.
    type: int
    default: 60
seealso:
  - module: stowage.docker.engine_service
attributes:
  diff_mode:
    details:
      - The diff is that of C(daemon.json), without passwords.
  idempotent:
    description: When run twice in a row, with the same arguments, the second run changes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Bound logs, use a mirror, and have containers run on through restarts of the engine
  stowage.docker.engine_config:
    log_options: {max-size: 20m, max-file: 5}
    registry_mirrors: [https://mirror.example.net]
  become: true

- name: Trust a registry of our own
  stowage.docker.engine_config:
    registry_certificates:
      registry.example.net:5000:
        ca: files/registry-ca.crt
  become: true

- name: Write now, restart at another time
  stowage.docker.engine_config:
    address_pools:
      - {base: 10.200.0.0/16, size: 24}
    restart: false
  register: configured
  become: true

- name: Take everything back
  stowage.docker.engine_config:
    state: absent
  become: true
"""

RETURN = r"""
plan:
  description: What was done, or would be, each with its cause.
  returned: always
  type: list
  elements: str
  sample:
    - SetKey mtu (1450; was not set)
    - "RestartEngine docker (mtu; containers run on)"
pending:
  description: What is written and not in force yet, and what it waits for.
  returned: always
  type: list
  elements: str
config:
  description: The whole of C(daemon.json), without passwords.
  returned: always
  type: dict
running:
  description: Whether the engine answers now. RV(started_by), RV(version), RV(api_version), RV(outdated) and
    RV(installed) are as M(stowage.docker.engine_service) returns them.
  returned: when O(started) is true
  type: bool
started_by:
  description: How the engine was started, V(systemd), V(sysv) or V(direct).
  returned: when the engine was started
  type: str
version:
  description: The engine's version.
  returned: when O(started) is true and the engine answers
  type: str
  sample: 26.1.5+dfsg1
api_version:
  description: The newest version of the Engine API that the engine speaks.
  returned: when O(started) is true and the engine answers
  type: str
  sample: "1.45"
outdated:
  description: Whether the engine that answers is not the one that is installed.
  returned: when O(started) is true
  type: bool
installed:
  description: Whether there is an engine on the host, running or not.
  returned: when O(started) is true
  type: bool
"""

from dataclasses import replace
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.options.engine_config import SPEC
from ansible_collections.stowage.docker.plugins.module_utils.provision.commands import Commands
from ansible_collections.stowage.docker.plugins.module_utils.provision.config.apart import put_back
from ansible_collections.stowage.docker.plugins.module_utils.provision.config.configure import Host, configure
from ansible_collections.stowage.docker.plugins.module_utils.provision.service import Service
from ansible_collections.stowage.docker.plugins.module_utils.provision.starting import RESTART, bring_up
from ansible_collections.stowage.docker.plugins.module_utils.provisioning import Outcome, run
from ansible_collections.stowage.docker.plugins.module_utils.running_engine import RunningEngine


def work(options: Dict[str, Any], check: bool) -> Outcome:
    secrets = options.pop("secrets")
    options = {name: put_back(value, secrets) for name, value in options.items()}
    service = Service(options["socket"], options["log"], options["timeout"])
    engine = RunningEngine(options["socket"]) if service.answer() else None
    done = configure(options, check, Host(service, engine))
    facts = {"pending": list(done.plan.need.pending), "config": dict(done.config)}
    outcome = Outcome(done.plan.steps, done.plan.before_text, done.plan.after_text, facts, done.warnings)
    if not options["started"]:
        return outcome
    anew = engine is None and bool(outcome.plan) and options["restart"]
    running = bring_up(service, RunningEngine(options["socket"]), Commands(), check, options["restart"], anew)
    # A restart that the configuration takes is the one that the new engine takes.
    more = [] if any(step.verb == RESTART for step in outcome.plan) else running.plan
    return replace(
        outcome,
        plan=[*outcome.plan, *more],
        facts={**facts, **running.facts},
        warnings=[*outcome.warnings, *running.warnings],
    )


def main() -> None:
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
