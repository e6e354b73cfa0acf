"""What `guildhall demo` puts into an empty installation, so that there is something to look at."""

from guildhall.demo.desk import receive
from guildhall.demo.house import NotEmpty, fill
from guildhall.demo.voice import Stage, attend, wake

GOES_ON = "The demo goes on where it was left; everybody has the password that was shown at its first start."

__all__ = ["GOES_ON", "NotEmpty", "Stage", "attend", "fill", "receive", "wake"]
