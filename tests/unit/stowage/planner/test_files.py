# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a stack: written before what reads them is replaced, brought back where that fails, and gone with it."""

from __future__ import annotations

import pytest

from tests.unit.stowage.support.golden import Case, cases, check
from tests.unit.stowage.support.hosts import Host
from tests.unit.stowage.support.stacks import as_compose_made, file, folder, mounted, service, stack, together

CONTENT = "io.stowage.content"


def shop(services, files=None, **keys):
    return stack("shop", services, files={path: file(entry) if isinstance(entry, str) else entry
                                          for path, entry in (files or {}).items()}, **keys)  # fmt: skip


WEB = {"web": mounted("www")}
TWO = {"web": mounted("www", "both.conf"), "api": mounted("api.conf", "both.conf"), "db": service()}
PAGES = {"www/a.html": "A", "www/b/c.html": "C", "both.conf": "both", "api.conf": "api"}


def changed(**files):
    """The same files but for these; None takes one away."""
    names = {"a": "www/a.html", "c": "www/b/c.html", "both": "both.conf", "api": "api.conf", "new": "www/new.html"}
    merged = {**PAGES, **{names[key]: entry for key, entry in files.items()}}
    return {path: entry for path, entry in merged.items() if entry is not None}


def by_hand(path, text=None, mode=None):
    def prepare(host):
        place = host.root / "shop" / path
        if text is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        if mode is not None:
            place.chmod(mode)

    return prepare


