#!/bin/sh
# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
# systemd as PID 1, without what a container has no use for: every unit left out is boot time saved.
set -eu

systemctl mask --quiet \
    systemd-udevd.service systemd-udev-trigger.service systemd-udevd-control.socket systemd-udevd-kernel.socket \
    systemd-logind.service systemd-timesyncd.service systemd-resolved.service systemd-networkd.service \
    systemd-modules-load.service systemd-sysctl.service systemd-firstboot.service systemd-hwdb-update.service \
    systemd-journal-flush.service systemd-update-utmp.service systemd-remount-fs.service \
    getty.target console-getty.service getty-static.service \
    dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
    systemd-tmpfiles-clean.timer
systemctl enable --quiet ssh.service
systemctl set-default --quiet multi-user.target
