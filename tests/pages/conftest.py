"""The application on a free port, for the tests of this folder."""

from __future__ import annotations

from tests.site import admission, role, settings, site

__all__ = ["admission", "role", "settings", "site"]
