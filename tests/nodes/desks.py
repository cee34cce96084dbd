"""What the newsroom publishes for these tests."""

from __future__ import annotations

import random

from demo.newsroom import Desk, Newsroom

WORDS = "<p>The council has met, and it has been decided that there will be a decision.</p>" * 3


def open_desks(newsroom: Newsroom, count: int, *, keep: int = 100) -> list[Desk]:
    """Some desks with nothing published yet."""
    return [newsroom.open_desk(f"/{n}.xml", title=f"Desk {n}", keep=keep) for n in range(count)]


def burst(desk: Desk, posts: int, corrections: int = 0) -> int:
    """Corrects the newest posts, and publishes some more; returns how many events these are."""
    corrected = desk.posts[:corrections]
    for post in corrected:
        desk.correct(post.guid, title=f"{post.title}, corrected")
    for _ in range(posts):
        desk.publish(title=f"{desk.title}: {random.randbytes(6).hex()}", html=WORDS)
    return len(corrected) + posts


def titles(*desks: Desk) -> list[str]:
    """The titles of all that these desks list, sorted."""
    return sorted(str(post.title) for desk in desks for post in desk.posts)
