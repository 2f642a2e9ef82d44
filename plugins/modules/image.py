#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image
short_description: Declare one image
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Declares one image by name, and how to come by it - pull, build, load or tag - through the same planner as
    M(stowage.docker.host).
  - "Pulls: O(pull=always) asks the registry for the digest and pulls only where it differs. Check mode tells the
    truth."
  - "Builds: a build runs only when something that goes into the image changed. The content hash covers the files of
    the context that C(.dockerignore) leaves in (paths, content, links, the executable bit), the Dockerfile, and the
    options of O(build). It is kept in the image's label C(io.stowage.context). Owners and times do not count; in
    the context that is sent, owner and group are root, and modes are reduced to 0755 and 0644, so that the same
    files give the same image wherever they were checked out."
  - "Loads: an archive is loaded only where the host lacks its layers or its name."
  - Containers that run an older image of that name are not touched; declare them to have them replaced.
extends_documentation_fragment:
  - stowage.docker.options
  - stowage.docker.options.lock
  - stowage.docker.options.object_scope
  - stowage.docker.options.registries
  - stowage.docker.attributes
  - stowage.docker.attributes.actiongroup_docker
options:
  name:
    description: The image's name, as in V(shop/web:3) or V(registry.example.net/web@sha256:…). V(latest) without a
      tag.
    type: str
    required: true
  tag:
    description: The tag, where O(name) has none.
    type: str
  state:
    description:
      - "V(present): there, by this name, as declared."
      - "V(absent): the name is removed, and the image with it when that was its last name. Refused while containers
        use it."
    type: str
    default: present
    choices: [present, absent]
  pull:
    description:
      - "V(missing): pull it when the host does not have it. V(always): when the registry has another one.
        V(never): fail when it is missing. V(missing) when not set."
      - C(community.docker)'s V(true), V(false) and V(not_present) mean V(always), V(missing) and V(missing); its
        mapping with C(platform) sets O(platform).
    type: raw
  platform:
    description: The platform, as in V(linux/arm64). The engine's own when not set.
    type: str
  build:
    description: Build it. Keys are those of C(build) in compose files.
    type: dict
    suboptions:
      context:
        description:
          - The folder with the sources, on the controller, or with O(build.remote_src) on the managed host.
          - On the controller a relative path is looked for as M(ansible.builtin.copy) looks for its
            O(ansible.builtin.copy#module:src).
          - C(.dockerignore), or C(<Dockerfile>.dockerignore), is honoured as docker does it.
        type: str
        aliases: [path]
      dockerfile:
        description: The Dockerfile, relative to the context; it may lie outside. C(Dockerfile) when not set.
        type: str
      dockerfile_inline:
        description: The text of the Dockerfile, in place of a file.
        type: str
      args:
        description: Build arguments, as a mapping or as a list of C(NAME=value). Values appear nowhere in the
          output.
        type: raw
      labels:
        description: Labels of the image, as a mapping or as a list of C(name=value).
        type: raw
      target:
        description: The stage to build.
        type: str
      network:
        description: The network of C(RUN) steps.
        type: str
      cache_from:
        description: Images whose layers may be used again.
        type: list
        elements: str
      cache_to:
        description: Where to write the cache. Needs O(build.builder=buildkit).
        type: list
        elements: str
      extra_hosts:
        description: Lines for C(/etc/hosts) in C(RUN) steps, as a list of C(host=address) or a mapping.
        type: raw
        aliases: [etc_hosts]
      shm_size:
        description: Size of C(/dev/shm) in C(RUN) steps.
        type: str
      no_cache:
        description: Use no layers built before. This does not make a build run that has nothing to do.
        type: bool
        aliases: [nocache]
      pull:
        description: Ask the registries for newer base images when a build runs.
        type: bool
      isolation:
        description: V(default); others exist on Windows only.
        type: str
      ulimits:
        description: Limits in C(RUN) steps.
        type: dict
      secrets:
        description: Secrets for C(RUN --mount=type=secret), from files of the managed host. Needs
          O(build.builder=buildkit).
        type: list
        elements: raw
      ssh:
        description: Agents for C(RUN --mount=type=ssh). Needs O(build.builder=buildkit).
        type: raw
      tags:
        description: More names for the image.
        type: list
        elements: str
      platforms:
        description: Platforms to build for. Needs O(build.builder=buildkit).
        type: list
        elements: str
      privileged:
        description: Build with all privileges. Needs O(build.builder=buildkit).
        type: bool
      additional_contexts:
        description: More contexts by name; folders are the managed host's. Needs O(build.builder=buildkit).
        type: raw
      entitlements:
        description: What the build is allowed beyond the usual. Needs O(build.builder=buildkit).
        type: list
        elements: str
      builder:
        description:
          - V(classic) builds through the Engine API and needs nothing on the host. V(buildkit) runs C(docker
            buildx) of the managed host.
          - V(classic) when not set.
        type: str
        choices: [classic, buildkit]
      remote_src:
        description: The context is a folder of the managed host.
        type: bool
        default: false
  load:
    description: Load it from an archive made by C(docker save), plain or compressed.
    type: dict
    suboptions:
      path:
        description: The archive, on the controller, or with O(load.remote_src) on the managed host.
        type: str
        required: true
      remote_src:
        description: The archive is a file of the managed host.
        type: bool
        default: false
  load_path:
    description: C(community.docker.docker_image)'s form of O(load.path), on the controller here.
    type: str
  tag_of:
    description: Another image of the host, which is to have this name, too.
    type: str
  push:
    description: Push the image when the registry does not have this one. V(false) when not set.
    type: bool
  source:
    description:
      - C(community.docker.docker_image)'s word for where the image comes from. Nothing is gained by setting it; it
        is checked against the other options. V(local) means O(pull=never).
    type: str
    choices: [build, load, pull, local]
seealso:
  - module: stowage.docker.host
"""

EXAMPLES = r"""
- name: Pull an image when the registry has a newer one
  stowage.docker.image:
    name: nginx:1.27
    pull: always

- name: Build an image from files on the controller
  stowage.docker.image:
    name: registry.example.net/shop/web:3
    build:
      context: files/web
      args:
        VERSION: "3"
    push: true
    registries:
      registry.example.net:
        username: ci
        password: "{{ vault_registry_password }}"

- name: Build an image without a Dockerfile of its own
  stowage.docker.image:
    name: hello:1
    build:
      context: files/hello
      dockerfile_inline: |
        FROM busybox
        COPY hello.txt /www/
        CMD ["httpd", "-f", "-h", "/www"]

- name: Load an image on a host without a way to a registry
  stowage.docker.image:
    name: shop/web:3
    load:
      path: files/shop-web-3.tar

- name: Give an image a second name
  stowage.docker.image:
    name: shop/web:stable
    tag_of: shop/web:3

- name: Remove an image
  stowage.docker.image:
    name: shop/web:2
    state: absent
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
image:
  description: The image as it is now. Empty with O(state=absent).
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
"""

from ansible_collections.stowage.docker.plugins.module_utils.bridge import run_module


def main() -> None:
    run_module("image")


if __name__ == "__main__":
    main()
