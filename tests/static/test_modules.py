"""The modules of static/ that need no browser, tested with Node: one test here for each file of theirs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.test.mjs")), ids=lambda file: file.name.partition(".")[0])
def test_module(file: Path) -> None:
    node = shutil.which("node")
    assert node, "Node is needed for this test: apt-get install nodejs"
    done = subprocess.run([node, "--test", file], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
