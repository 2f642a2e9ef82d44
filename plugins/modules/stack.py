#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stack
short_description: Declare an application of several containers by its compose files
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Reads a compose project on the controller, as C(docker compose) would, and brings the host to what it declares. The
    host needs neither C(docker) nor the compose plugin, and none of the project's files.
  - "The plan: everything that will be done is planned before anything is done, in one round trip. What C(--check) lists
    is what the next run does."
  - The stack is a scope of its own, named like the compose project. What its files do not name any more is removed,
    unless O(prune=false). Volumes stay, unless O(remove_volumes=true).
  - "No lock-in: containers, networks and volumes carry the labels and hashes of C(docker compose), whose commands work
    on them. A project that C(docker compose) started is taken over as it is, without touching a container; see
    O(directory), and O(build) for images that it built."
  - Files of the project directory that services mount are brought to the host, below O(directory). Where the content of
    one changes, the services that mount it are replaced, and no others. What left the project leaves the host.
  - Replacements, rollbacks and adoption go as in M(stowage.docker.host), by the rules of C(deploy.update_config) where
    a service has them.
  - "Variables of the files (C(${TAG:-1})) come from O(env), then from variables of the host of the same name
    (inventory, group_vars, facts), then from the project's C(.env). The controller's own environment is never
    looked at."
  - Files whose names end in C(.j2) are rendered as templates first, and files that are encrypted with Ansible Vault are
    decrypted, be they compose files, C(.env) files or what an C(env_file) names. Files that services mount are
    decrypted, and not rendered.
  - A service whose restart policy is V(no) or V(on-failure), or that another one waits for with
    C(service_completed_successfully), may end. It runs once, and again when something about it changed.
  - What each key of a compose file does here, and each option of C(community.docker.docker_compose_v2), stands in
    C(docs/compose.md) of the collection.
  - Mistakes are found before anything is changed, all at once, each with file, line and path.
extends_documentation_fragment:
  - stowage.docker.options
  - stowage.docker.options.lock
  - stowage.docker.options.registries
  - stowage.docker.options.waiting
  - stowage.docker.attributes
  - stowage.docker.attributes.actiongroup_docker
options:
  name:
    description:
      - The project's name, which every name on the host begins with. When not set, the C(name) in the compose files,
        else the name of the project directory. A O(definition) needs the one or the other.
      - V(host) and V(object) are taken by other modules.
    type: str
    aliases: [project_name]
  src:
    description:
      - The project directory on the controller, found as C(src) of M(ansible.builtin.copy) is. Its C(compose.yaml) (or
        C(compose.yml), C(docker-compose.yml), C(docker-compose.yaml), each also with C(.j2)) is read, and the
        C(compose.override.yaml) beside it.
      - Exactly one of O(src) and O(definition) is needed, but for O(state=absent).
    type: path
    aliases: [project_src]
  definition:
    description:
      - The content of a compose file, written in the playbook.
      - Relative paths of what its services mount lead to O(directory) on the host, where nothing is brought to. What is
        read on the controller, as C(env_file) and contexts of builds are, needs an absolute path.
    type: dict
  files:
    description: The compose files to read instead of those found by name, relative to O(src), the later over the
      former.
    type: list
    elements: str
  directory:
    description:
      - Where the project lies on the host. Relative paths of what services mount lead there.
      - C(/var/lib/stowage/stacks/) and the stack's name when not set. To take over a project that C(docker compose)
        started on the host, name the directory it was started in. Keep it set for as long as the stack is there.
      - Files are brought to the machine that the task runs on, so that has to be the engine's.
    type: path
  env:
    description: Variables for the compose files. They count before all others.
    type: dict
  env_files:
    description: Files with variables to read instead of C(.env), relative to O(src).
    type: list
    elements: str
  configs:
    description: Contents of the C(external) configs of the project, by name.
    type: dict
  secrets:
    description: Contents of the C(external) secrets of the project, by name.
    type: dict
  profiles:
    description: Profiles to enable. Services of no enabled profile are not part of the stack.
    type: list
    elements: str
  services:
    description: Converge these services and those they depend on. The others are left as they are, and not removed.
    type: list
    elements: str
  scale:
    description: The number of containers of services, by name, instead of what the files say.
    type: dict
  pull:
    description:
      - How to come by images. V(policy) follows each service's C(pull_policy).
    type: str
    choices: [policy, always, missing, never]
    default: policy
  build:
    description:
      - Build the images of services that have a C(build) section when the content of context, Dockerfile or options
        changed. V(false) uses what is there.
      - Images that C(docker compose) built do not tell what they were built from, and so are built anew. To take over a
        project without touching it, begin with V(false).
    type: bool
    default: true
  recreate:
    description: Replace every container on every run.
    type: bool
    default: false
  state:
    description:
      - V(present), everything runs as declared; V(stopped), it is there and does not run; V(restarted), all containers
        are restarted on every run; V(absent), containers and networks are removed.
    type: str
    choices: [present, absent, stopped, restarted]
    default: present
  prune:
    description: Remove containers, networks and files of the stack that its files do not name any more.
    type: bool
    default: true
    aliases: [remove_orphans]
  remove_volumes:
    description: Let volumes of the stack go that it does not name any more, B(with their data). With O(state=absent),
      all of them.
    type: bool
    default: false
  remove_images:
    description:
      - Which images go with what is removed. V(local), those the stack built; V(all), also those it pulled, unless
        something else runs them.
    type: str
    choices: [local, all]
    default: local
