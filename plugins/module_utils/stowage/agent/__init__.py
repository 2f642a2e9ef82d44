# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resident runtime of a host: keeps what is declared, and answers for it over two sockets."""
