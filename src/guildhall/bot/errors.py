"""Why a session with Discord ended by itself.

```
SessionOver
├── Refused      Discord does not want this bot as it is: somebody must change something
└── Away         Discord cannot be reached, or fails: the next try may go well
```
"""

from guildhall.domains.bot import Failure


class SessionOver(Exception):
    """A session with Discord has ended. The text is a sentence for an operator."""


class Refused(SessionOver):
    """Trying again changes nothing; `failure` says why for programs."""

    def __init__(self, words: str, failure: Failure = Failure.BROKEN) -> None:
        super().__init__(words)
        self.failure = failure


class Away(SessionOver):
    """It is worth another try after a while."""