@cases(
    Case("from nothing", None, shop(TWO, PAGES), """
            #1 CreateNetwork shop_default (network is missing)
            #2 WriteFile /srv/shop/www/a.html (is missing)
            #3 WriteFile /srv/shop/www/b/c.html (is missing)
            #4 WriteFile /srv/shop/both.conf (is missing)
            #5 CreateContainer shop-web-1 <- #1, #2, #3, #4 (container is missing)
            #6 StartContainer shop-web-1 <- #5 (it was created)
            #7 WaitContainer shop-web-1 ready <- #6 (it was started)
            #8 WriteFile /srv/shop/api.conf (is missing)
            #9 CreateContainer shop-api-1 <- #1, #4, #8 (container is missing)
            #10 StartContainer shop-api-1 <- #9 (it was created)
            #11 WaitContainer shop-api-1 ready <- #10 (it was started)
            #12 CreateContainer shop-db-1 <- #1 (container is missing)
            #13 StartContainer shop-db-1 <- #12 (it was created)
            #14 WaitContainer shop-db-1 ready <- #13 (it was started)
            #15 SettleFiles /srv/shop <- #7, #11, #14 (all that reads its files runs with them)
        """),
    Case("the same again", shop(TWO, PAGES), shop(TWO, PAGES), ""),
    Case("one changed that one reads", shop(TWO, PAGES), shop(TWO, changed(api="API")), """
            #1 WriteFile /srv/shop/api.conf (changed)
            #2 CreateContainer shop-api-1.next <- #1 (api.conf: changed)
            #3 StopContainer shop-api-1 <- #2 (api.conf: changed)
            #4 StartContainer shop-api-1.next <- #3 (takes over: api.conf: changed)
            #5 WaitContainer shop-api-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-api-1 <- #5 (api.conf: changed)
            #7 RenameContainer shop-api-1.next to shop-api-1 <- #6 (it takes over)
            #8 SettleFiles /srv/shop <- #7 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-api-1.next, RestoreFile /srv/shop/api.conf, StartContainer shop-api-1
        """),
    Case("one changed in a folder that is read", shop(TWO, PAGES), shop(TWO, changed(c="CC")), """
            #1 WriteFile /srv/shop/www/b/c.html (changed)
            #2 CreateContainer shop-web-1.next <- #1 (www/b/c.html: changed)
            #3 StopContainer shop-web-1 <- #2 (www/b/c.html: changed)
            #4 StartContainer shop-web-1.next <- #3 (takes over: www/b/c.html: changed)
            #5 WaitContainer shop-web-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-web-1 <- #5 (www/b/c.html: changed)
            #7 RenameContainer shop-web-1.next to shop-web-1 <- #6 (it takes over)
            #8 SettleFiles /srv/shop <- #7 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/www/b/c.html, StartContainer shop-web-1
        """),
    Case("one changed that two read", shop(TWO, PAGES), shop(TWO, changed(both="BOTH")), """
            #1 WriteFile /srv/shop/both.conf (changed)
            #2 CreateContainer shop-web-1.next <- #1 (both.conf: changed)
            #3 StopContainer shop-web-1 <- #2 (both.conf: changed)
            #4 StartContainer shop-web-1.next <- #3 (takes over: both.conf: changed)
            #5 WaitContainer shop-web-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-web-1 <- #5 (both.conf: changed)
            #7 RenameContainer shop-web-1.next to shop-web-1 <- #6 (it takes over)
            #8 CreateContainer shop-api-1.next <- #1 (both.conf: changed)
            #9 StopContainer shop-api-1 <- #8 (both.conf: changed)
            #10 StartContainer shop-api-1.next <- #9 (takes over: both.conf: changed)
            #11 WaitContainer shop-api-1.next ready <- #10 (it was started)
            #12 RemoveContainer shop-api-1 <- #11 (both.conf: changed)
            #13 RenameContainer shop-api-1.next to shop-api-1 <- #12 (it takes over)
            #14 SettleFiles /srv/shop <- #7, #13 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/both.conf, StartContainer shop-web-1
            undo #1, #8, #9, #10, #11: RemoveContainer shop-api-1.next, RestoreFile /srv/shop/both.conf, StartContainer shop-api-1
        """),
    Case("one more in a folder that is read", shop(TWO, PAGES), shop(TWO, changed(new="new")), """
            #1 WriteFile /srv/shop/www/new.html (is missing)
            #2 CreateContainer shop-web-1.next <- #1 (www/new.html: is missing)
            #3 StopContainer shop-web-1 <- #2 (www/new.html: is missing)
            #4 StartContainer shop-web-1.next <- #3 (takes over: www/new.html: is missing)
            #5 WaitContainer shop-web-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-web-1 <- #5 (www/new.html: is missing)
            #7 RenameContainer shop-web-1.next to shop-web-1 <- #6 (it takes over)
            #8 SettleFiles /srv/shop <- #7 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/www/new.html, StartContainer shop-web-1
        """),
    Case("one less in a folder that is read", shop(TWO, PAGES), shop(TWO, changed(a=None)), """
            #1 RemoveFile /srv/shop/www/a.html (not in the project any more)
            #2 CreateContainer shop-web-1.next <- #1 (www/a.html: not in the project any more)
            #3 StopContainer shop-web-1 <- #2 (www/a.html: not in the project any more)
            #4 StartContainer shop-web-1.next <- #3 (takes over: www/a.html: not in the project any more)
            #5 WaitContainer shop-web-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-web-1 <- #5 (www/a.html: not in the project any more)
            #7 RenameContainer shop-web-1.next to shop-web-1 <- #6 (it takes over)
            #8 SettleFiles /srv/shop <- #7 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/www/a.html, StartContainer shop-web-1
        """),
    Case("all in a folder", shop(WEB, {"www/a": "A", "www/b/c": "C"}), shop(WEB, {"www/a": "A"}), """
            #1 RemoveFile /srv/shop/www/b/c (not in the project any more)
            #2 CreateContainer shop-web-1.next <- #1 (www/b/c: not in the project any more)
            #3 StopContainer shop-web-1 <- #2 (www/b/c: not in the project any more)
            #4 StartContainer shop-web-1.next <- #3 (takes over: www/b/c: not in the project any more)
            #5 WaitContainer shop-web-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-web-1 <- #5 (www/b/c: not in the project any more)
            #7 RenameContainer shop-web-1.next to shop-web-1 <- #6 (it takes over)
            #8 SettleFiles /srv/shop <- #7 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/www/b/c, StartContainer shop-web-1
        """),
    Case("many changed", shop(WEB, {f"www/{n}": "A" for n in range(5)}), shop(WEB, {f"www/{n}": "B" for n in range(5)}), """
            #1 WriteFile /srv/shop/www/0 (changed)
            #2 WriteFile /srv/shop/www/1 (changed)
            #3 WriteFile /srv/shop/www/2 (changed)
            #4 WriteFile /srv/shop/www/3 (changed)
            #5 WriteFile /srv/shop/www/4 (changed)
            #6 CreateContainer shop-web-1.next <- #1, #2, #3, #4, #5 (www/0: changed, www/1: changed, www/2: changed)
            #7 StopContainer shop-web-1 <- #6 (www/0: changed, www/1: changed, www/2: changed)
            #8 StartContainer shop-web-1.next <- #7 (takes over: www/0: changed, www/1: changed, www/2: changed)
            #9 WaitContainer shop-web-1.next ready <- #8 (it was started)
            #10 RemoveContainer shop-web-1 <- #9 (www/0: changed, www/1: changed, www/2: changed)
            #11 RenameContainer shop-web-1.next to shop-web-1 <- #10 (it takes over)
            #12 SettleFiles /srv/shop <- #11 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5, #6, #7, #8, #9: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/www/0, RestoreFile /srv/shop/www/1, RestoreFile /srv/shop/www/2, RestoreFile /srv/shop/www/3, RestoreFile /srv/shop/www/4, StartContainer shop-web-1
        """),
    Case("another mode", shop(WEB, PAGES), shop(WEB, changed(a=file("A", 0o600))), """
            #1 WriteFile /srv/shop/www/a.html (mode 0644 -> 0600)
            #2 CreateContainer shop-web-1.next <- #1 (www/a.html: mode 0644 -> 0600)
            #3 StopContainer shop-web-1 <- #2 (www/a.html: mode 0644 -> 0600)
            #4 StartContainer shop-web-1.next <- #3 (takes over: www/a.html: mode 0644 -> 0600)
            #5 WaitContainer shop-web-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-web-1 <- #5 (www/a.html: mode 0644 -> 0600)
            #7 RenameContainer shop-web-1.next to shop-web-1 <- #6 (it takes over)
            #8 SettleFiles /srv/shop <- #7 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/www/a.html, StartContainer shop-web-1
        """),
    Case("changed by hand", shop(TWO, PAGES), shop(TWO, PAGES), """
            #1 WriteFile /srv/shop/api.conf (changed)
            #2 CreateContainer shop-api-1.next <- #1 (api.conf: changed)
            #3 StopContainer shop-api-1 <- #2 (api.conf: changed)
            #4 StartContainer shop-api-1.next <- #3 (takes over: api.conf: changed)
            #5 WaitContainer shop-api-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-api-1 <- #5 (api.conf: changed)
            #7 RenameContainer shop-api-1.next to shop-api-1 <- #6 (it takes over)
            #8 SettleFiles /srv/shop <- #7 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-api-1.next, RestoreFile /srv/shop/api.conf, StartContainer shop-api-1
        """, by_hand("api.conf", "mine")),
    Case("mode changed by hand", shop(TWO, PAGES), shop(TWO, PAGES), """
            #1 WriteFile /srv/shop/api.conf (mode 0600 -> 0644)
            #2 CreateContainer shop-api-1.next <- #1 (api.conf: mode 0600 -> 0644)
            #3 StopContainer shop-api-1 <- #2 (api.conf: mode 0600 -> 0644)
            #4 StartContainer shop-api-1.next <- #3 (takes over: api.conf: mode 0600 -> 0644)
            #5 WaitContainer shop-api-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-api-1 <- #5 (api.conf: mode 0600 -> 0644)
            #7 RenameContainer shop-api-1.next to shop-api-1 <- #6 (it takes over)
            #8 SettleFiles /srv/shop <- #7 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-api-1.next, RestoreFile /srv/shop/api.conf, StartContainer shop-api-1
        """, by_hand("api.conf", mode=0o600)),
    Case("somebody's own file beside ours", shop(WEB, PAGES), shop(WEB, PAGES), "", by_hand("www/mine", "mine")),
    Case("an empty folder", None, shop(WEB, {"www": folder(0o700)}), """
            #1 CreateNetwork shop_default (network is missing)
            #2 MakeDirectory /srv/shop/www (is missing)
            #3 CreateContainer shop-web-1 <- #1, #2 (container is missing)
            #4 StartContainer shop-web-1 <- #3 (it was created)
            #5 WaitContainer shop-web-1 ready <- #4 (it was started)
            #6 SettleFiles /srv/shop <- #5 (all that reads its files runs with them)
        """),
    Case("a folder of another mode, which whoever writes there may have given it", shop(WEB, {"www": folder()}), shop(WEB, {"www": folder(0o700)}), ""),
    Case("read by nobody", shop({"web": service()}), shop({"web": service()}, {"x": "X"}), """
            #1 WriteFile /srv/shop/x (is missing)
            #2 SettleFiles /srv/shop <- #1 (all that reads its files runs with them)
        """),
    Case("read by nobody any more, and gone", shop(WEB, {"www/a": "A"}), shop({"web": service()}), """
            #1 CreateContainer shop-web-1.next (mount /www removed, content of its files changed)
            #2 StopContainer shop-web-1 <- #1 (mount /www removed, content of its files changed)
            #3 StartContainer shop-web-1.next <- #2 (takes over: mount /www removed, content of its files changed)
            #4 WaitContainer shop-web-1.next ready <- #3 (it was started)
            #5 RemoveContainer shop-web-1 <- #4 (mount /www removed, content of its files changed)
            #6 RenameContainer shop-web-1.next to shop-web-1 <- #5 (it takes over)
            #7 RemoveFile /srv/shop/www/a (not in the project any more)
            #8 SettleFiles /srv/shop <- #6, #7 (all that reads its files runs with them)
            undo #2, #3, #4: RemoveContainer shop-web-1.next, StartContainer shop-web-1
        """),
    Case("the last one gone, its reader stays", shop(WEB, {"www/a": "A"}), shop(WEB), """
            #1 RemoveFile /srv/shop/www/a (not in the project any more)
            #2 CreateContainer shop-web-1.next <- #1 (www/a: not in the project any more)
            #3 StopContainer shop-web-1 <- #2 (www/a: not in the project any more)
            #4 StartContainer shop-web-1.next <- #3 (takes over: www/a: not in the project any more)
            #5 WaitContainer shop-web-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-web-1 <- #5 (www/a: not in the project any more)
            #7 RenameContainer shop-web-1.next to shop-web-1 <- #6 (it takes over)
            #8 SettleFiles /srv/shop <- #7 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/www/a, StartContainer shop-web-1
        """),
    Case("without pruning nothing goes", shop(TWO, PAGES), shop(TWO, changed(a=None), prune=False), """
            #1 CreateContainer shop-web-1.next (content of its files changed)
            #2 StopContainer shop-web-1 <- #1 (content of its files changed)
            #3 StartContainer shop-web-1.next <- #2 (takes over: content of its files changed)
            #4 WaitContainer shop-web-1.next ready <- #3 (it was started)
            #5 RemoveContainer shop-web-1 <- #4 (content of its files changed)
            #6 RenameContainer shop-web-1.next to shop-web-1 <- #5 (it takes over)
            undo #2, #3, #4: RemoveContainer shop-web-1.next, StartContainer shop-web-1
        """),
    Case("with a reader more", shop({"db": service()}, PAGES), shop(TWO, PAGES), """
            #1 CreateContainer shop-web-1 (container is missing)
            #2 StartContainer shop-web-1 <- #1 (it was created)
            #3 WaitContainer shop-web-1 ready <- #2 (it was started)
            #4 CreateContainer shop-api-1 (container is missing)
            #5 StartContainer shop-api-1 <- #4 (it was created)
            #6 WaitContainer shop-api-1 ready <- #5 (it was started)
        """),
    Case("the stack goes", shop(TWO, PAGES), stack("shop", state="absent"), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
            #3 StopContainer shop-api-1 <- #1 (not declared any more)
            #4 RemoveContainer shop-api-1 <- #3 (not declared any more)
            #5 StopContainer shop-db-1 <- #1 (not declared any more)
            #6 RemoveContainer shop-db-1 <- #5 (not declared any more)
            #7 RemoveNetwork shop_default <- #2, #4, #6 (not declared any more)
            #8 RemoveFiles /srv/shop <- #2, #4, #6 (not declared any more)
        """),
    Case("all services and files go", shop(TWO, PAGES), shop({}), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
            #3 StopContainer shop-api-1 <- #1 (not declared any more)
            #4 RemoveContainer shop-api-1 <- #3 (not declared any more)
            #5 StopContainer shop-db-1 <- #1 (not declared any more)
            #6 RemoveContainer shop-db-1 <- #5 (not declared any more)
            #7 RemoveFiles /srv/shop <- #2, #4, #6 (not declared any more)
        """),
    Case("of two stacks one changes", together(shop(WEB, {"www/a": "A"}), stack("blog", {"web": mounted("www", at="/srv/blog")}, files={"www/a": file("A")})),
         together(shop(WEB, {"www/a": "B"}), stack("blog", {"web": mounted("www", at="/srv/blog")}, files={"www/a": file("A")})), """
            #1 WriteFile /srv/shop/www/a (changed)
            #2 CreateContainer shop-web-1.next <- #1 (www/a: changed)
            #3 StopContainer shop-web-1 <- #2 (www/a: changed)
            #4 StartContainer shop-web-1.next <- #3 (takes over: www/a: changed)
            #5 WaitContainer shop-web-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-web-1 <- #5 (www/a: changed)
            #7 RenameContainer shop-web-1.next to shop-web-1 <- #6 (it takes over)
            #8 SettleFiles /srv/shop <- #7 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/www/a, StartContainer shop-web-1
        """),
    Case("of two replicas each reads it", shop({"web": mounted("www", scale=2)}, {"www/a": "A"}),
         shop({"web": mounted("www", scale=2)}, {"www/a": "B"}), """
            #1 WriteFile /srv/shop/www/a (changed)
            #2 CreateContainer shop-web-1.next <- #1 (www/a: changed)
            #3 StopContainer shop-web-1 <- #2 (www/a: changed)
            #4 StartContainer shop-web-1.next <- #3 (takes over: www/a: changed)
            #5 WaitContainer shop-web-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-web-1 <- #5 (www/a: changed)
            #7 RenameContainer shop-web-1.next to shop-web-1 <- #6 (it takes over)
            #8 CreateContainer shop-web-2.next <- #1, #7 (www/a: changed)
            #9 StopContainer shop-web-2 <- #8 (www/a: changed)
            #10 StartContainer shop-web-2.next <- #9 (takes over: www/a: changed)
            #11 WaitContainer shop-web-2.next ready <- #10 (it was started)
            #12 RemoveContainer shop-web-2 <- #11 (www/a: changed)
            #13 RenameContainer shop-web-2.next to shop-web-2 <- #12 (it takes over)
            #14 SettleFiles /srv/shop <- #13 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/www/a, StartContainer shop-web-1
            undo #1, #8, #9, #10, #11: RemoveContainer shop-web-2.next, RestoreFile /srv/shop/www/a, StartContainer shop-web-2
        """),
    Case("a service left alone keeps its old content", shop(TWO, PAGES), shop(TWO, changed(api="API"), left=["api"]), """
            #1 WriteFile /srv/shop/api.conf (changed)
            #2 SettleFiles /srv/shop <- #1 (all that reads its files runs with them)
        """),
    Case("a file becomes a folder", shop(WEB, {"www/a": "A"}), shop(WEB, {"www/a/b": "B", "www/a/c": "C"}), """
            #1 RemoveFile /srv/shop/www/a (not in the project any more)
            #2 WriteFile /srv/shop/www/a/b <- #1 (is missing)
            #3 WriteFile /srv/shop/www/a/c <- #1 (is missing)
            #4 CreateContainer shop-web-1.next <- #2, #3 (www/a/b: is missing, www/a/c: is missing, www/a: not in the project any more)
            #5 StopContainer shop-web-1 <- #4 (www/a/b: is missing, www/a/c: is missing, www/a: not in the project any more)
            #6 StartContainer shop-web-1.next <- #5 (takes over: www/a/b: is missing, www/a/c: is missing, www/a: not in the project any more)
            #7 WaitContainer shop-web-1.next ready <- #6 (it was started)
            #8 RemoveContainer shop-web-1 <- #7 (www/a/b: is missing, www/a/c: is missing, www/a: not in the project any more)
            #9 RenameContainer shop-web-1.next to shop-web-1 <- #8 (it takes over)
            #10 SettleFiles /srv/shop <- #9 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5, #6, #7: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/www/a/b, RestoreFile /srv/shop/www/a/c, RestoreFile /srv/shop/www/a, StartContainer shop-web-1
        """),
    Case("a folder becomes a file", shop(WEB, {"www/a/b": "B", "www/a/c": "C"}), shop(WEB, {"www/a": "A"}), """
            #1 RemoveFile /srv/shop/www/a/c (not in the project any more)
            #2 RemoveFile /srv/shop/www/a/b (not in the project any more)
            #3 WriteFile /srv/shop/www/a <- #1, #2 (is a directory)
            #4 CreateContainer shop-web-1.next <- #3 (www/a: is a directory, www/a/c: not in the project any more, www/a/b: not in the project any more)
            #5 StopContainer shop-web-1 <- #4 (www/a: is a directory, www/a/c: not in the project any more, www/a/b: not in the project any more)
            #6 StartContainer shop-web-1.next <- #5 (takes over: www/a: is a directory, www/a/c: not in the project any more, www/a/b: not in the project any more)
            #7 WaitContainer shop-web-1.next ready <- #6 (it was started)
            #8 RemoveContainer shop-web-1 <- #7 (www/a: is a directory, www/a/c: not in the project any more, www/a/b: not in the project any more)
            #9 RenameContainer shop-web-1.next to shop-web-1 <- #8 (it takes over)
            #10 SettleFiles /srv/shop <- #9 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5, #6, #7: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/www/a, RestoreFile /srv/shop/www/a/c, RestoreFile /srv/shop/www/a/b, StartContainer shop-web-1
        """),
    Case("an empty folder becomes a file", shop(WEB, {"www/a": folder()}), shop(WEB, {"www/a": "A"}), """
            #1 RemoveFile /srv/shop/www/a (is a directory)
            #2 WriteFile /srv/shop/www/a <- #1 (is a directory)
            #3 CreateContainer shop-web-1.next <- #2 (www/a: is a directory)
            #4 StopContainer shop-web-1 <- #3 (www/a: is a directory)
            #5 StartContainer shop-web-1.next <- #4 (takes over: www/a: is a directory)
            #6 WaitContainer shop-web-1.next ready <- #5 (it was started)
            #7 RemoveContainer shop-web-1 <- #6 (www/a: is a directory)
            #8 RenameContainer shop-web-1.next to shop-web-1 <- #7 (it takes over)
            #9 SettleFiles /srv/shop <- #8 (all that reads its files runs with them)
            undo #2, #3, #4, #5, #6: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/www/a, StartContainer shop-web-1
        """),
    Case("a file becomes an empty folder", shop(WEB, {"www/a": "A"}), shop(WEB, {"www/a": folder()}), """
            #1 RemoveFile /srv/shop/www/a (is a file)
            #2 MakeDirectory /srv/shop/www/a <- #1 (is a file)
            #3 CreateContainer shop-web-1.next <- #2 (www/a: is a file)
            #4 StopContainer shop-web-1 <- #3 (www/a: is a file)
            #5 StartContainer shop-web-1.next <- #4 (takes over: www/a: is a file)
            #6 WaitContainer shop-web-1.next ready <- #5 (it was started)
            #7 RemoveContainer shop-web-1 <- #6 (www/a: is a file)
            #8 RenameContainer shop-web-1.next to shop-web-1 <- #7 (it takes over)
            #9 SettleFiles /srv/shop <- #8 (all that reads its files runs with them)
            undo #2, #3, #4, #5, #6: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/www/a, StartContainer shop-web-1
        """),
)  # fmt: skip
def test_files(case, tmp_path):
    check(case, tmp_path)


