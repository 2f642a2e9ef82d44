#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container
short_description: Declare one container
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Declares one container and converges the host to it, in one round trip, through the same planner as
    M(stowage.docker.host).
  - Options are the keys of a service of the compose specification, in all their syntaxes, long and short. The names
    that C(community.docker.docker_container) has for them are aliases, or options of their own where the form
    differs. Those that have no counterpart are refused with the reason, unless they ask for what is done anyway, as
    C(detach=true) does.
  - Nothing is interpolated. What a compose file writes as C($$) is a single C($) here.
  - "The declaration is the whole truth about the container: what is taken out of the task, a port, a label, a
    mount, a variable, is taken out of the container. An option that is not set means the image's value, or the
    engine's default."
  - "A container that cannot be changed in place is replaced: the new one is created beside the old one, started,
    and watched until it is healthy, or has run for O(monitor) seconds where there is no health check; only then is
    the old one removed. Where anything fails, the old one runs again. Anonymous volumes move along. Limits of
    memory, CPU and processes, the restart policy and networks are changed in place."
  - "A container of that exact name that was made by others is adopted. Where it already is as declared, it is not
    touched, not even restarted. One that another scope owns is refused."
  - C(--check) lists the very operations the next run carries out. What a task before this one would make, a network
    for example, is not there in check mode, and is missed; M(stowage.docker.host) plans them together.
  - For more than one container on a host, M(stowage.docker.host) takes them all in one task, plans them together,
    and knows C(depends_on), C(scale) and what is not declared any more.
extends_documentation_fragment:
  - stowage.docker.options
  - stowage.docker.options.lock
  - stowage.docker.options.object_scope
  - stowage.docker.options.registries
  - stowage.docker.options.waiting
  - stowage.docker.attributes
  - stowage.docker.attributes.actiongroup_docker
