"""Numbers with a noun, for the log and the command line."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """`1 feed`, `2 feeds`: ``noun`` is a singular that takes an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
