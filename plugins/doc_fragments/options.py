# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # How the engine is reached.
    DOCUMENTATION = r"""
options:
  docker_host:
    description:
      - Where the engine listens, as seen from the managed host.
      - One of V(unix:///path), V(tcp://host:port), V(https://host:port) and V(ssh://user@host). For the last one
        the managed host needs paramiko, a key or an agent, and the far side's host key in C(known_hosts).
      - When not set, the environment variable E(DOCKER_HOST) of the managed host is used, and else
        V(unix:///var/run/docker.sock).
    type: str
    aliases: [docker_url]
  tls:
    description:
      - Speak TLS without checking who answers. O(validate_certs) wins where both are set.
      - When not set, the environment variable E(DOCKER_TLS) is used.
    type: bool
  validate_certs:
    description:
      - Speak TLS and check the engine's certificate.
      - When not set, the environment variable E(DOCKER_TLS_VERIFY) is used.
    type: bool
    aliases: [tls_verify]
  ca_path:
    description:
      - File with the authorities to check the engine's certificate against, on the managed host.
      - When no TLS option is set, C(ca.pem) in the folder E(DOCKER_CERT_PATH) is used.
    type: path
    aliases: [ca_cert, tls_ca_cert, cacert_path]
  client_cert:
    description:
      - File with the client's certificate, on the managed host.
      - When no TLS option is set, C(cert.pem) in the folder E(DOCKER_CERT_PATH) is used.
    type: path
    aliases: [tls_client_cert, cert_path]
  client_key:
    description:
      - File with the client's key, on the managed host.
      - When no TLS option is set, C(key.pem) in the folder E(DOCKER_CERT_PATH) is used.
    type: path
    aliases: [tls_client_key, key_path]
  tls_hostname:
    description:
      - The name to expect in the engine's certificate in place of the host's.
      - When no TLS option is set, the environment variable E(DOCKER_TLS_HOSTNAME) is used.
    type: str
  timeout:
    description:
      - Seconds to wait for an answer of the engine. Pulls, builds and loads may take longer as long as they go on.
      - V(60) when not set.
    type: float
requirements:
  - Python 3.9 or newer on the managed host; nothing else, neither packages nor the docker command.
  - Docker Engine 20.10 (API 1.41) or newer.
notes:
  - The user that the task runs as needs access to the engine's socket, as root or through the group C(docker).
  - Compiled code is kept in C(/var/cache/stowage), or for users other than root in C(~/.cache/stowage), readable by its
    owner alone. It may be removed at any time.
  - The variables C(DOCKER_HOST), C(DOCKER_TLS), C(DOCKER_TLS_VERIFY), C(DOCKER_CERT_PATH) and C(DOCKER_TLS_HOSTNAME)
    are those of the managed host; the task's C(environment) sets them as well.
"""

    # Who waits for whom.
    LOCK = r"""
options:
  lock_timeout:
    description:
      - Seconds to wait while another run works on the same engine. When they are over, the task fails and
        nothing was changed.
    type: float
    default: 60.0
"""

    WAITING = r"""
options:
  wait:
    description:
      - Wait until each container that was started is healthy, or runs where it has no health check. One that runs
        already is waited for where its health check does not pass, so that a failed run does not succeed when repeated.
      - A replacement is always proven before the container it replaces is removed, whatever is set here.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait for a container to become healthy before its start counts as failed.
    type: float
    default: 300.0
    aliases: [healthy_wait_timeout]
  monitor:
    description:
      - Seconds a replacement without a health check has to stay up before the container it replaces is removed.
      - A container that replaces nothing is watched for 0.3 seconds after its start (not at all with V(0)).
    type: float
    default: 2.0
"""

    REGISTRIES = r"""
options:
  registries:
    description:
      - Logins for this task, with the registry's host as key, as in C(registry.example.net:5000), and the keys
        C(username) and C(password), or C(identity_token).
      - They are used for pulls, pushes and questions to the registry, and are kept nowhere.
      - For a registry that is not named here, the login is taken from the docker configuration of the user the
        task runs as, credential helpers included.
    type: dict
"""

    OBJECT_SCOPE = r"""
options:
  scope:
    description:
      - The owner the object is labelled with, in C(io.stowage.scope).
      - The default is a scope of its own for objects declared one by one, so that a declaration with
        M(stowage.docker.host) never removes them. Nothing is ever removed from here but what the task names.
    type: str
    default: object
"""