options:
  name:
    description:
      - The container's name. It is matched exactly, never as the beginning of an id.
    type: str
    required: true
  state:
    description:
      - "V(started): exists as declared and runs."
      - "V(present): exists as declared. Whether it runs is left as it is; a new one is created and not started."
      - "V(stopped): exists as declared and does not run."
      - "V(restarted): exists as declared, runs, and is restarted on every run."
      - "V(absent): is stopped and removed."
      - "V(healthy): V(started) with O(wait=true)."
    type: str
    default: started
    choices: [present, started, stopped, restarted, absent, healthy]
  recreate:
    description:
      - Replace the container on every run, changed or not.
    type: bool
    default: false
  remove_volumes:
    description:
      - With O(state=absent), remove its anonymous volumes, too. Named volumes stay.
      - V(false) when not set.
    type: bool
  image:
    description:
      - The image, as in V(nginx:1.27) or V(registry.example.net/web@sha256:…). Needed unless O(state=absent), or
        nothing but O(state) is declared.
      - "Without any option of the container beside O(state), the task is about the state of a container that is
        there already: it is started, stopped or restarted, and never compared, replaced or made. Where it is not
        there, the task fails. One that a scope owns needs that O(scope)."
    type: str
  pull_policy:
    description:
      - V(missing) pulls an image the host does not have. V(always) asks the registry for the digest and pulls only
        where it differs, so that check mode tells the truth. V(never) fails where the image is missing.
      - V(missing) when not set. V(true) and V(false) mean V(always) and V(missing).
    type: raw
    aliases: [pull]
  platform:
    description:
      - The image's platform, as in V(linux/arm64). The engine's own when not set.
    type: str
  command:
    description:
      - The command, in place of the image's. A list of words, or a line that is split as a shell splits it; no
        shell runs it.
    type: raw
  entrypoint:
    description:
      - The entry point, in place of the image's; a list, or a line that is split. An empty list takes the image's
        away.
    type: raw
  environment:
    description:
      - Variables, as a mapping or as a list of C(NAME=value). Those of the image stay unless they are set here; a
        name with an empty value in the mapping takes one away.
      - Values never appear in plans, diffs, results or logs.
    type: raw
    aliases: [env]
  user:
    description:
      - The user, and after a colon the group, by name or number. The image's when not set.
    type: str
  group_add:
    description:
      - More groups for the user, by name or number.
    type: list
    elements: str
    aliases: [groups]
  working_dir:
    description:
      - The working folder, an absolute path in the container. The image's when not set.
    type: str
  hostname:
    description:
      - The host name inside. The beginning of the container's id when not set.
    type: str
  domainname:
    description:
      - The domain name inside.
    type: str
  tty:
    description:
      - Give it a terminal. V(false) when not set.
    type: bool
  stdin_open:
    description:
      - Keep its input open. V(false) when not set.
    type: bool
    aliases: [interactive]
  init:
    description:
      - Run an init process as PID 1, which reaps children and passes signals on. The engine's setting when not set.
    type: bool
  labels:
    description:
      - Labels, as a mapping or as a list of C(name=value). Those of the image stay. Names that begin with
        C(io.stowage.) are kept for book-keeping.
    type: raw
  annotations:
    description:
      - Annotations for the runtime, as a mapping or as a list of C(name=value). Engine 24 (API 1.43) or newer.
    type: raw
  ports:
    description:
      - "Ports to publish. Short: C([address:][published:]target[/protocol]), with ranges as in V(8000-8010:80-90).
        Long: a mapping of C(target), C(published), C(host_ip), C(protocol) and C(mode)."
      - Without an address the port is open on all of the host's. Without a published port the engine picks one.
    type: list
    elements: raw
    aliases: [publish, published_ports]
  expose:
    description:
      - Ports to expose to other containers only, as in V(80) or V(53/udp).
    type: list
    elements: str
    aliases: [exposed, exposed_ports]
  networks:
    description:
      - "Networks to connect to: a list of names, or a mapping with the network as key and, as value, C(aliases),
        C(ipv4_address), C(ipv6_address), C(link_local_ips), C(mac_address), C(driver_opts), C(priority),
        C(gw_priority), C(interface_name). A list of mappings with a C(name) each is accepted, too."
      - The networks have to exist; M(stowage.docker.network) declares one. A network that is not named any more is
        disconnected.
      - The network C(bridge) when neither this nor O(network_mode) is set.
    type: raw
  network_mode:
    description:
      - V(bridge), V(host), V(none) or V(container:NAME), in place of O(networks). The name of one of those
        O(networks) beside them means nothing more.
    type: str
  mac_address:
    description:
      - The hardware address on the first network.
    type: str
  dns:
    description:
      - Name servers. The host's when not set.
    type: list
    elements: str
    aliases: [dns_servers]
  dns_search:
    description:
      - Domains to search.
    type: list
    elements: str
    aliases: [dns_search_domains]
  dns_opt:
    description:
      - Options of the resolver, as in V(ndots:2).
    type: list
    elements: str
    aliases: [dns_opts]
  extra_hosts:
    description:
      - "Lines for C(/etc/hosts): a list of C(host=address), or a mapping. V(host-gateway) stands for the host."
    type: raw
    aliases: [etc_hosts]
  links:
    description:
      - Links of the old kind, C(container:alias), on the default network. On networks of your own use aliases.
    type: list
    elements: str
  external_links:
    description:
      - As O(links).
    type: list
    elements: str
  volumes:
    description:
      - "Mounts. Short: C([source:]target[:options]), where a source with a leading C(/) is a path on the host, any
        other the name of a volume, and options are C(ro), C(rw), C(z), C(Z), C(nocopy) and those of propagation."
      - "Long: a mapping of C(type) (V(bind), V(volume), V(tmpfs), V(image), V(cluster), V(npipe)), C(source),
        C(target), C(read_only), and a section named after the type: C(bind) with C(propagation),
        C(create_host_path), C(selinux), C(recursive); C(volume) with C(nocopy), C(labels), C(subpath); C(tmpfs)
        with C(size), C(mode); C(image) with C(subpath)."
      - Paths on the host are absolute. A target without a source is an anonymous volume.
      - A volume that is named and does not exist is made, with the driver C(local), as C(docker run) does; the plan
        lists it, and it belongs to O(scope). It stays when the container goes. M(stowage.docker.volume) declares one
        with a driver and options. M(stowage.docker.host) makes only volumes that its document declares.
    type: list
    elements: raw
  volumes_from:
    description:
      - Containers to share mounts with, C(NAME) or C(NAME:ro).
    type: list
    elements: str
  tmpfs:
    description:
      - Paths for file systems in memory, one or a list, as in V(/run) or V(/run:size=64m,mode=1777).
    type: raw
  devices:
    description:
      - "Devices of the host: C(source[:target[:permissions]]), a mapping of C(source), C(target) and
        C(permissions), or a name of the Container Device Interface, as in V(vendor.example/gpu=all)."
    type: list
    elements: raw
  device_cgroup_rules:
    description:
      - Rules of the device cgroup, as in V(c 1:3 rwm).
    type: list
    elements: str
  gpus:
    description:
      - V(all), or a list of mappings with C(driver), C(count), C(device_ids), C(capabilities) and C(options).
    type: raw
  read_only:
    description:
      - Mount the root file system read-only. V(false) when not set.
    type: bool
  shm_size:
    description:
      - Size of C(/dev/shm), as in V(64m). The engine's when not set.
    type: str
  storage_opt:
    description:
      - "Options of the storage driver, as in V(size: 10G)."
    type: dict
    aliases: [storage_opts]
  cap_add:
    description:
      - Capabilities to add, as in V(NET_ADMIN); V(ALL) for all.
    type: list
    elements: str
    aliases: [capabilities]
  cap_drop:
    description:
      - Capabilities to take away; V(ALL) for all.
    type: list
    elements: str
  privileged:
    description:
      - All capabilities and all devices, no confinement. V(false) when not set.
    type: bool
  security_opt:
    description:
      - Options such as V(no-new-privileges:true), V(seccomp=unconfined), V(label=disable).
    type: list
    elements: str
    aliases: [security_opts]
  userns_mode:
    description:
      - V(host) leaves the user namespace the engine is set up with.
    type: str
  sysctls:
    description:
      - Kernel parameters inside, as a mapping or as a list of C(name=value).
    type: raw
  ulimits:
    description:
      - Limits, as a mapping with one number or C(soft) and C(hard) for each. A list of V(nofile:1024:2048) is
        accepted, too.
    type: raw
  cgroup:
    description:
      - The cgroup namespace, V(host) or V(private). The engine's default when not set.
    type: str
    aliases: [cgroupns_mode]
  cgroup_parent:
    description:
      - The cgroup to be in.
    type: str
  ipc:
    description:
      - V(private), V(shareable), V(none), V(host) or V(container:NAME).
    type: str
    aliases: [ipc_mode]
  pid:
    description:
      - V(host) or V(container:NAME); a namespace of its own when not set.
    type: str
    aliases: [pid_mode]
  uts:
    description:
      - V(host); a namespace of its own when not set.
    type: str
  isolation:
    description:
      - V(default); others exist on Windows only.
    type: str
  runtime:
    description:
      - The OCI runtime, as set up for the engine. Its default when not set.
    type: str
  mem_limit:
    description:
      - Memory, as in V(512m); at least 6m. No limit when not set. Changed in place.
    type: str
    aliases: [memory]
  mem_reservation:
    description:
      - Memory it is held to when the host runs short. Changed in place.
    type: str
    aliases: [memory_reservation]
  memswap_limit:
    description:
      - Memory and swap together; V(-1) for no limit. Changed in place.
    type: str
    aliases: [memory_swap]
  mem_swappiness:
    description:
      - 0 to 100; the host's when not set.
    type: int
    aliases: [memory_swappiness]
  oom_kill_disable:
    description:
      - Do not kill it when memory runs out. V(false) when not set.
    type: bool
    aliases: [oom_killer]
  oom_score_adj:
    description:
      - "-1000 to 1000: how gladly the kernel kills it."
    type: int
  pids_limit:
    description:
      - How many processes it may have; V(-1) for no limit. Changed in place.
    type: int
  cpus:
    description:
      - How many CPUs' time it may use, as in V(1.5). No limit when not set. Changed in place.
    type: float
  cpuset:
    description:
      - CPUs it may run on, as in V(0-2,4). Changed in place.
    type: str
    aliases: [cpuset_cpus]
  cpu_shares:
    description:
      - Weight against others; the engine's default is 1024. Changed in place.
    type: int
  cpu_period:
    description:
      - Period of the CPU quota, in microseconds.
    type: int
  cpu_quota:
    description:
      - CPU time per period, in microseconds.
    type: int
  cpu_rt_period:
    description:
      - Period of the real-time scheduler, in microseconds.
    type: int
  cpu_rt_runtime:
    description:
      - Real-time CPU time per period, in microseconds.
    type: int
  cpu_count:
    description:
      - Number of CPUs, on Windows.
    type: int
  cpu_percent:
    description:
      - Share of CPU time, on Windows.
    type: float
  blkio_config:
    description:
      - "Block I/O: C(weight) (10 to 1000), C(weight_device), a list of C(path) and C(weight), and
        C(device_read_bps), C(device_write_bps), C(device_read_iops) and C(device_write_iops), lists of C(path) and
        C(rate)."
    type: dict
  healthcheck:
    description:
      - "The health check, in place of the image's: C(test) (a list that begins with V(CMD), V(CMD-SHELL) or
        V(NONE), or a line for the shell), C(interval), C(timeout), C(start_period), C(start_interval) (durations,
        as in V(1m30s)), C(retries), and C(disable)."
      - It gates replacements and starts.
    type: dict
  restart:
    description:
      - V(no), V(always), V(unless-stopped), V(on-failure) or V(on-failure:RETRIES). V(no) when not set. Changed in
        place.
      - Where V(no) or V(on-failure) is set here, a container that ended with code 0 has done its work and is left
        alone. One for which this is not set is meant to run, and is started again by the next run.
    type: str
    aliases: [restart_policy]
  stop_signal:
    description:
      - The signal that asks it to stop. The image's, or V(SIGTERM), when not set.
    type: str
  stop_grace_period:
    description:
      - How long to wait before it is killed, as in V(30s). The engine's default is 10s.
    type: str
  logging:
    description:
      - C(driver) and C(options) of its log. The engine's default when not set.
    type: dict
  post_start:
    description:
      - "Commands to run in the container after it started: C(command), C(user), C(privileged), C(working_dir),
        C(environment)."
    type: list
    elements: dict
  pre_stop:
    description:
      - Commands to run in the container before it is stopped, also when it is replaced; keys as in O(post_start).
    type: list
    elements: dict
  deploy:
    description:
      - "Of compose's section: C(resources.limits) (C(cpus), C(memory), C(pids)), C(resources.reservations)
        (C(memory), C(devices)), C(restart_policy), and C(update_config) with C(order) (V(stop-first) or
        V(start-first)), C(monitor), C(failure_action)."
      - Containers that publish a fixed port, have a fixed address or use the host's network are replaced
        V(stop-first) whatever is set, since two cannot have the same.
    type: dict
  blkio_weight:
    description:
      - C(docker_container)'s form of C(blkio_config.weight).
    type: int
  device_read_bps:
    description:
      - "C(docker_container)'s form of C(blkio_config.device_read_bps): C(path) and C(rate), bytes per second to
        read."
    type: list
    elements: dict
  device_read_iops:
    description:
      - "C(docker_container)'s form of C(blkio_config.device_read_iops): C(path) and C(rate), operations per second
        to read."
    type: list
    elements: dict
  device_write_bps:
    description:
      - "C(docker_container)'s form of C(blkio_config.device_write_bps): C(path) and C(rate), bytes per second to
        write."
    type: list
    elements: dict
  device_write_iops:
    description:
      - "C(docker_container)'s form of C(blkio_config.device_write_iops): C(path) and C(rate), operations per second
        to write."
    type: list
    elements: dict
  device_requests:
    description:
      - C(docker_container)'s form of C(deploy.resources.reservations.devices).
    type: list
    elements: dict
  keep_volumes:
    description:
      - C(docker_container)'s form of O(remove_volumes), the other way round.
    type: bool
  log_driver:
    description:
      - C(docker_container)'s form of C(logging.driver).
    type: str
  log_options:
    description:
      - C(docker_container)'s form of C(logging.options).
    type: dict
    aliases: [log_opt]
  mounts:
    description:
      - "C(docker_container)'s form of mounts: C(target), C(source), C(type), C(read_only), C(propagation),
        C(no_copy), C(labels), C(subpath), C(tmpfs_size), C(tmpfs_mode), C(create_mountpoint), C(non_recursive).
        They are added to O(volumes)."
    type: list
    elements: dict
  restart_retries:
    description:
      - C(docker_container)'s form of the number in C(on-failure:RETRIES).
    type: int
  stop_timeout:
    description:
      - C(docker_container)'s form of O(stop_grace_period), in seconds.
    type: int