# -- what goes wrong ---------------------------------------------------------------------------------


def contents(host, name="shop"):
    """What the project's files hold, but for what is kept."""
    base = host.root / name
    paths = [path for path in base.rglob("*") if path.is_file() and ".stowage" not in path.parts]
    return {path.relative_to(base).as_posix(): path.read_text() for path in sorted(paths)}


def sick(service_):
    probe = {"test": ["CMD", "x"], "interval": "3s"}
    return {**service_, "environment": {"BEHAVE": "sick"}, "healthcheck": probe}


CHANGES = [
    ("another content", {"www/a": "A"}, {"www/a": "B"}),
    ("a new one", {"www/a": "A"}, {"www/a": "A", "www/b/c": "C"}),
    ("one gone", {"www/a": "A", "www/b": "B"}, {"www/a": "A"}),
    ("another mode", {"www/a": "A"}, {"www/a": file("A", 0o600)}),
    ("some of each", {"www/a": "A", "www/b": "B", "www/c": "C"}, {"www/a": "AA", "www/c": "CC", "www/d": "D"}),
]
change = pytest.mark.parametrize(("before", "after"), [pytest.param(*pair, id=name) for name, *pair in CHANGES])


@change
def test_a_failed_replacement_gets_the_files_back(tmp_path, before, after):
    host = Host(root=tmp_path)
    host.deploy(shop(WEB, before))
    report = host.apply(shop({"web": sick(WEB["web"])}, after))
    assert [failure.step.operation.kind for failure in report.failures] == ["WaitContainer"]
    assert contents(host) == before
    assert (tmp_path / "shop/www/a").stat().st_mode & 0o777 == 0o644
    assert host.states() == {"shop-web-1": "running"}
    host.engine.revive()
    host.deploy(shop(WEB, after))
    assert set(contents(host)) == set(after)
    host.engine.revive()
    host.deploy(shop(WEB, before))
    assert contents(host) == before


