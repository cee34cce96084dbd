"""The installed Chromium."""

from __future__ import annotations

import shutil


def chromium() -> str | None:
    """Return the path of Chromium, or None. Debian's headless build is preferred: it takes a third less CPU."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")