seealso:
  - module: stowage.docker.host
  - module: stowage.docker.network
  - module: stowage.docker.volume
"""

EXAMPLES = r"""
- name: Run a web server
  stowage.docker.container:
    name: web
    image: nginx:1.27
    ports:
      - "127.0.0.1:8080:80"
    volumes:
      - /srv/www:/usr/share/nginx/html:ro
    environment:
      TZ: Europe/Berlin
    mem_limit: 128m
    restart: unless-stopped
    healthcheck:
      test: [CMD, curl, -fsS, "http://127.0.0.1/"]
      interval: 5s

- name: Give it more memory, which does not even restart it
  stowage.docker.container:
    name: web
    image: nginx:1.27
    ports:
      - "127.0.0.1:8080:80"
    volumes:
      - /srv/www:/usr/share/nginx/html:ro
    environment:
      TZ: Europe/Berlin
    mem_limit: 256m
    restart: unless-stopped
    healthcheck:
      test: [CMD, curl, -fsS, "http://127.0.0.1/"]
      interval: 5s

- name: A database on a network of its own, with a fixed address
  stowage.docker.container:
    name: db
    image: registry.example.net/postgres:16
    registries:
      registry.example.net:
        username: ci
        password: "{{ vault_registry_password }}"
    networks:
      inner:
        ipv4_address: 172.30.0.10
        aliases: [database]
    volumes:
      - db-data:/var/lib/postgresql/data
    environment:
      POSTGRES_PASSWORD: "{{ vault_db_password }}"
    stop_grace_period: 1m

- name: The words of community.docker.docker_container are understood
  stowage.docker.container:
    name: cache
    image: valkey:8
    env:
      MODE: cache
    published_ports:
      - "6379:6379"
    restart_policy: unless-stopped
    memory: 64m
    log_driver: json-file
    log_options:
      max-size: 10m
    ulimits:
      - nofile:1024:2048

- name: Show what would be done to a container, and why
  stowage.docker.container:
    name: cache
    image: valkey:8
  check_mode: true
  diff: true

- name: Stop a container that is there, and change nothing else of it
  stowage.docker.container:
    name: cache
    state: stopped

- name: Remove a container with its anonymous volumes
  stowage.docker.container:
    name: cache
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
      description: Where it is, as in V($.containers.web.ports[0]).
      type: str
    message:
      description: What is wrong.
      type: str
container:
  description: The container as it is now. Empty with O(state=absent).
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
"""

from ansible_collections.stowage.docker.plugins.module_utils.bridge import run_module


def main() -> None:
    run_module("container")


if __name__ == "__main__":
    main()
