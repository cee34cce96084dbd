"""Requests of deliveries: short, with small answers, without redirects, and apart from the exchanges with publishers.

Servers that answered well before have connections and threads for names of their own, so that no stranger's server,
nor its server of names, delays them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import responses
from typing import Final

from config import Fetch
from delivery.outcome import is_proven
from delivery.target import Target
from outbound.client import Client, ClientSettings, Response
from outbound.host_limits import HostLimits

REQUEST_TIMEOUT: Final = 8.0
"""Seconds for one request, less than `delivery.queue.DELIVERY_SECONDS`."""

MAX_ANSWER_BYTES: Final = 64 * 1024
CONNECTIONS: Final = 1_000
RESOLVING_THREADS: Final = 4


def refusal(response: Response) -> str:
    """The sentence for an answer that is no success."""
    return f"The answer was {response.status} {responses.get(response.status, '')}".strip() + "."


class DeliveryClient:
    """Sends requests to targets. ``clock`` gives Unix seconds."""

    def __init__(self, user_agent: str, fetch: Fetch, clock: Callable[[], float]) -> None:
        settings = ClientSettings(
            user_agent=user_agent,
            timeout=REQUEST_TIMEOUT,
            max_bytes=MAX_ANSWER_BYTES,
            connections=CONNECTIONS,
            private_networks=tuple(fetch.private_networks),
        )
        hosts = HostLimits(1, clock)
        self._threads = [ThreadPoolExecutor(RESOLVING_THREADS, f"resolve-{name}") for name in ("proven", "other")]
        self._proven, self._other = (Client(settings, hosts, threads) for threads in self._threads)

    def apply(self, fetch: Fetch) -> None:
        """Changes the private networks that requests may lead to."""
        for client in (self._proven, self._other):
            client.apply(replace(client.settings, private_networks=tuple(fetch.private_networks)))

    def close(self) -> None:
        """Sends no more requests."""
        for client in (self._proven, self._other):
            client.close()
        for threads in self._threads:
            threads.shutdown(wait=False, cancel_futures=True)

    async def request(
        self,
        target: Target,
        url: str,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        named: str | None = None,
    ) -> Response:
        """Sends a request; raises RequestError. A redirect is returned as it is.

        ``named`` is that of `outbound.client.Client.request`: STRANGERS for a URL that is not the operator's.
        """
        client = self._proven if is_proven(target) else self._other
        response = await client.request(
            url, method=method, headers=headers, body=body, max_redirects=0, named=named, proven=is_proven(target)
        )
        # No answer is as large as would keep others waiting, see `outbound.body`.
        response.close()
        return response
