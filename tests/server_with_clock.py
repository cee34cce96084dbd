"""`python server.py` by a clock that a file moves: `server_with_clock.py FILE [ARGUMENT …]`.

The file has the seconds that `time.time` is ahead. libfaketime 0.9.10 cannot move it: where it leaves monotonic
clocks alone, the `time.sleep` of Python fails with EINVAL.
"""

from __future__ import annotations

import runpy
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_real = time.time
_file: Path | None = None


def now() -> float:
    """Unix seconds by the moved clock, or by that of the machine in a process that did not `move` it."""
    return _real() + (float(_file.read_text(encoding="ascii")) if _file else 0.0)


def move(file: Path) -> None:
    """Moves `time.time` of this process by the seconds in a file, which is read at every call."""
    global _file
    _file, time.time = file, now


if __name__ == "__main__":
    # In the place of this folder, which has a redis.py.
    sys.path[0] = str(ROOT)
    # By its name: the parser's processes are sent the function, and import it.
    from tests import server_with_clock

    server_with_clock.move(Path(sys.argv.pop(1)))
    sys.argv[0] = str(ROOT / "server.py")
    runpy.run_path(sys.argv[0], run_name="__main__")
