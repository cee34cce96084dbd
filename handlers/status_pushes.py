"""The subscriptions at WebSub hubs, as `/status` shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from config import Config
from feed_subscription import KIND
from feedstate import FeedState
from pages import status_pushes
from pages.status_pushes import PushRows
from timeline import Job, Timeline

MAX_SUBSCRIPTIONS: Final = 20_000


async def pushes(config: Config, timeline: Timeline, states: Mapping[str, FeedState]) -> PushRows:
    """The sources with a hub, of at most MAX_SUBSCRIPTIONS. Raises TimelineError."""
    found: list[Job] = []
    while len(found) < MAX_SUBSCRIPTIONS:
        jobs = await timeline.jobs(KIND, after=found[-1].id if found else "")
        if not jobs:
            break
        found += jobs
    # In a thread: the rows of thousands take a second.
    return await asyncio.to_thread(status_pushes.rows, config, states, found, timeline.now())
