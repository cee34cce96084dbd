"""The part of many combinations that always runs; `make soak` has the others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest


def in_turn(first: Sequence[Any], *others: Sequence[Any]) -> list[Any]:
    """All combinations, for `parametrize`: each of the first runs with the next of the others, the rest in soak."""
    always = [(one, *(values[number % len(values)] for values in others)) for number, one in enumerate(first)]
    return [
        pytest.param(*combination, marks=() if combination in always else pytest.mark.soak)
        for combination in product(first, *others)
    ]
