"""Outside services as programs, seen by real clients."""
