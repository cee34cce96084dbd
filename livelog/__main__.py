"""`livelog`, the installed command, and `python -m livelog`, also in a checkout: both are `python server.py`.

The modules of Livelog import each other by their own names, such as `config`. Installed, they are in the folder
`program` of this package, where they hide no other module; in a checkout in the folder above.
"""

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def main() -> int:
    """Runs the program with the arguments of the process; returns its exit code."""
    program = _HERE / "program"
    sys.path.insert(0, str(program if program.exists() else _HERE.parent))
    import server

    return server.main(sys.argv[1:], "livelog")


if __name__ == "__main__":
    sys.exit(main())
