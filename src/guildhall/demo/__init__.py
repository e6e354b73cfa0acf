"""What `guildhall demo` puts into an empty installation, so that there is something to look at."""

from guildhall.demo.house import NotEmpty, fill
from guildhall.demo.voice import Stage, attend, unlock

__all__ = ["NotEmpty", "Stage", "attend", "fill", "unlock"]
