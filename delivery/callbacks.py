"""GET requests to the callbacks of subscribers: to verify their intent (WebSub §5.3), and to deny (§5.2)."""

from __future__ import annotations

import hmac
import secrets
from typing import Final
from urllib.parse import urlencode, urlsplit

from delivery.client import DeliveryClient
from delivery.subscriptions import Request
from delivery.target import Target
from outbound.client import STRANGERS, RequestError, Response
from outbound.host_limits import HostPausedError

_DENIAL: Final = "This feed is not distributed any more."


async def is_confirmed(client: DeliveryClient, target: Target, request: Request) -> bool:
    """Asks a callback whether it has sent a request: True if it returns the challenge."""
    challenge = secrets.token_urlsafe(32)
    fields = {"hub.mode": request.mode, "hub.topic": request.topic, "hub.challenge": challenge}
    if request.mode == "subscribe":
        fields["hub.lease_seconds"] = str(request.seconds)
    response = await _asked(client, target, request.callback, fields)
    if response is None or not 200 <= response.status < 300:
        return False
    return hmac.compare_digest(response.body, challenge.encode())


async def deny(client: DeliveryClient, target: Target, callback: str, topic: str) -> None:
    """Tells a callback that its subscription has ended, whatever it answers."""
    await _asked(client, target, callback, {"hub.mode": "denied", "hub.topic": topic, "hub.reason": _DENIAL})


async def _asked(client: DeliveryClient, target: Target, callback: str, fields: dict[str, str]) -> Response | None:
    """The answer, or None. Parameters of the callback stay (§5.3)."""
    url = f"{callback}{'&' if urlsplit(callback).query else '?'}{urlencode(fields)}"
    try:
        return await client.request(target, url, method="GET", named=STRANGERS)
    except (RequestError, HostPausedError):
        return None
