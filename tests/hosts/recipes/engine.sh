#!/bin/sh
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
# The registry is there for the tests that want one; it is started by them.
set -eu
systemctl disable --quiet docker-registry.service
systemctl enable --quiet docker.service docker.socket containerd.service
