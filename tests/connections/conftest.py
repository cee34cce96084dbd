"""The application on a free port, and WebSocket clients of it, for the tests of this folder."""

from __future__ import annotations

from tests.site import admission, role, settings, site
from tests.websockets import connect

__all__ = ["admission", "connect", "role", "settings", "site"]