@change
def test_whoever_runs_has_the_files_it_was_made_with(tmp_path, before, after):
    """Whichever of the run's changes fails."""
    for call in range(1, 40):
        host = Host(root=tmp_path / str(call))
        host.deploy(shop(WEB, before))
        host.engine.fail_at = call
        report = host.apply(shop(WEB, after))
        running = [c for c in host.engine.containers.all.values() if c["State"]["Status"] == "running"]
        (label,) = {c["Config"]["Labels"][CONTENT] for c in running}
        expected = before if label == host.content_of(shop(WEB, before)) else after
        texts = {path: entry if isinstance(entry, str) else "A" for path, entry in expected.items()}
        if report.failures and report.failures[0].step.operation.kind != "SettleFiles":
            assert contents(host) == texts, (call, str(report.failures[0].step))
        host.engine.revive()
        host.deploy(shop(WEB, after))
        assert host.names() == ("shop-web-1",)
        if not report.failures:
            return
    pytest.fail("the plan has no end")


@change
@pytest.mark.parametrize("adopted", [False, True])
def test_a_run_killed_half_way_is_finished(tmp_path, before, after, adopted):
    for call in range(1, 40):
        host = Host(root=tmp_path / str(call))
        host.deploy(shop(WEB, before))
        if adopted:
            as_compose_made(host)
        former = host.container("shop-web-1")["Id"]
        host.engine.die_at = call
        report = host.apply(shop(WEB, after))
        host.engine.revive()
        host.deploy(shop(WEB, after))
        assert host.names() == ("shop-web-1",)
        theirs = set(before) - set(after) if adopted else set()  # nobody knows that they were the project's
        assert set(contents(host)) == set(after) | theirs
        assert host.container("shop-web-1")["Id"] != former or theirs == set(before) - set(after) != set(), call
        if not report.failures:
            return
    pytest.fail("the plan has no end")


