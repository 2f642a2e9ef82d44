# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may reach the ports that containers publish: rules in iptables that outlive restarts of engine and firewall.

The engine sends what comes in for a published port through its chain DOCKER-USER before its own rules, and never
empties that chain. ``rules`` reads what is declared and makes chains of it, ``keeping`` has the files that bring them
back, ``observing`` reads the host, ``planning`` decides (pure), ``acting`` does it. Nothing is imported here.
"""
