#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_client
short_description: Set up the docker command of a host's users
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Puts users into the group C(docker), and gives them contexts and proxies for their C(docker) command.
  - All three are declared as a whole. What this module set before and finds declared no more is taken back; what others
    wrote is kept.
  - All is done in C(~/.docker) with the user's own rights, so that a link there leads no farther than its user gets.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  users:
    description:
      - Users who may use the engine. They join the group C(docker), and can have all rights on this host from then on,
        for whoever can start a container can mount C(/) into it. Sessions that are open do not know of it.
    type: list
    elements: str
    default: []
  proxies:
    description:
      - What containers and builds get in their environment that O(proxy_users) start, by C(http), C(https), C(ftp),
        C(all) and C(no).
    type: dict
    default: {}
  proxy_users:
    description: Users who get O(proxies) into their C(config.json).
    type: list
    elements: str
    default: [root]
  contexts:
    description:
      - Contexts by name, each with C(host) (C(ssh://user@host), C(tcp://host:2376) or C(unix:///path)), and where
        needed C(description) and C(client), the name of a client in O(ca) whose certificate and key the users get.
    type: dict
    default: {}
  context_users:
    description: Users who get O(contexts).
    type: list
    elements: str
    default: [root]
  ca:
    description: The CA's folder on the controller, as for M(stowage.docker.engine_certificates).
    type: path
  clients:
    description:
      - Clients that will be there when check mode's plan is carried out, though they are not yet.
    type: list
    elements: str
    default: []
  digests:
    description: What tells the clients' files apart; found by the controller's half. Not for playbooks.
    type: dict
  files:
    description: The clients' files, where the host needs them; sent by the controller's half. Not for playbooks.
    type: dict
attributes:
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
"""

EXAMPLES = r"""
- name: Let the operators use the engines of other hosts
  stowage.docker.engine_client:
    contexts:
      build:
        host: ssh://deploy@build.example.com
        description: where images are built
      production:
        host: tcp://docker-1.example.com:2376
        client: admin
    context_users: [alice, bob]
    ca: "{{ inventory_dir }}/engine-ca"
  become: true

- name: Have containers and builds go through a proxy
  stowage.docker.engine_client:
    proxies:
      http: http://proxy.example.com:3128
      https: http://proxy.example.com:3128
      "no": [localhost, .example.com]
    proxy_users: [root, deploy]
  become: true
"""

RETURN = r"""
plan:
  description: What is done, or in check mode would be, one line for each step with its reason.
  returned: always
  type: list
  elements: str
  sample: ["WriteContext production of alice (is missing)"]
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.options.engine_client import SPEC
from ansible_collections.stowage.docker.plugins.module_utils.provision.commands import Commands
from ansible_collections.stowage.docker.plugins.module_utils.provision.contexts import plan as planning
from ansible_collections.stowage.docker.plugins.module_utils.provision.contexts.accounts import Accounts
from ansible_collections.stowage.docker.plugins.module_utils.provision.contexts.work import Users, needed_clients
from ansible_collections.stowage.docker.plugins.module_utils.provision.errors import ProvisionError
from ansible_collections.stowage.docker.plugins.module_utils.provision.files import Files
from ansible_collections.stowage.docker.plugins.module_utils.provisioning import Outcome, run

MEANS_ROOT = (
    "{} can use the engine through the group docker, and whoever can do that can have all rights on this host. "
    "Sessions that are open now do not know of it: log in anew"
)


def read_wish(options: Dict[str, Any]) -> planning.Wish:
    """Make a wish of the options. Raises ProvisionError."""
    contexts, clients = planning.parse_contexts(options["contexts"])
    digests = options["digests"] or {}
    missing = sorted(set(clients.values()) - set(digests))
    if missing:
        raise ProvisionError(f"nothing is known of the client {', '.join(missing)}: name the CA's folder (ca)")
    with_digests = {
        name: planning.Context(context.host, context.description, digests[clients[name]])
        if name in clients
        else context
        for name, context in contexts.items()
    }
    return planning.Wish(
        tuple(options["users"]),
        planning.parse_proxies(options["proxies"]),
        tuple(options["proxy_users"]),
        with_digests,
        clients,
        tuple(options["context_users"]),
    )


def work(options: Dict[str, Any], check: bool) -> Outcome:
    wish = read_wish(options)
    users = Users(Files(), Accounts(Commands()))
    ours, members = users.ours(), users.members()
    operations = planning.plan(wish, ours, users.homes(wish, ours), members)
    steps = [operation.step for operation in operations]
    joins = [operation.user for operation in operations if operation.act == planning.JOIN]
    warnings = [MEANS_ROOT.format(", ".join(joins))] if joins else []
    after = "".join(f"{step}\n" for step in steps)
    if not check:
        if joins and members is None:
            raise ProvisionError("there is no group docker on this host: the engine's packages make it")
        files = options["files"] or {}
        needs = [name for name in needed_clients(operations, wish) if name not in files]
        if needs:
            return Outcome((), facts={"needs": needs})
        later = planning.ours_after(wish, ours, operations)
        users.remember(planning.ours_meanwhile(ours, later))
        users.act(operations, wish, files)
        users.remember(later)
    return Outcome(steps, after=after, warnings=warnings)


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    # Of a proxy's address only the password is hidden: its other words are found everywhere.
    module.no_log_values.update(planning.passwords(module.params["proxies"]))
    run(module, work)


if __name__ == "__main__":
    main()
