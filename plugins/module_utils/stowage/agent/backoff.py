# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long to leave an object alone that does not stay repaired. Pure; times are of a clock that is not set.

A repair that fails, or does not last, counts. The first is tried again at once, the next after 1, 2, 4 ...
seconds; after ``MOST`` in a row the object is left with a report until somebody asks for it again. So is one that had
to be repaired ``MOST_AN_HOUR`` times within an hour, however long each of them lasted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, Iterable, List, Mapping, Optional, Set, Tuple

from ..planner.holding import Key

MOST = 8
LASTING = 10.0  # seconds; what drifts again sooner was not repaired
LONGEST = 300.0  # seconds
MOST_AN_HOUR = 60
_HOUR = 3600.0


@dataclass(frozen=True)
class Trouble:
    """What is known of one object: repairs in a row that came to nothing, and when the next may be tried.

    ``until`` is None where none will be. ``repaired`` is when a repair last succeeded, if since then it did; ``recent``
    are the times of those within the last hour.
    """

    failures: int = 0
    until: Optional[float] = 0.0
    repaired: Optional[float] = None
    message: str = ""
    recent: Tuple[float, ...] = ()


class Backoff:
    """The troubles of one scope's objects."""

    def __init__(self) -> None:
        self._troubles: Dict[Key, Trouble] = {}

    def drifted(self, keys: Iterable[Key], now: float) -> None:
        """These are not as declared. Those repaired just now count as one more failure."""
        for key in keys:
            trouble = self._troubles.get(key)
            if trouble is None or trouble.repaired is None:
                continue
            if now - trouble.repaired < LASTING:
                self._count(key, now, trouble.message or "it did not stay as declared")
            else:
                self._troubles[key] = Trouble(recent=trouble.recent)

    def repaired(self, keys: Iterable[Key], now: float) -> None:
        """A repair of these succeeded; whether it lasts will show."""
        for key in keys:
            trouble = self._troubles.get(key, Trouble())
            recent = (*(time for time in trouble.recent if now - time < _HOUR), now)
            self._troubles[key] = replace(trouble, repaired=now, message="", recent=recent)
            if len(recent) >= MOST_AN_HOUR:
                message = f"it had to be repaired {len(recent)} times within an hour"
                self._troubles[key] = Trouble(len(recent), None, None, message)

    def failed(self, messages: Mapping[Key, str], now: float) -> None:
        """Repairs of these failed, with the engine's words."""
        for key, message in messages.items():
            self._count(key, now, message)

    def give_up(self, messages: Mapping[Key, str]) -> None:
        """Leave these until somebody asks: an apply failed at them, and undid what it had begun."""
        for key, message in messages.items():
            self._troubles[key] = Trouble(MOST, None, None, message)

    def held(self, now: float) -> Dict[Key, Trouble]:
        """The objects that are left alone at this time."""
        return {
            key: trouble
            for key, trouble in self._troubles.items()
            if trouble.failures and (trouble.until is None or trouble.until > now)
        }

    def next(self, now: float) -> Optional[float]:
        """When the first of those that are held for a while may be tried again."""
        times: List[float] = [trouble.until for trouble in self.held(now).values() if trouble.until is not None]
        return min(times, default=None)

    def settle(self, drifting: Set[Key], now: float) -> None:
        """Forget the troubles of what is as declared, once that has lasted."""
        for key, trouble in list(self._troubles.items()):
            if key in drifting:
                continue
            if trouble.repaired is None and trouble.failures:
                # Mended by somebody else, or by itself.
                self._troubles[key] = replace(trouble, repaired=now, until=0.0)
            elif trouble.repaired is None or now - trouble.repaired >= _HOUR:
                del self._troubles[key]
            elif now - trouble.repaired >= LASTING and trouble.failures:
                self._troubles[key] = Trouble(recent=trouble.recent, repaired=trouble.repaired)

    def clear(self) -> None:
        """Somebody asked for it again, or the engine started anew."""
        self._troubles.clear()

    def _count(self, key: Key, now: float, message: str) -> None:
        known = self._troubles.get(key, Trouble())
        failures = known.failures + 1
        delay = 0.0 if failures == 1 else min(2.0 ** (failures - 2), LONGEST)
        until = None if failures >= MOST else now + delay
        self._troubles[key] = Trouble(failures, until, None, message, known.recent)
