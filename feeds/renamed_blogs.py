"""Blogs that were renamed: until the next poll of a feed, its state has their former names."""

from __future__ import annotations

from collections.abc import Mapping

from feedstate import FeedState
from timeline import Timeline


async def with_present_names(state: FeedState, aliases: Mapping[str, str], timeline: Timeline) -> FeedState:
    """The state of a feed that is about to be polled, with the present names of its blogs. Raises TimelineError.

    ``aliases`` are `config.Config.aliases`. A name under which the timeline has events is no former one: the blog of
    the other name had some of its own, so that they were left there (`EventLog.rename`), or a poll of an earlier
    configuration ended late. The feed is new to that blog then.
    """
    former = [blog for blog in state.blogs if blog in aliases]
    names = {blog: aliases[blog] for blog in former if not (await timeline.head(blog)).seq}
    return state.called(names) if names else state
