"""Withdrawal without a tombstone: an entry that two whole documents in a row leave out, though they list older ones.

One such document can be an accident of the publisher's system. An entry without a date cannot be withdrawn like this:
it may have rolled off the end. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from feedstate import Mark, Marks


def compared(before: Mapping[str, Mark], listed: Mapping[str, Mark]) -> tuple[Marks, list[str]]:
    """The marks to keep of a whole document, and the ids of entries that it leaves out for the second time.

    ``before`` are the marks kept of the document before it.
    """
    oldest = min((mark.dated for mark in listed.values() if mark.dated), default=0)
    links = {mark.link for mark in listed.values() if mark.link}
    absent: dict[str, Mark] = {}
    gone: list[str] = []
    for entry_id, mark in before.items():
        rolled_off = not oldest or mark.dated <= oldest
        # The same link with another guid: the entry was renamed, not withdrawn.
        if entry_id in listed or rolled_off or mark.link in links:
            continue
        if mark.absent:
            gone.append(entry_id)
        else:
            absent[entry_id] = mark._replace(absent=True)
    return Marks({**listed, **absent}), gone
