"""The outside systems, each behind the port that a domain or the core declares for it."""
