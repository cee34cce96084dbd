"""One request to a hub (WebSub §5.1): subscribe to a topic, or unsubscribe.

A hub is named by a publisher, so it is not trusted more than a feed: private networks, pauses and limits are those of
all requests. 307 and 308 lead to another hub, which gets the same request; other redirects are not followed, as they
would lose it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http.client import responses
from typing import Final, Literal
from urllib.parse import urlencode, urljoin

from feed_subscription import LEASE_SECONDS, FeedSubscription
from feeds.fetch import Fetcher
from feeds.followed_feeds import FollowedFeed
from outbound.client import MAX_REDIRECTS, NOTHING_OWN, STRANGERS, RequestError, Response
from outbound.host_limits import HostPausedError, host_key
from outbound.retry_after import retry_after

REPEATED: Final = (307, 308)
"""Redirects that keep method and body."""

REQUEST_TIMEOUT: Final = 40.0
"""Seconds for a request with its redirects."""

MAX_REASON_CHARS: Final = 200
"""Length of a hub's own words that is kept."""

Mode = Literal["subscribe", "unsubscribe"]


@dataclass(frozen=True, slots=True)
class HubAnswer:
    """The answer of a hub: accepted if ``problem`` is None, else a sentence for the operator.

    ``retry_at`` is the Unix time before which it asks for no request. ``is_down`` is True if there was no answer.
    """

    problem: str | None = None
    retry_at: float = 0
    is_down: bool = False


async def ask(
    fetcher: Fetcher, subscription: FeedSubscription, mode: Mode, now: float, followed: FollowedFeed | None
) -> HubAnswer:
    """Sends a request, in a slot of the hub's host that the caller has.

    ``followed`` is the feed, by whose address a hub of the same origin is the operator's word.

    The secret is sent to a hub without TLS, too (§5.1 advises against it): the callback travels in the same request,
    and without a secret it alone would be enough to forge a push.
    """
    form = {"hub.callback": subscription.callback, "hub.mode": mode, "hub.topic": subscription.topic}
    if mode == "subscribe":
        form |= {"hub.secret": subscription.secret, "hub.lease_seconds": str(LEASE_SECONDS)}
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT):
            url, response = await _answer(fetcher, subscription.hub, urlencode(form).encode(), followed)
    except HostPausedError as paused:
        return HubAnswer("The hub asked for a pause.", paused.until)
    except RequestError as error:
        return HubAnswer(f"The hub gave no answer. {error}", is_down=True)
    except TimeoutError:
        return HubAnswer(f"The hub gave no answer within {REQUEST_TIMEOUT:g} seconds.", is_down=True)
    except ValueError:
        return HubAnswer("The hub redirects to an address that is none.")
    status = response.status
    if 200 <= status < 300:
        return HubAnswer()
    seconds = retry_after(response.headers, now) or 0.0
    if seconds and status in (429, 503):
        fetcher.hosts.pause(host_key(url), now + seconds)
    answered = f"The hub answered {status} {responses.get(status, '')}".strip()
    return HubAnswer(answered + _reason(response, subscription), now + seconds)


def _reason(response: Response, subscription: FeedSubscription) -> str:
    """The end of the sentence: the hub's own words (§5.1.2), without those that would forge a push."""
    if not response.headers.get("Content-Type", "").lower().startswith("text/plain"):
        return "."
    token = subscription.callback.rpartition("/")[2]
    words = response.body[: 4 * MAX_REASON_CHARS].decode("utf-8", "replace")
    words = " ".join(words.replace(token, "…").replace(subscription.secret, "…").split())[:MAX_REASON_CHARS]
    return f": {words}" if words and words.isprintable() else "."


async def _answer(fetcher: Fetcher, hub: str, body: bytes, followed: FollowedFeed | None) -> tuple[str, Response]:
    """The answer, already closed, and the URL that it came from. Raises RequestError, HostPausedError, ValueError."""
    url = hub
    for _ in range(MAX_REDIRECTS + 1):
        response = await fetcher.client.request(
            url,
            method="POST",
            body=body,
            max_redirects=0,
            named=followed.named_by_operator if followed else STRANGERS,
            own=followed.own if followed else NOTHING_OWN,
            proven=False,
        )
        response.close()
        location = response.headers.get("Location")
        if response.status not in REPEATED or not location:
            return url, response
        url = urljoin(url, location)
    raise RequestError(f"More than {MAX_REDIRECTS} redirects.")
