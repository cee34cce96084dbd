"""config.example.yaml, which becomes config.yaml at the first start."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from config.messages import ConfigError

EXAMPLE: Final = "config.example.yaml"


def copy_example(name: str | os.PathLike[str]) -> bool:
    """Makes a configuration file that does not exist, if the example is beside it. Returns True if it did.

    Only a file called config.yaml is made: another name that does not exist is a mistake. Raises ConfigError.
    """
    path = Path(name)
    example = path.with_name(EXAMPLE)
    if path.name != "config.yaml" or os.path.lexists(path) or not example.is_file():
        return False
    try:
        text = example.read_bytes()
        # A file that was made in the meantime is the operator's, or another process's copy.
        with path.open("xb") as file:
            file.write(text)
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigError(f"{path}: cannot be made from {example}: {error.strerror or error}") from None
    return True
