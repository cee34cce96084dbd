"""`/readyz`: whether this process can do its work. The public address has no reason, the admin address has."""

from __future__ import annotations

from typing import Final

from handlers.base import Handler
from handlers.site import Site
from timeline import TimelineError

STOPPING: Final = "This server is about to stop."
STARTING: Final = "This server has not started yet."


async def problem_of(site: Site) -> str | None:
    """The reason why this process cannot do its work; None if it can.

    A fetch node has no fan-out, and a web node does not poll: these are no problems.
    """
    if site.admission.is_closing:
        return STOPPING
    if site.is_starting:
        return STARTING
    for part in (site.polling, site.fanout, site.delivering):
        if part and part.trouble:
            return part.trouble
    try:
        await site.timeline.failing_count()
    except TimelineError as error:
        return str(error)
    return None


class Readiness(Handler):
    """200 while this process can serve readers and poll feeds, as far as that is its role; else 503."""

    is_large = False

    async def get(self) -> None:
        """Sends the status."""
        problem = await problem_of(self.site)
        self.set_status(503 if problem else 200)
        self.set_header("Cache-Control", "no-store")
        self.finish({"status": "failing" if problem else "ok"})
