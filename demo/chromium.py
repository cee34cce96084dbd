"""Chromium, as it is installed."""

from __future__ import annotations

import shutil


def chromium() -> str | None:
    """The program: Debian's without windows if it is there, which takes a third less CPU; None if there is none."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")