seealso:
  - module: stowage.docker.stack_info
  - module: stowage.docker.host
"""

EXAMPLES = r"""
- name: Run the shop from its compose files
  stowage.docker.stack:
    src: shop
    env:
      TAG: "3.1"

- name: Show what a new version would change
  stowage.docker.stack:
    src: shop
    env:
      TAG: "3.2"
  check_mode: true
  diff: true

- name: An application that is written in the playbook
  stowage.docker.stack:
    name: wiki
    definition:
      services:
        web:
          image: wiki:2
          ports: ["8080:80"]
          secrets: [{source: key, uid: "1000", mode: "0400"}]
      secrets:
        key: {external: true}
    secrets:
      key: "{{ vault_wiki_key }}"

- name: Three containers of one service, and nothing touched but what it depends on
  stowage.docker.stack:
    src: shop
    services: [web]
    scale: {web: 3}

- name: Take over what docker compose started in /srv/shop, with the images it built
  stowage.docker.stack:
    src: shop
    directory: /srv/shop
    build: false

- name: Remove the shop and its data
  stowage.docker.stack:
    name: shop
    state: absent
    remove_volumes: true
"""

RETURN = r"""
plan:
  description: The operations, one line each, with what each waits for and its reason. Empty when nothing is to do.
  returned: success and failure after planning
  type: list
  elements: str
  sample:
    - "#1 PullImage valkey:8 (image is missing)"
    - "#2 CreateContainer cache <- #1 (container is missing)"
operations:
  description: The same operations, with what became of each.
  returned: success and failure after planning
  type: list
  elements: dict
  contains:
    number:
      description: The operation's number in the plan.
      type: int
    operation:
      description: What kind of operation it is, as in V(CreateContainer).
      type: str
    target:
      description: The object it is about.
      type: str
    cause:
      description: Why it is needed.
      type: str
    after:
      description: Numbers of the operations it waits for.
      type: list
      elements: int
    status:
      description: V(planned) in check mode, else V(done), V(failed), or V(skipped) because one before it failed.
      type: str
    seconds:
      description: How long it took.
      type: float
    message:
      description: What came of it. The engine's words where it failed.
      type: str
summary:
  description: How many operations of each kind the plan has.
  returned: success and failure after planning
  type: dict
  sample: {PullImage: 1, CreateContainer: 2}
failures:
  description: Each operation that failed.
  returned: success and failure after planning
  type: list
  elements: dict
  contains:
    operation:
      description: The operation, as it stands in the plan.
      type: str
    message:
      description: The engine's words.
      type: str
    log:
      description: The last lines of the log of the container it is about.
      type: list
      elements: str
    rolled_back:
      description: What was undone, so that what ran before runs again.
      type: list
      elements: str
problems:
  description: What is wrong with the declaration. Nothing was changed.
  returned: when the declaration is refused
  type: list
  elements: dict
  contains:
    path:
      description: "Where it is, as in V(compose.yaml:12: services.web.ports[0]), or the option."
      type: str
    message:
      description: What is wrong.
      type: str
stack:
  description: The stack as it is now.
  returned: success
  type: dict
  contains:
    scope:
      description: Its owner, which is its name. Empty for a project that docker compose made.
      type: str
    directory:
      description: Where its files lie on the host.
      type: str
    services:
      description:
        - "Its services by name, each with C(replicas), C(running), C(healthy), C(unhealthy), the published C(ports) and
          its C(containers) by name."
      type: dict
    networks:
      description: The names of its networks.
      type: list
      elements: str
    volumes:
      description: The names of its volumes.
      type: list
      elements: str
containers:
  description: The declared containers as they are now, by name.
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
    image:
      description: The id of its image.
      type: str
    status:
      description: As the engine has it, V(running) or V(exited) for example.
      type: str
    health:
      description: V(healthy), V(unhealthy), V(starting), or empty without a health check.
      type: str
    scope:
      description: Its owner.
      type: str
    networks:
      description: Networks it is connected to, with its address in each.
      type: dict
    ports:
      description: Published ports, each with C(host_ip), C(published), C(protocol) and the container's C(target).
      type: list
      elements: dict
images:
  description: The declared images as they are now, by name, with their C(id).
  returned: success
  type: dict
networks:
  description: The declared networks as they are now, by name, with C(id) and C(driver).
  returned: success
  type: dict
volumes:
  description: The declared volumes as they are now, by name, with C(driver) and C(mountpoint).
  returned: success
  type: dict
"""

from ansible_collections.stowage.docker.plugins.module_utils.bridge import run_module


def main() -> None:
    run_module("stack")


if __name__ == "__main__":
    main()
