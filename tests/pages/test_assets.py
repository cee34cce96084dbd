"""Assets of pages, as bundled and minified."""

from __future__ import annotations

import subprocess
import sys

from tests.livelog import ROOT


def test_a_process_that_serves_no_pages_loads_no_minifier() -> None:
    program = "import sys, app; print('pages.assets' in sys.modules, 'minify' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
