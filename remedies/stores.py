"""Remedies for the store, and for a process that begins or ends."""

from __future__ import annotations

from typing import Final

from remedies.advice import Advice, matching

_OF_STORE: Final = (
    (
        "disk is full|No space left",
        Advice(
            "disk_full",
            what="The disk of the store is full.",
            remedy="Free some space. Livelog then goes on by itself, and nothing is lost.",
        ),
    ),
    (
        "readonly|read-only|unable to open|Permission|cannot be written",
        Advice(
            "read_only",
            what="The store cannot be written.",
            remedy="Give the user of Livelog the right to write the database and its folder.",
        ),
    ),
    (
        "disk I/O|malformed|not a database",
        Advice(
            "disk_fails",
            what="The disk of the store fails.",
            remedy="Check disk and file system (dmesg). If the file is damaged, restore a backup.",
        ),
    ),
    (
        "OOM",
        Advice(
            "redis_memory",
            what="Redis has no memory left.",
            remedy="Raise maxmemory of Redis. Livelog then goes on by itself.",
        ),
    ),
    (
        "MISCONF",
        Advice(
            "redis_disk",
            what="Redis cannot write to its disk.",
            remedy="Free some space on the disk of Redis, and see its log.",
        ),
    ),
    (
        "READONLY|read only replica|MASTERDOWN|NOREPLICAS",
        Advice(
            "redis_replica",
            what="This Redis takes no writes.",
            remedy="Put the address of the primary Redis into store, or wait for the end of the fail-over.",
        ),
    ),
    (
        "password is wrong|NOAUTH|NOPERM|no permissions",
        Advice(
            "redis_login",
            what="Redis rejects the user name or the password.",
            remedy="Check both in store in config.yaml, and restart Livelog.",
        ),
    ),
    (
        "LOADING",
        Advice(
            "redis_loading",
            what="Redis is still reading its data.",
            remedy="Wait: Livelog then goes on by itself.",
        ),
    ),
    (
        "has not started yet",
        Advice(
            "starting",
            what="This server has not started yet.",
            remedy="Wait a moment.",
        ),
    ),
    (
        "about to stop",
        Advice(
            "stopping",
            what="This server is about to stop.",
            remedy="Readers are led to other nodes, or come back when it runs again.",
        ),
    ),
    (
        "met a bug",
        Advice(
            "bug",
            what="Livelog has a bug.",
            remedy="Restart it, and report the bug with the lines of the log.",
        ),
    ),
    (
        "rediss?://|Redis",
        Advice(
            "redis_away",
            what="Redis does not answer.",
            remedy="Start Redis, or check its address and the network. Livelog then goes on by itself.",
        ),
    ),
)
_STORE_FAILS: Final = Advice(
    "store",
    what="The store fails.",
    remedy="See the log. Livelog keeps trying.",
)


def for_store(problem: str) -> Advice:
    """The advice for a problem of this process: nearly always of its store."""
    return matching(_OF_STORE, problem) or _STORE_FAILS
