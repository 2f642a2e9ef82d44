#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host
short_description: Declare everything a host runs in containers
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Takes one document with images, networks, volumes and containers, compares it with the engine, and carries out
    the operations that lead from the one to the other. The document reaches the host in one round trip.
  - "The plan: everything that will be done is planned before anything is done. C(--check) prints the plan and
    stops, C(--diff) shows it as the diff, and the result holds it as RV(plan). What C(--check) lists is what the
    next run does."
  - "The declaration is the whole truth about an object it names. What is taken out of it, a port, a label, a mount,
    a capability, a variable, is taken out of the container. Values that come from the image are left alone."
  - "Ownership: each object made here belongs to O(scope). What a scope made and does not name any more is removed,
    unless O(prune=false). What others made is never changed and never removed. Volumes are only ever removed by
    C(state: absent)."
  - "Adoption: a container, network or volume that is named here and that no scope owns is used. Where it already is
    as declared, it is not touched, not even restarted, and still has no owner: taken out of the document, it stays.
    Where it has to be made anew it becomes the scope's."
  - "Replacement: a container that cannot be changed in place is replaced. The new one is created beside the old
    one, started, and watched until it is healthy, or has run for O(monitor) seconds where there is no health check.
    Only then is the old one removed. Where anything fails, the old one runs again, and the task fails with the
    engine's words and the last lines of the new one's log. Limits of memory, CPU and processes, restart policies
    and networks are changed in place."
  - "A run that was killed half way is finished or undone by the next one."
  - "Mistakes in the document are found before anything is changed, all of them at once, each with its path."
extends_documentation_fragment:
  - stowage.docker.options
  - stowage.docker.options.lock
  - stowage.docker.options.registries
  - stowage.docker.options.waiting
  - stowage.docker.attributes
  - stowage.docker.attributes.actiongroup_docker
