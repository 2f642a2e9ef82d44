#!/bin/sh
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
# What every test host has beyond debootstrap: the machine's way to the mirror, ssh for root, a second
# user with sudo. Runs in a container of the fresh system; /recipe holds the files the build put there.
set -eu

install -D -m 644 /recipe/sources /etc/apt/sources.list.d/debian.sources
rm -f /etc/apt/sources.list
install -D -m 644 /recipe/apt.conf /etc/apt/apt.conf.d/90test-host
if ls /recipe/certificates/*.crt >/dev/null 2>&1; then
    cp /recipe/certificates/*.crt /usr/local/share/ca-certificates/
    update-ca-certificates >/dev/null
fi

# Speed of package installs inside: a test host's disk need not survive a power cut.
echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/test-host

cat >/etc/ssh/sshd_config.d/test-host.conf <<CONF
PermitRootLogin prohibit-password
PasswordAuthentication no
UseDNS no
# One file for root and deploy, put there with the host.
AuthorizedKeysFile /etc/ssh/authorized_keys .ssh/authorized_keys
MaxSessions 100
MaxStartups 100
CONF
# Host keys and the user's key come with each host, never with the image.
rm -f /etc/ssh/ssh_host_*

useradd --create-home --shell /bin/bash deploy
echo 'deploy ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/deploy

install -m 755 /recipe/test-host-init /usr/local/sbin/test-host-init
