"""Limits of the requests to our hub, in this process."""

from __future__ import annotations

from typing import Final

from connections.attempts import Attempts
from delivery.subscribers import Subscribers
from timeline import Timeline

MAX_REQUESTS_PER_ADDRESS: Final = 120
MAX_REQUESTS_PER_HOST: Final = 240
"""Requests a minute of a client's address, and with callbacks on one host, which is asked about each of them."""


class HubGate:
    """Requests by address and by host of their callbacks, and the subscriptions that there are."""

    def __init__(self, timeline: Timeline) -> None:
        self.subscribers = Subscribers(timeline)
        self.by_address = Attempts(limit=MAX_REQUESTS_PER_ADDRESS)
        self.by_host = Attempts(limit=MAX_REQUESTS_PER_HOST)
