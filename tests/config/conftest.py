"""Texts to a configuration, for the tests of this folder."""

from __future__ import annotations

from tests.config.reading import problems, read

__all__ = ["problems", "read"]