options:
  scope:
    description:
      - The owner of all objects in the document. Objects of another scope are refused, not taken over.
      - 1 to 63 lower-case letters, digits, C(_), C(.) and C(-).
    type: str
    default: host
  prune:
    description:
      - Remove containers and networks of this scope, and images that it built, that the document does not name.
        Volumes stay.
    type: bool
    default: true
  images:
    description:
      - Images with their names as keys, as in C(shop/web:3), and how to come by them. An image that only containers
        name needs no entry; it is pulled according to the container's C(pull_policy).
      - "C(pull): V(missing) (default) pulls an image the host does not have; V(always) asks the registry for the
        digest and pulls only when it differs; V(never) fails where the image is missing."
      - "C(build): builds it; keys as in the option O(stowage.docker.image#module:build) of M(stowage.docker.image).
        It runs only when the content hash of context, Dockerfile and options changed."
      - "C(load): loads an archive made by C(docker save); keys C(path) and C(remote_src), as in
        O(stowage.docker.image#module:load)."
      - "C(tag_of): gives another image of the host this name, too."
      - "C(platform): as in V(linux/arm64). C(push): V(true) pushes the image when the registry has another one."
      - "C(state): V(present) (default) or V(absent)."
      - C(build), C(load), C(tag_of) and C(pull) exclude each other.
    type: dict
  networks:
    description:
      - Networks with their names as keys. An empty value is a bridge network with the engine's defaults.
      - "Keys, as in compose files: C(name), C(driver) (V(bridge)), C(driver_opts), C(attachable), C(internal),
        C(enable_ipv4), C(enable_ipv6), C(ipam) (C(driver), C(options), and C(config), a list of C(subnet),
        C(ip_range), C(gateway), C(aux_addresses)), C(labels), C(external); and the engine's C(ingress), C(scope),
        C(config_only), C(config_from); and C(state)."
      - A network whose options changed is made anew; its containers are reconnected with their addresses and
        aliases.
      - An C(external) network is used as it is and never changed.
    type: dict
  volumes:
    description:
      - Volumes with their names as keys. An empty value is a volume of the driver C(local).
      - "Keys, as in compose files: C(name), C(driver), C(driver_opts), C(labels), C(external); and C(state) and
        C(recreate)."
      - A volume's options cannot be changed. Where they differ, the task fails and says what to do, unless
        C(recreate) is V(true), which B(removes the volume with its data).
    type: dict
  containers:
    description:
      - Containers with their names as keys. The values are services of the compose specification; every key that
        has a counterpart in the Engine API is supported, short and long syntax alike. M(stowage.docker.container)
        lists them with types and defaults; the names that C(community.docker.docker_container) has for them are
        accepted, too. Nothing is interpolated; what a compose file writes as C($$) is a single C($) here.
      - "Beyond those: C(depends_on) with its conditions, in both syntaxes, between containers of this document;
        C(scale) and C(deploy.replicas), which make C(web-1), C(web-2) and so on of C(web); C(container_name)."
      - "C(state): V(started) (default), V(present) (exists as declared; whether it runs is left as it is),
        V(stopped), V(restarted) (restarted on every run) or V(absent)."
      - "A container with C(state) and no key besides is one that is there already, in this scope or in none: only its
        state is changed, and the rest is left as it is. Where it is not there, the document is refused."
      - "C(recreate): V(true) replaces the container on every run. C(remove_volumes): V(true) lets anonymous volumes
        go with a container that is V(absent)."
      - A named volume or network that the document declares is meant by its key in there. Any other has to exist.
    type: dict
  stacks:
    description:
      - Compose projects with their names as keys, planned and carried out together with the rest. The values are
        options of M(stowage.docker.stack), such as C(src) and C(env).
      - Each is a scope of its own. A stack that is not named any more stays; C(state) V(absent) removes it.
      - A task that declares stacks and nothing besides leaves what O(scope) owns alone.
      - A network or volume that one stack, or this document, makes is used by another as C(external).
    type: dict
seealso:
  - module: stowage.docker.stack
  - module: stowage.docker.container
  - module: stowage.docker.image
  - module: stowage.docker.host_info
"""

EXAMPLES = r"""
- name: Run a small shop
  stowage.docker.host:
    scope: shop
    registries:
      registry.example.net:
        username: ci
        password: "{{ vault_registry_password }}"
    images:
      shop-web:3:
        build:
          context: files/web
          args:
            VERSION: "3"
    networks:
      edge: {}
      inner:
        internal: true
    volumes:
      data: {}
    containers:
      db:
        image: registry.example.net/postgres:16
        environment:
          POSTGRES_PASSWORD: "{{ vault_db_password }}"
        volumes: ["data:/var/lib/postgresql/data"]
        networks: [inner]
        mem_limit: 512m
        healthcheck:
          test: [CMD, pg_isready, -U, postgres]
          interval: 2s
        restart: unless-stopped
      web:
        image: shop-web:3
        environment:
          MODE: live
        ports: ["127.0.0.1:8080:80"]
        networks: [edge, inner]
        healthcheck:
          test: [CMD, wget, -qO-, "http://127.0.0.1/"]
          interval: 2s
        depends_on:
          db:
            condition: service_healthy
        deploy:
          update_config:
            order: start-first
        restart: unless-stopped

- name: See what would be done, and why
  stowage.docker.host:
    scope: shop
    containers: "{{ shop_containers }}"
  check_mode: true
  diff: true
  register: shop

- name: Print the plan
  ansible.builtin.debug:
    var: shop.plan

- name: Remove everything the scope made, except volumes
  stowage.docker.host:
    scope: shop

- name: Remove one container with its anonymous volumes, and a volume with its data
  stowage.docker.host:
    scope: shop
    prune: false
    containers:
      db:
        state: absent
        remove_volumes: true
    volumes:
      data:
        state: absent

- name: Set how the engine is reached for all tasks of a block
  module_defaults:
    group/stowage.docker.docker:
      docker_host: tcp://192.0.2.23:2376
      validate_certs: true
      ca_path: /etc/docker/ca.pem
  block:
    - name: Declare two caches
      stowage.docker.host:
        scope: cache
        containers:
          cache:
            image: valkey:8
            scale: 2
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
      description: Where it is, as in V($.containers.web.ports[0]).
      type: str
    message:
      description: What is wrong.
      type: str
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
stacks:
  description: The declared stacks as they are now, by name, as RV(stowage.docker.stack_info#module:stacks) has them.
  returned: success
  type: dict
"""

from ansible_collections.stowage.docker.plugins.module_utils.bridge import run_module


def main() -> None:
    run_module("host")


if __name__ == "__main__":
    main()
