"""Calls the poller again and again, also when the clock of the machine is set back."""

from __future__ import annotations

import random

from tornado.ioloop import PeriodicCallback


class Ticker(PeriodicCallback):
    """A PeriodicCallback whose next call comes an interval after the last one has ended, whatever the clock says.

    Tornado's own adds the interval to the time that was due last. Set back by an hour, it does not call for an hour.
    """

    def _update_next(self, current_time: float) -> None:
        self._next_timeout = current_time + self.callback_time / 1000 * (1 + self.jitter * (random.random() - 0.5))
