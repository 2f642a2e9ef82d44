#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_certificates
short_description: Have a CA on the controller, and certificates of it for engines and their clients
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Makes a CA in a folder on the controller, a certificate for the host's engine, and certificates for clients.
  - The host's key is made on the host and never leaves it; the CA's key never leaves the controller. What travels is a
    signing request, of which nothing but the public key is taken over, and certificates.
  - Certificates are made anew before they end, when the names of the host change, when they are damaged or do not fit
    their key, and when the CA is another one. Keys stay where they are good.
  - A new CA takes the old one's place without a moment in which a client is refused, by three runs or more, see
    O(rotate_before).
  - The engine reads certificates when it starts and at no other time. RV(restart) tells whether it has to be started
    anew.
  - The role P(stowage.docker.engine#role) does this and all that belongs to it.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  state:
    description:
      - V(present) has certificates on the host in C(/etc/docker/tls).
      - V(confirmed) changes nothing on the host, and tells the CA with which certificates the engine runs now. A
        rotation goes on once this was told of all hosts.
      - V(absent) removes what this module put on the host; the CA forgets the host then.
    type: str
    choices: [present, confirmed, absent]
    default: present
  ca:
    description:
      - The CA's folder on the controller, made where it is missing. Whoever has it has every engine.
      - It holds C(ca.pem) and C(ca-key.pem), the clients' C(ca.pem), C(cert.pem) and C(key.pem) in C(clients/NAME), as
        the docker command wants them (E(DOCKER_CERT_PATH)), and in C(hosts) what is known of the hosts. It belongs
        together, and into a backup. A C(.gitignore) keeps keys that are not encrypted out of repositories; those of
        clients never are.
    type: path
    required: true
  passphrase:
    description:
      - The passphrase of the CA's private key. Empty keeps the key as it is, and a new one unencrypted with mode 0600.
    type: str
    default: ""
  ca_days:
    description: How long a new CA is valid, in days.
    type: int
    default: 3650
  days:
    description: How long certificates are valid, in days; the CA's end bounds it.
    type: int
    default: 397
  renew_days:
    description: How many days before its end a certificate is made anew.
    type: int
    default: 30
  rotate_before:
    description:
      - A CA that was made before this moment is replaced by a new one. A date or a time in UTC, as V(2026-12-01) or
        V(2026-12-01 14:00); one that lies ahead is refused. It can stay set, for the new CA is newer.
      - The first run has everybody trust the next CA as well. Once that was confirmed of all hosts, a further run gives
        them certificates of it, and once that was confirmed, a last one drops the former CA.
    type: str
    default: ""
  overlap_days:
    description:
      - How many days each phase of a rotation lasts at least, for copies of the clients' certificates that nobody
        here knows of. V(0) goes on with the next run.
    type: int
    default: 7
  names:
    description:
      - More names and addresses that the host is reached by, besides C(inventory_hostname), C(ansible_host) and
        C(localhost). What a host says of itself is not taken into account.
    type: list
    elements: str
    default: []
  clients:
    description:
      - Clients that get a certificate. One that is not named any more keeps what it has until the CA is rotated, for
        engines know no list of revoked certificates.
    type: list
    elements: str
    default: [admin]
  order:
    description: What the controller's half asks of the host's half. Not for playbooks.
    type: dict
attributes:
  check_mode:
    details:
      - Nothing is written on the controller either.
  diff_mode:
    details:
      - The diff is the plan, one line per step, each with its reason.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled or queried by the module has not changed in a relevant way.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
requirements:
  - C(openssl) on the host, which Debian's C(ca-certificates) and with it the engine's packages bring.
  - cryptography on the controller, which ansible-core brings.
"""

EXAMPLES = r"""
- name: Have certificates for the engine, and for two clients
  stowage.docker.engine_certificates:
    ca: "{{ inventory_dir }}/engine-ca"
    passphrase: "{{ vault_engine_ca_passphrase }}"
    names: [docker-1.example.com, 192.0.2.17]
    clients: [admin, ci]
  become: true
  register: certificates

- name: See a certificate's end coming
  ansible.builtin.assert:
    that: certificates.days_left > 14

- name: Give the CA's place to a new one
  stowage.docker.engine_certificates:
    ca: "{{ inventory_dir }}/engine-ca"
    passphrase: "{{ vault_engine_ca_passphrase }}"
    rotate_before: "2026-12-01"
  become: true
"""

RETURN = r"""
plan:
  description: What is done, or in check mode would be, one line for each step with its reason.
  returned: always
  type: list
  elements: str
  sample: ["IssueCertificate docker-1 (expires in 12 days)"]
restart:
  description: Whether the engine runs with other certificates than those that are there (or in check mode would be).
  returned: when O(state=present)
  type: bool
expires:
  description: When the host's certificate ends.
  returned: when the host has one
  type: str
  sample: "2027-12-31T10:00:00+00:00"
days_left:
  description: How many whole days there are until then.
  returned: when the host has one
  type: int
ca_expires:
  description: When the CA ends.
  returned: when there is one
  type: str
rotation:
  description: Which phase the CA's rotation is in, V(none), V(distributing) or V(issuing).
  returned: always
  type: str
waits_for:
  description: Hosts, clients and contexts that the rotation waits for.
  returned: always
  type: list
  elements: str
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.options.engine_certificates import SPEC
from ansible_collections.stowage.docker.plugins.module_utils.provision.certificates import Certificates
from ansible_collections.stowage.docker.plugins.module_utils.provision.commands import Commands
from ansible_collections.stowage.docker.plugins.module_utils.provision.files import Files
from ansible_collections.stowage.docker.plugins.module_utils.provisioning import Outcome, run


def work(options: Dict[str, Any], check: bool) -> Outcome:
    """Do the host's half of what the action plugin does; see there for the order of things."""
    order = options["order"]
    certificates = Certificates(Files(), Commands())
    if order["do"] == "look" or check:
        return Outcome((), facts={"seen": certificates.look()})
    if order["do"] == "request":
        return Outcome((), facts={"request": certificates.request(order["name"], order["new_key"])})
    if order["do"] == "install":
        certificates.install(order["authorities"], order["certificate"])
        return Outcome((), facts={"seen": certificates.look()})
    certificates.remove()
    return Outcome(())


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    if not module.params["order"]:
        module.fail_json(msg="the CA is on the controller: this module works through its action plugin alone")
    run(module, work)


if __name__ == "__main__":
    main()