def test_a_file_that_two_read_comes_back_for_the_one_that_fails(tmp_path):
    host = Host(root=tmp_path)
    host.deploy(shop(TWO, PAGES))
    failing = {**TWO, "api": sick(TWO["api"])}
    report = host.apply(shop(failing, changed(both="BOTH", a="AA")))
    assert [failure.step.operation.target for failure in report.failures] == ["shop-api-1.next ready"]
    assert contents(host)["both.conf"] == "both"
    host.engine.revive()
    host.deploy(shop(TWO, changed(both="BOTH", a="AA")))
    assert contents(host) == changed(both="BOTH", a="AA")


# -- what is no file of the project ------------------------------------------------------------------

KEPT = ".stowage/secrets/pw"


def secret(text, **grant):
    """A service with a secret, under an owner and mode where it asks for one."""
    path = KEPT + ("@1000-0-0400" if grant else "")
    web = service(secrets=[{"source": "pw", "target": "/run/secrets/pw", **grant}])
    files = {KEPT: file(text, 0o444), path: file(text, 0o400 if grant else 0o444)}
    return shop({"web": web, "db": service()}, files, secrets={"pw": {"path": KEPT}})


OWNED = {"uid": "1000", "mode": "0400"}


@cases(
    Case("a secret", None, secret("s3cret"), """
            #1 CreateNetwork shop_default (network is missing)
            #2 WriteFile /srv/shop/.stowage/secrets/pw (is missing)
            #3 CreateContainer shop-web-1 <- #1, #2 (container is missing)
            #4 StartContainer shop-web-1 <- #3 (it was created)
            #5 WaitContainer shop-web-1 ready <- #4 (it was started)
            #6 CreateContainer shop-db-1 <- #1 (container is missing)
            #7 StartContainer shop-db-1 <- #6 (it was created)
            #8 WaitContainer shop-db-1 ready <- #7 (it was started)
            #9 SettleFiles /srv/shop <- #5, #8 (all that reads its files runs with them)
        """),
    Case("a secret that is another one now", secret("s3cret"), secret("0ther"), """
            #1 WriteFile /srv/shop/.stowage/secrets/pw (changed)
            #2 CreateContainer shop-web-1.next <- #1 (.stowage/secrets/pw: changed)
            #3 StopContainer shop-web-1 <- #2 (.stowage/secrets/pw: changed)
            #4 StartContainer shop-web-1.next <- #3 (takes over: .stowage/secrets/pw: changed)
            #5 WaitContainer shop-web-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-web-1 <- #5 (.stowage/secrets/pw: changed)
            #7 RenameContainer shop-web-1.next to shop-web-1 <- #6 (it takes over)
            #8 SettleFiles /srv/shop <- #7 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/.stowage/secrets/pw, StartContainer shop-web-1
        """),
    Case("made by docker compose", secret("s3cret"), secret("s3cret"), """
            note shop-web-1: made by docker compose; whether its configs and secrets have the contents that are declared cannot be seen, and they are not brought until it is replaced (recreate: true does that)
        """, as_compose_made),
    Case("made by docker compose, which does not see its content", secret("s3cret"), secret("0ther"), """
            note shop-web-1: made by docker compose; whether its configs and secrets have the contents that are declared cannot be seen, and they are not brought until it is replaced (recreate: true does that)
        """, as_compose_made),
    Case("made by docker compose, and it has to be replaced", secret("s3cret"),
         together(secret("s3cret"), shop({"web": {**secret("s3cret")["stacks"]["shop"]["services"]["web"], "init": True}},
                                         secret("s3cret")["stacks"]["shop"]["files"], secrets={"pw": {"path": KEPT}})),
         """
            #1 WriteFile /srv/shop/.stowage/secrets/pw (is missing)
            #2 CreateContainer shop-web-1.next <- #1 (init switched on, mount /run/secrets/pw added, .stowage/secrets/pw: is missing)
            #3 StopContainer shop-web-1 <- #2 (init switched on, mount /run/secrets/pw added, .stowage/secrets/pw: is missing)
            #4 StartContainer shop-web-1.next <- #3 (takes over: init switched on, mount /run/secrets/pw added, .stowage/secrets/pw: is missing)
            #5 WaitContainer shop-web-1.next ready <- #4 (it was started)
            #6 RemoveContainer shop-web-1 <- #5 (init switched on, mount /run/secrets/pw added, .stowage/secrets/pw: is missing)
            #7 RenameContainer shop-web-1.next to shop-web-1 <- #6 (it takes over)
            #8 StopContainer shop-db-1 <- #7 (not declared any more)
            #9 RemoveContainer shop-db-1 <- #8 (not declared any more)
            #10 SettleFiles /srv/shop <- #9 (all that reads its files runs with them)
            undo #1, #2, #3, #4, #5: RemoveContainer shop-web-1.next, RestoreFile /srv/shop/.stowage/secrets/pw, StartContainer shop-web-1
        """, as_compose_made),
)  # fmt: skip
def test_kept_contents(case, tmp_path):
    check(case, tmp_path)


