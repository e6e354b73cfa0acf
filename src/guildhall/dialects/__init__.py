"""Five documented HTTP APIs, each with its own credentials, envelope and words."""
