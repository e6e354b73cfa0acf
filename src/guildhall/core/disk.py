"""What it takes to have written a file."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make names that were just given or taken in a folder survive a loss of power; syncing a file does not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