def test_a_secret_of_another_owner_is_a_file_of_its_own(tmp_path):
    host = Host(root=tmp_path)
    plan = host.plan(secret("s3cret", **OWNED))
    written = [step.operation for step in plan if step.operation.kind == "WriteFile"]
    assert [(o.name, o.mode) for o in written] == [(KEPT + "@1000-0-0400", 0o400)]
    create = next(step.operation for step in plan if step.operation.kind == "CreateContainer")
    (mount,) = create.body["HostConfig"]["Mounts"]
    assert mount["Source"] == f"{tmp_path}/shop/{KEPT}@1000-0-0400"
    assert (mount["Target"], mount["ReadOnly"]) == ("/run/secrets/pw", True)


def test_a_directory_of_another_stack_is_refused(tmp_path):
    host = Host(root=tmp_path)
    host.apply(shop(WEB, {"www/a": "A"}))
    other = shop(WEB, {"www/b": "B"})
    other["stacks"] = {"blog": other["stacks"]["shop"]}
    assert host.refusals(other)["$.stacks.blog.directory"] == "is the directory of the stack shop"


def test_a_scope_without_files_settles_none_of_a_stack_beside_it(tmp_path):
    host = Host(root=tmp_path)
    host.deploy({"containers": {"cache": {"image": "app:1"}}, **shop(WEB, {"www/a": "A"})})
    plan = host.plan({"containers": {"cache": {"image": "app:1"}}, **shop(WEB, {"www/a": "B"})})
    settled = [step.operation.name for step in plan if step.operation.kind == "SettleFiles"]
    assert settled == [f"{tmp_path}/shop"]
